// coseno replay: what freshness is worth, event by event.

#include "engine/replay.h"

#include <boost/json.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/table.h"
#include "cli/whole_number.h"
#include "evaluation/auto_model.h"

namespace coseno::cli {
namespace replay_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno replay ratings.csv --model ease
  coseno replay events.jsonl --retrain-every 1000 -k 20 --json

The events are taken in the order of time. The first half is learnt from; of each later event, the
item's rank in a list for its user is looked up, and then the event is observed. `frozen` knows what
was known when the first half ended, `retrained` learns anew after every tenth, `live` has the models
of the first half with histories and counts of the moment (docs/evaluation.md).)";

struct Arguments {
  SourceArguments source;
  std::size_t k = 10;
  std::optional<double> warm_up;
  std::optional<std::size_t> retrain_every;
  bool as_json = false;
};

Outcome<ReplayOptions> replay_options(const Arguments& arguments, std::size_t n_events) {
  ReplayOptions options;
  options.k = arguments.k;
  options.warm_up = arguments.warm_up.value_or(options.warm_up);
  if (!(options.warm_up > 0 && options.warm_up < 1)) {
    return wrong_use("--warm-up must be above 0 and below 1, not {}", options.warm_up);
  }
  if (arguments.retrain_every) {
    options.retrain_every =
        std::min(1.0, static_cast<double>(*arguments.retrain_every) /
                          static_cast<double>(std::max<std::size_t>(n_events, 1)));
  }
  COSENO_ASSIGN(info, named_model(arguments.source.model.empty() ? auto_model().name
                                                                 : arguments.source.model));
  COSENO_ASSIGN(settings, settings_for(*info, arguments.source));
  options.training.model = info->name;
  if (info != &auto_model()) options.training.settings.insert(settings.begin(), settings.end());
  options.training.seconds = arguments.source.seconds.value_or(options.training.seconds);
  options.engine.seed = seed(arguments.source);
  return options;
}

boost::json::object metrics_json(const ReplayMetrics& metrics) {
  return {{"n_judged", metrics.n_judged},
          {"recall", metrics.recall},
          {"mrr", metrics.mrr},
          {"ndcg", metrics.ndcg}};
}

std::string json_answer(std::span<const ReplayResult> results, const ReplayOptions& options) {
  boost::json::array rows;
  for (const ReplayResult& result : results) {
    boost::json::object row = metrics_json(result.all);
    boost::json::array windows;
    for (const ReplayMetrics& window : result.windows) windows.push_back(metrics_json(window));
    row["name"] = result.name;
    row["windows"] = std::move(windows);
    row["rank_p50_s"] = result.rank_p50_s;
    row["rank_p99_s"] = result.rank_p99_s;
    row["observe_p50_s"] = result.observe_p50_s;
    row["observe_p99_s"] = result.observe_p99_s;
    row["n_trainings"] = result.n_trainings;
    row["training_s"] = result.training_s;
    rows.push_back(std::move(row));
  }
  return json_text(boost::json::object{{"k", options.k}, {"results", std::move(rows)}}) + "\n";
}

// "-" where nothing was measured.
std::string micros(double seconds) {
  return seconds > 0 ? fmt::format("{:.1f}", seconds * 1e6) : "-";
}

std::string text_answer(std::span<const ReplayResult> results, const ReplayOptions& options) {
  using enum Table::Align;
  Table table({{"", left},
               {fmt::format("recall@{}", options.k), right},
               {"MRR", right},
               {fmt::format("NDCG@{}", options.k), right},
               {"first fifth", right},
               {"last fifth", right},
               {"rank p50 us", right},
               {"p99", right},
               {"observe p50 us", right},
               {"p99", right},
               {"trainings", right},
               {"s", right}});
  for (const ReplayResult& result : results) {
    const auto fifth = [&](std::size_t from) {
      double sum = 0;
      std::size_t n = 0;
      for (std::size_t w = from; w < from + result.windows.size() / 5; ++w) {
        sum += result.windows[w].ndcg * static_cast<double>(result.windows[w].n_judged);
        n += result.windows[w].n_judged;
      }
      return fmt::format("{:.4f}", n > 0 ? sum / static_cast<double>(n) : 0);
    };
    const std::size_t n_windows = result.windows.size();
    table.add_row({result.name, fmt::format("{:.4f}", result.all.recall),
                   fmt::format("{:.4f}", result.all.mrr), fmt::format("{:.4f}", result.all.ndcg),
                   fifth(0), fifth(n_windows - n_windows / 5), micros(result.rank_p50_s),
                   micros(result.rank_p99_s), micros(result.observe_p50_s),
                   micros(result.observe_p99_s), fmt::format("{}", result.n_trainings),
                   fmt::format("{:.1f}", result.training_s)});
  }
  return fmt::format("{} events judged; fifths: NDCG@{}\n\n{}", results.front().all.n_judged,
                     options.k, table.text());
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_standard_input({arguments.source.ratings}));
  if (is_model_file(arguments.source.ratings)) {
    return wrong_use("{} is a fitted model; replay needs events", arguments.source.ratings);
  }
  if (!arguments.source.items.empty() || !arguments.source.user_properties.empty()) {
    return wrong_use("--items and --user-properties have no effect on a replay");
  }
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(events, read_ratings(arguments.source.ratings, arguments.source, session));
  if (!events.has_times) {
    return failed("{}: replay needs the times of events", arguments.source.ratings);
  }
  COSENO_ASSIGN(options, replay_options(arguments, events.size()));
  COSENO_ASSIGN(results, replay(events, options, session.pool, session.progress));
  session.progress.clear();
  return write_text(
      "-", arguments.as_json ? json_answer(results, options) : text_answer(results, options));
}

}  // namespace
}  // namespace replay_command

Command add_replay(CommandLine& program) {
  using namespace replay_command;
  CommandLine app =
      program.add_subcommand("replay", "Measures what freshness is worth, event by event");
  const auto arguments = std::make_shared<Arguments>();
  add_k_option(app, arguments->k);
  app.add_option("--warm-up", arguments->warm_up,
                 "Share of the events that is only learnt from; default 0.5")
      .type_name("SHARE");
  app.add_option("--retrain-every", arguments->retrain_every,
                 "Events between two trainings; default a tenth of all")
      .type_name("N")
      .check(whole_number(1));
  add_model_option(app, arguments->source, auto_model().name);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  add_ratings_options(app, arguments->source, "EVENTS");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
