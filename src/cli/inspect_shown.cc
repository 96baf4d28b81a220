#include "cli/inspect_shown.h"

#include <boost/json.hpp>

#include <utility>

#include "base/atomic_file.h"
#include "base/interrupt.h"
#include "cli/json_text.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace coseno::cli {
namespace {

std::string json_line(const ShownList& list) {
  boost::json::object json{{"time_ms", list.time_ms}};
  if (!list.user.empty()) json["user"] = list.user;
  json["position"] = list.position;
  json["snapshot"] = list.snapshot;
  json["exploration"] = list.exploration;
  json["seed"] = list.seed;
  boost::json::array items;
  for (const RecommendedItem& item : list.items) {
    items.push_back(
        {{"item", item.item}, {"score", shortest(item.score)}, {"propensity", item.propensity}});
  }
  json["items"] = std::move(items);
  return json_text(json) + "\n";
}

// "2026-02-28T23:59:59Z  ann  snapshot 2  tea 0.31, jam 0.52": each item with its propensity.
std::string text_line(const ShownList& list) {
  std::string items;
  for (const RecommendedItem& item : list.items) {
    items += fmt::format("{}{} {:.3f}", items.empty() ? "" : ", ", printable(item.item),
                         item.propensity);
  }
  return fmt::format("{}  {}  snapshot {}  {}\n", time_text(list.time_ms),
                     list.user.empty() ? "(no user)" : printable(list.user), list.snapshot, items);
}

}  // namespace

Outcome<void> inspect_shown(const Engine& engine, const std::string& user, bool as_json) {
  COSENO_ASSIGN(file, AtomicFile::create("-"));
  Result<void> written;
  COSENO_TRY(engine.scan_shown([&](const ShownList& list) {
    if (!user.empty() && list.user != user) return !interrupted();
    written = file.write(as_json ? json_line(list) : text_line(list));
    return written.has_value() && !interrupted();
  }));
  COSENO_TRY(written);
  if (interrupted()) return std::unexpected(Failure(kInterrupted, "interrupted"));
  COSENO_TRY(file.commit());
  return {};
}

}  // namespace coseno::cli
