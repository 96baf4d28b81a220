#include "cli/train_report.h"

#include <fmt/format.h>

#include <utility>

namespace coseno::cli {

boost::json::object report_json(const TrainReport& report) {
  boost::json::object settings;
  for (const auto& [name, value] : report.settings) settings[name] = value;
  return {{"snapshot", report.snapshot},
          {"published", report.snapshot != 0},
          {"model", report.model},
          {"settings", std::move(settings)},
          {"position", report.position},
          {"ndcg", report.ndcg},
          {"ndcg_in_service", report.ndcg_in_service},
          {"ndcg_popularity", report.ndcg_popularity},
          {"seconds", report.seconds}};
}

std::string outcome_text(const TrainReport& report) {
  std::string text =
      fmt::format("NDCG@20 {:.4f}, popularity {:.4f}", report.ndcg, report.ndcg_popularity);
  if (report.ndcg_in_service > 0) {
    text += fmt::format(", in service {:.4f}", report.ndcg_in_service);
  }
  return text + (report.snapshot == 0
                     ? "\nnot put in service: it is worse than what is\n"
                     : fmt::format("\nin service as snapshot {}\n", report.snapshot));
}

}  // namespace coseno::cli
