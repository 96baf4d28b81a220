// coseno tune: good options of a model, found by trying them on a part of the data.

#include "evaluation/tune.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "cli/command.h"
#include "cli/held_out_file.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/table.h"
#include "cli/tune_state.h"
#include "cli/whole_number.h"
#include "evaluation/comparison.h"
#include "evaluation/split.h"

namespace coseno::cli {
namespace tune_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno tune ratings.csv --model item_knn
  coseno tune ratings.csv --model ials --set dim=64 --trials 100 --seconds 600
  coseno tune ratings.csv --model ials --protocol temporal --state ials.jsonl
  coseno tune ratings.csv --model item_knn --relevant-from 4 -k 20 --json
  coseno tune train.tsv --valid newer.tsv --model session_knn --protocol next-item -k 20

The first trial is the defaults; then come random options, then the neighbourhood of the best. What
--set says is not searched. With --state, the same command goes on where an earlier one ended. Tune
on the training file alone: a test file must not have a say (docs/tuning.md).)";

constexpr std::size_t kRowsShown = 10;

struct Arguments {
  SourceArguments source;
  HeldOutArguments held_out;
  std::optional<double> fraction;
  std::size_t n_trials = TuneOptions().n_trials;
  std::optional<double> seconds;
  std::size_t k = 10;
  std::optional<float> relevant_from;
  std::size_t max_users = 10000;
  std::string state;
  bool as_json = false;
};

SplitOptions split_options(const Arguments& arguments) {
  SplitOptions options{.seed = seed(arguments.source), .repeats = repeats(arguments.source)};
  options.protocol = protocol(arguments.held_out.dividing_protocol()).value_or(options.protocol);
  options.fraction = arguments.fraction.value_or(options.fraction);
  return options;
}

TuneOptions tune_options(const Arguments& arguments, Settings fixed) {
  TuneOptions options{.fixed = std::move(fixed),
                      .n_trials = arguments.n_trials,
                      .seed = seed(arguments.source),
                      .k = arguments.k};
  options.seconds = arguments.seconds.value_or(options.seconds);
  options.relevant_from = arguments.relevant_from.value_or(options.relevant_from);
  return options;
}

Outcome<void> check_arguments(const Arguments& arguments) {
  const SourceArguments& source = arguments.source;
  COSENO_TRY(check_standard_input(
      {source.ratings, source.items, source.user_properties, arguments.held_out.file}));
  COSENO_TRY(check_held_out(arguments.held_out, "--valid"));
  const SplitOptions options = split_options(arguments);
  if (arguments.fraction && options.protocol == Protocol::leave_last_out) {
    return wrong_use("--fraction belongs to the protocols random and temporal");
  }
  if (!(options.fraction > 0 && options.fraction < 1)) {
    return wrong_use("--fraction must be above 0 and below 1, not {}", options.fraction);
  }
  if (arguments.seconds && !(*arguments.seconds > 0)) {
    return wrong_use("--seconds must be above 0, not {}", *arguments.seconds);
  }
  if (arguments.relevant_from && !std::isfinite(*arguments.relevant_from)) {
    return wrong_use("--relevant-from must be a finite number, not {}", *arguments.relevant_from);
  }
  if (arguments.state == "-") return wrong_use("--state must be a file, which - is not");
  if (is_model_file(source.ratings)) {
    return wrong_use("{} is a fitted model; tune needs what it was fitted on", source.ratings);
  }
  return {};
}

// A model without options that a search could vary is told before anything is read.
Outcome<void> check_searchable(const ModelInfo& model, const Settings& fixed) {
  for (const OptionInfo& option : model.options()) {
    if (option.search && !fixed.contains(option.name)) return {};
  }
  return wrong_use("{} has {} to tune", model.name,
                   fixed.empty() ? "no option" : "no option beside those of --set");
}

// What decides the trials. Not --trials and --seconds: more may be asked of the same search.
boost::json::object state_header(const ModelInfo& model, const Split& split,
                                 const TuneOptions& options) {
  boost::json::object fixed;
  for (const auto& [name, value] : options.fixed) fixed[name] = value;
  boost::json::object header{{"coseno_tune", 1},
                             {"model", model.name},
                             {"set", std::move(fixed)},
                             {"seed", options.seed},
                             {"k", options.k}};
  const bool all_are_relevant = options.relevant_from == TuneOptions().relevant_from;
  // As text, because Boost may read another double than it wrote.
  header["relevant_from"] = all_are_relevant ? "all" : fmt::format("{}", options.relevant_from);
  header["data"] = fmt::format("{:016x}", fingerprint(split));
  return header;
}

// What came of a search.
struct Tuned {
  std::vector<Trial> trials;
  std::size_t n_users;               // judged
  bool is_stopped;                   // by Ctrl-C
  std::optional<Judged> popularity;  // none where stopped
};

Outcome<Tuned> search(const ModelInfo& model, const Split& split, const Arguments& arguments,
                      const TuneOptions& options, Session& session) {
  COSENO_ASSIGN(tuner, Tuner::plan(model, split, options));
  std::optional<TuneState> state;
  if (!arguments.state.empty()) {
    COSENO_ASSIGN(opened, TuneState::open(arguments.state, state_header(model, split, options)));
    state = std::move(opened);
    for (Trial& trial : state->trials()) COSENO_TRY(tuner.resume(std::move(trial)));
  }
  Tuned tuned{};
  while (true) {
    const Result<bool> made = tuner.next(session.pool, session.progress);
    tuned.is_stopped = !made && made.error().code == ErrorCode::cancelled;
    if (tuned.is_stopped) break;
    if (!made) return std::unexpected(Failure(made.error()));
    if (!*made) break;
    if (state) COSENO_TRY(state->append(tuner.trials().back()));
  }
  tuned.trials.assign(tuner.trials().begin(), tuner.trials().end());
  return tuned;
}

Outcome<Judged> judge_popularity(const Split& split, const TuneOptions& options, Session& session) {
  const JudgeOptions judging{.evaluate = {.k = options.k, .relevant_from = options.relevant_from}};
  Comparison comparison({yardstick()}, judging, options.seed, session.pool, session.progress);
  COSENO_TRY(comparison.add_split(split));
  return comparison.judged().front();
}

Outcome<Split> validation_split(Interactions ratings, const Catalogs& catalogs,
                                const Arguments& arguments, Session& session) {
  if (!arguments.held_out.file.empty()) {
    COSENO_ASSIGN(valid, read_ratings(arguments.held_out.file, arguments.source, session,
                                      ratings.users, ratings.items));
    COSENO_ASSIGN(split, split_by_file(std::move(ratings), valid, repeats(arguments.source),
                                       arguments.held_out, catalogs));
    return split;
  }
  // A temporary: once planned, the rows are needed no more.
  COSENO_ASSIGN(maker, SplitMaker::plan(Interactions(std::move(ratings)), split_options(arguments),
                                        catalogs.items, catalogs.users));
  return maker.make(0);
}

Outcome<Tuned> tune_ratings(const ModelInfo& model, const Arguments& arguments,
                            const TuneOptions& options, Session& session) {
  COSENO_ASSIGN(catalogs, read_catalogs(arguments.source, session));
  COSENO_ASSIGN(ratings, read_ratings(arguments.source.ratings, arguments.source, session));
  COSENO_ASSIGN(split, validation_split(std::move(ratings), catalogs, arguments, session));
  const std::size_t n_users =
      limit_judged_users(split, arguments.max_users, options.relevant_from, options.seed);
  COSENO_ASSIGN(tuned, search(model, split, arguments, options, session));
  tuned.n_users = n_users;
  if (!tuned.is_stopped) {
    COSENO_ASSIGN(popularity, judge_popularity(split, options, session));
    tuned.popularity = popularity;
  }
  return tuned;
}

// Numbers of the trials, best first; those that failed are last.
std::vector<std::size_t> ranked(std::span<const Trial> trials) {
  std::vector<std::size_t> order(trials.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) {
    return std::pair(!trials[i].trouble.empty(), -trials[i].ndcg);
  });
  return order;
}

std::string json_answer(const Tuned& tuned, const ModelInfo& model, const Arguments& arguments) {
  boost::json::array trials;
  for (const Trial& trial : tuned.trials) trials.push_back(trial_json(trial));
  boost::json::object answer{{"model", model.name}, {"k", arguments.k}, {"n_users", tuned.n_users}};
  answer["best"] = trial_json(*best_of(tuned.trials));
  answer["popularity_ndcg"] = tuned.popularity
                                  ? boost::json::value(tuned.popularity->metrics.list.ndcg)
                                  : boost::json::value();
  answer["trials"] = std::move(trials);
  return json_text(answer) + "\n";
}

Table trial_table(const Tuned& tuned) {
  using enum Table::Align;
  std::vector<Table::Column> columns{
      {"trial", right}, {"", left}, {"ndcg", right}, {"fit s", right}};
  for (const auto& [name, value] : tuned.trials.front().settings) columns.push_back({name, right});
  Table table(std::move(columns));
  const std::vector<std::size_t> order = ranked(tuned.trials);
  for (std::size_t place = 0; place < order.size(); ++place) {
    const bool is_default = order[place] == 0;
    if (place >= kRowsShown && !is_default) continue;
    const Trial& trial = tuned.trials[order[place]];
    std::vector<std::string> cells{
        fmt::format("{}", order[place] + 1), is_default ? "defaults" : "",
        trial.trouble.empty() ? fmt::format("{:.4f}", trial.ndcg) : "failed",
        fmt::format("{:.2f}", trial.fit_s)};
    for (const auto& [name, value] : trial.settings) cells.push_back(value);
    table.add_row(std::move(cells));
  }
  return table;
}

// "protocol random, fraction 0.2"
std::string protocol_text(const Arguments& arguments) {
  if (!arguments.held_out.file.empty()) return arguments.held_out.text();
  const SplitOptions split = split_options(arguments);
  std::string text = "protocol " + arguments.held_out.dividing_protocol();
  if (split.protocol != Protocol::leave_last_out) {
    text += fmt::format(", fraction {}", split.fraction);
  }
  return text;
}

std::string text_answer(const Tuned& tuned, const ModelInfo& model, const Arguments& arguments) {
  const Trial& best = *best_of(tuned.trials);
  std::string text = fmt::format(
      "{} trials of {}, {} {} judged, lists of {}, {}", tuned.trials.size(), model.name,
      tuned.n_users, arguments.held_out.judged(), arguments.k, protocol_text(arguments));
  if (arguments.relevant_from) text += fmt::format(", relevant from {}", *arguments.relevant_from);
  text += "\n\n" + trial_table(tuned).text();
  if (tuned.popularity) {
    text += fmt::format("\nPopularity has {:.4f}.\n", tuned.popularity->metrics.list.ndcg);
  }
  return text + fmt::format("\nBest:\n  {}\n", model_arguments(model.name, best.settings));
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_arguments(arguments));
  COSENO_ASSIGN(model, named_model(arguments.source.model));
  COSENO_ASSIGN(fixed, settings_for(*model, arguments.source));
  COSENO_TRY(check_searchable(*model, fixed));
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(tuned, tune_ratings(*model, arguments, tune_options(arguments, fixed), session));
  session.progress.clear();
  if (best_of(tuned.trials) == nullptr) {
    if (tuned.is_stopped) return std::unexpected(Failure(kInterrupted, "interrupted"));
    return failed("every trial failed; the first: {}", tuned.trials.front().trouble);
  }
  COSENO_TRY(write_text("-", arguments.as_json ? json_answer(tuned, *model, arguments)
                                               : text_answer(tuned, *model, arguments)));
  if (tuned.is_stopped) return std::unexpected(Failure(kInterrupted, "interrupted"));
  return {};
}

void add_search_options(CommandLine& app, Arguments& arguments) {
  app.add_option("--trials", arguments.n_trials, "Sets of options to try at most; default 40")
      .type_name("N")
      .check(whole_number(1, 100000));
  app.add_option("--seconds", arguments.seconds,
                 "Begins no trial that would likely end later; default: no limit")
      .type_name("S");
  app.add_option("--max-users", arguments.max_users,
                 "Users to judge by at most, drawn by lot; default 10000")
      .type_name("N")
      .check(whole_number(1));
  app.add_option("--state", arguments.state,
                 "Keeps the trials in this file, and goes on from those that it has")
      .type_name("FILE");
}

void add_judging_options(CommandLine& app, Arguments& arguments) {
  const OptionRef valid = app.add_option("--valid", arguments.held_out.file,
                                         "Judges by this file in place of a part of TRAIN")
                              .type_name("FILE");
  app.add_option("--protocol", arguments.held_out.protocol,
                 "What of TRAIN to judge by; default random; next-item: every act of --valid in "
                 "turn")
      .type_name("NAME")
      .is_member({"random", "leave-last-out", "leave-one-out", "temporal", kNextItem});
  add_hide_seen_option(app, arguments.held_out);
  app.add_option("--fraction", arguments.fraction,
                 "Share judged by, of random and temporal; default 0.2")
      .type_name("X")
      .excludes(valid);
  add_k_option(app, arguments.k);
  app.add_option("--relevant-from", arguments.relevant_from,
                 "Smallest held-out value that is relevant; default: all are")
      .type_name("X");
}

}  // namespace
}  // namespace tune_command

Command add_tune(CommandLine& program) {
  using namespace tune_command;
  CommandLine app = program.add_subcommand("tune", "Finds good options of a model");
  const auto arguments = std::make_shared<Arguments>();
  app.add_option("--model", arguments->source.model, "Model to tune (coseno models lists them)")
      .type_name("NAME")
      .required();
  add_set_option(app, arguments->source);
  add_search_options(app, *arguments);
  add_judging_options(app, *arguments);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  add_ratings_options(app, arguments->source, "TRAIN");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
