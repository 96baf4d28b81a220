// coseno evaluate: how good each model is on what it has not seen.

#include "evaluation/evaluate.h"

#include <boost/json.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/table.h"
#include "cli/whole_number.h"
#include "evaluation/split.h"

namespace coseno::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno evaluate ratings.csv
  coseno evaluate ratings.csv --protocol temporal --fraction 0.1 --models popularity,item_knn
  coseno evaluate ua.base --test ua.test --relevant-from 4 --json
  coseno evaluate model.safetensors --test newer.csv --out lists.txt

Without --models, every model that can learn from the files. Lists leave out what a user had in
training; of equal scores the wrong items count first (docs/evaluation.md).)";

struct Arguments {
  SourceArguments source;
  std::string test;
  std::string protocol;
  std::optional<double> fraction;
  std::optional<int> folds;
  std::vector<std::string> models;
  std::size_t k = 10;
  std::string by = "score";
  std::optional<float> relevant_from;
  bool as_json = false;
  std::string out;

  EvaluateOptions options() const {
    EvaluateOptions options{.k = k};
    if (relevant_from) options.relevant_from = *relevant_from;
    if (by == "cosine") options.rank_by = RankBy::cosine;
    return options;
  }
};

// A model as it was judged, as the mean over the splits.
struct Row {
  std::string_view model;
  Metrics metrics = {};
  double fit_s = 0;  // 0: nothing was fitted
  double latency_p50_s = 0;
  double latency_p99_s = 0;
};

std::string protocol_name(const Arguments& arguments) {
  return arguments.protocol.empty() ? "random" : arguments.protocol;
}

SplitOptions split_options(const Arguments& arguments) {
  SplitOptions options{.seed = seed(arguments.source), .repeats = repeats(arguments.source)};
  options.protocol = protocol(protocol_name(arguments)).value_or(Protocol::random);
  options.fraction = arguments.fraction.value_or(options.fraction);
  options.folds = arguments.folds.value_or(options.folds);
  return options;
}

// What only one protocol reads must not be given with another, where it would do nothing.
Outcome<void> check_protocol(const Arguments& arguments) {
  const SplitOptions options = split_options(arguments);
  const bool has_fraction =
      options.protocol == Protocol::random || options.protocol == Protocol::temporal;
  if (arguments.fraction && !has_fraction) {
    return wrong_use("--fraction belongs to the protocols random and temporal");
  }
  if (arguments.folds && options.protocol != Protocol::k_fold) {
    return wrong_use("--folds belongs to --protocol k-fold");
  }
  if (!(options.fraction > 0 && options.fraction < 1)) {
    return wrong_use("--fraction must be above 0 and below 1, not {}", options.fraction);
  }
  return {};
}

Outcome<void> check_arguments(const Arguments& arguments) {
  COSENO_TRY(check_protocol(arguments));
  const SourceArguments& source = arguments.source;
  COSENO_TRY(
      check_standard_input({source.ratings, source.items, source.user_properties, arguments.test}));
  const bool has_one_model = arguments.models.size() == 1 || is_model_file(source.ratings);
  if (arguments.relevant_from && !std::isfinite(*arguments.relevant_from)) {
    return wrong_use("--relevant-from must be a finite number, not {}", *arguments.relevant_from);
  }
  if (!source.set.empty() && !has_one_model) {
    return wrong_use("--set needs --models with exactly one model");
  }
  if (!arguments.out.empty() && (!has_one_model || arguments.protocol == "k-fold")) {
    return wrong_use("--out needs exactly one model in --models, and one split");
  }
  if (arguments.out == "-") return wrong_use("--out must be a file: - is where the answer goes");
  return check_out(arguments.out,
                   {source.ratings, source.items, source.user_properties, arguments.test});
}

bool can_learn(const ModelInfo& model, const Split& split, const Arguments& arguments) {
  return (!model.needs_properties || !split.train.item_features.empty()) &&
         (!model.needs_ratings || split.train.matrix.has_values()) &&
         (model.has_vectors || arguments.by != "cosine");
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

Outcome<std::vector<const ModelInfo*>> named_models(const Arguments& arguments) {
  std::vector<const ModelInfo*> models;
  for (const std::string& name : arguments.models) {
    COSENO_ASSIGN(model, named_model(without_blanks(name)));
    if (std::ranges::find(models, model) != models.end()) {
      return wrong_use("--models has {} twice", model->name);
    }
    COSENO_TRY(check_by(arguments.by, *model));
    COSENO_TRY(settings_for(*model, arguments.source));
    models.push_back(model);
  }
  return models;
}

std::vector<const ModelInfo*> models_that_can_learn(const Split& split,
                                                    const Arguments& arguments) {
  std::vector<const ModelInfo*> models;
  for (const ModelInfo& model : all_models()) {
    if (can_learn(model, split, arguments)) models.push_back(&model);
  }
  return models;
}

Outcome<std::vector<Split>> read_splits(const Arguments& arguments, Session& session) {
  const SourceArguments& source = arguments.source;
  COSENO_ASSIGN(catalogs, read_catalogs(source, session));
  COSENO_ASSIGN(train, read_ratings(source.ratings, source, session));
  if (arguments.test.empty()) {
    COSENO_ASSIGN(splits,
                  make_splits(train, split_options(arguments), catalogs.items, catalogs.users));
    return std::move(splits);
  }
  COSENO_ASSIGN(test, read_ratings(arguments.test, source, session, train.users, train.items));
  COSENO_ASSIGN(
      split, given_split(std::move(train), test, repeats(source), catalogs.items, catalogs.users));
  std::vector<Split> splits;
  splits.push_back(std::move(split));
  return splits;
}

// Judged lists, a line a user.
Outcome<void> write_lists(const Evaluation& evaluation, const Dataset& train,
                          const std::string& out) {
  COSENO_TRY(check_one_word(train.items));
  COSENO_ASSIGN(file, AtomicFile::create(out));
  for (std::size_t u = 0; u < evaluation.lists.size(); ++u) {
    if (evaluation.lists[u].empty()) continue;
    const std::string_view user = train.users.id(static_cast<UserIndex>(u));
    COSENO_TRY(check_one_word("user", user));
    COSENO_TRY(file.write(user_line(user, evaluation.lists[u], train.items)));
  }
  COSENO_TRY(file.commit());
  return {};
}

// The rows of one model on several splits become one.
Row mean_row(std::span<const Row> rows) {
  Row result{.model = rows.front().model};
  std::vector<Metrics> metrics;
  for (const Row& row : rows) {
    metrics.push_back(row.metrics);
    const auto n = static_cast<double>(rows.size());
    result.fit_s += row.fit_s / n;
    result.latency_p50_s += row.latency_p50_s / n;
    result.latency_p99_s += row.latency_p99_s / n;
  }
  result.metrics = mean(metrics);
  return result;
}

Outcome<Row> judge(const Model& model, const Split& split, const Arguments& arguments,
                   Session& session) {
  COSENO_ASSIGN(evaluation,
                evaluate(model, split, arguments.options(), session.pool, session.progress));
  if (!arguments.out.empty()) COSENO_TRY(write_lists(evaluation, split.train, arguments.out));
  return Row{.model = model.name(),
             .metrics = evaluation.metrics,
             .latency_p50_s = evaluation.latency_p50_s,
             .latency_p99_s = evaluation.latency_p99_s};
}

Outcome<Row> fit_and_judge(const ModelInfo& info, const Split& split, const Arguments& arguments,
                           Session& session) {
  COSENO_ASSIGN(settings, settings_for(info, arguments.source));
  FitContext context{session.pool, session.progress, seed(arguments.source)};
  const auto start = std::chrono::steady_clock::now();
  COSENO_ASSIGN(model, info.fit(split.train, settings, context));
  const std::chrono::duration<double> fit_time = std::chrono::steady_clock::now() - start;
  COSENO_ASSIGN(row, judge(*model, split, arguments, session));
  row.model = info.name;
  row.fit_s = fit_time.count();
  return row;
}

Outcome<std::vector<Row>> evaluate_ratings(const Arguments& arguments, Session& session) {
  COSENO_ASSIGN(models, named_models(arguments));
  COSENO_ASSIGN(splits, read_splits(arguments, session));
  if (models.empty()) models = models_that_can_learn(splits.front(), arguments);
  if (models.empty()) {
    return failed("no model for --by {} can learn from {}", arguments.by, arguments.source.ratings);
  }
  std::vector<Row> rows;
  for (const ModelInfo* const model : models) {
    std::vector<Row> row_of_split;
    for (const Split& split : splits) {
      COSENO_ASSIGN(row, fit_and_judge(*model, split, arguments, session));
      row_of_split.push_back(row);
    }
    rows.push_back(mean_row(row_of_split));
  }
  return rows;
}

Interactions interactions_of(const Dataset& dataset) {
  Interactions interactions;
  interactions.users = dataset.users;
  interactions.items = dataset.items;
  interactions.has_values = dataset.matrix.has_values();
  for (std::size_t u = 0; u < dataset.matrix.n_users(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    for (const Interaction& seen : dataset.matrix.user(user)) interactions.add(user, seen);
  }
  return interactions;
}

Outcome<std::vector<Row>> evaluate_model_file(const Arguments& arguments, Session& session) {
  if (arguments.test.empty() || !arguments.models.empty()) {
    return wrong_use("{} is a fitted model: it needs --test, and no --models",
                     arguments.source.ratings);
  }
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultModel, arguments.by, session));
  const Dataset& known = source.fitted.dataset;
  COSENO_ASSIGN(test,
                read_ratings(arguments.test, arguments.source, session, known.users, known.items));
  COSENO_ASSIGN(split, given_split(interactions_of(known), test, RepeatRule::last, {}, {}));
  split.train.user_features =
      arguments.source.user_properties.empty()
          ? known.user_features
          : known.user_encoder.encode_all(source.catalogs.users, split.train.users);
  COSENO_ASSIGN(row, judge(*source.fitted.model, split, arguments, session));
  return std::vector<Row>{row};
}

std::string json_answer(std::span<const Row> rows, std::size_t k) {
  boost::json::array answer;
  for (const Row& row : rows) {
    boost::json::object object{{"model", row.model}, {"k", k}};
    for (const auto& [name, value] : named(row.metrics)) object[name] = value;
    object["n_users"] = row.metrics.n_users;
    object["n_ratings"] = row.metrics.n_ratings;
    if (row.metrics.n_ratings == 0) {  // a 0 would look like a perfect prediction
      object["rmse"] = nullptr;
      object["mae"] = nullptr;
    }
    object["fit_s"] = row.fit_s > 0 ? boost::json::value(row.fit_s) : nullptr;
    object["latency_p50_s"] = row.latency_p50_s;
    object["latency_p99_s"] = row.latency_p99_s;
    answer.push_back(std::move(object));
  }
  return json_text(answer) + "\n";
}

std::string metric_text(std::string_view name, double value, const Metrics& metrics) {
  const bool is_missing = metrics.n_ratings == 0 && (name == "rmse" || name == "mae");
  return is_missing ? "-" : fmt::format("{:.4f}", value);
}

std::string how_judged(const Arguments& arguments, std::size_t n_users) {
  const SplitOptions options = split_options(arguments);
  std::string text = fmt::format("{} users judged, lists of {}, ", n_users, arguments.k);
  if (!arguments.test.empty()) {
    text += fmt::format("held out: {}", arguments.test);
  } else {
    text += fmt::format("protocol {}", protocol_name(arguments));
    if (options.protocol == Protocol::k_fold) {
      text += fmt::format(", {} folds", options.folds);
    } else if (options.protocol != Protocol::leave_last_out) {
      text += fmt::format(", fraction {}", options.fraction);
    }
  }
  if (arguments.relevant_from) {
    text += fmt::format(", relevant from {}", *arguments.relevant_from);
  }
  return text + "\n\n";
}

std::string text_answer(std::span<const Row> rows, const Arguments& arguments) {
  using enum Table::Align;
  std::vector<Table::Column> columns{{"model", left}};
  for (const auto& [name, value] : named(rows.front().metrics)) {
    columns.push_back({std::string(name), right});
  }
  columns.push_back({"fit s", right});
  columns.push_back({"p50 ms", right});
  Table table(std::move(columns));
  for (const Row& row : rows) {
    std::vector<std::string> cells{std::string(row.model)};
    for (const auto& [name, value] : named(row.metrics)) {
      cells.push_back(metric_text(name, value, row.metrics));
    }
    cells.push_back(row.fit_s > 0 ? fmt::format("{:.2f}", row.fit_s) : "-");
    cells.push_back(fmt::format("{:.3f}", 1e3 * row.latency_p50_s));
    table.add_row(std::move(cells));
  }
  return how_judged(arguments, rows.front().metrics.n_users) + table.text();
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_arguments(arguments));
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(rows, is_model_file(arguments.source.ratings)
                          ? evaluate_model_file(arguments, session)
                          : evaluate_ratings(arguments, session));
  session.progress.clear();
  return write_text(
      "-", arguments.as_json ? json_answer(rows, arguments.k) : text_answer(rows, arguments));
}

void add_split_options(CLI::App& app, Arguments& arguments) {
  CLI::Option* const test =
      app.add_option("--test", arguments.test, "Held-out interactions in a file of their own")
          ->type_name("FILE");
  app.add_option("--protocol", arguments.protocol,
                 "What to hold out without --test; default random")
      ->type_name("NAME")
      ->check(CLI::IsMember({"random", "leave-last-out", "temporal", "k-fold"}))
      ->excludes(test);
  app.add_option("--fraction", arguments.fraction,
                 "Share held out by random and temporal; default 0.2")
      ->type_name("X")
      ->excludes(test);
  app.add_option("--folds", arguments.folds, "Parts of k-fold; default 5")
      ->type_name("N")
      ->check(whole_number(2, 100))
      ->excludes(test);
}

}  // namespace

Command add_evaluate(CLI::App& program) {
  CLI::App* const app =
      program.add_subcommand("evaluate", "Measures models on held-out interactions");
  const auto arguments = std::make_shared<Arguments>();
  add_split_options(*app, *arguments);
  app->add_option("--models", arguments->models, "Models to compare, separated by commas")
      ->type_name("NAME")
      ->delimiter(',')
      ->allow_extra_args(false);
  add_set_option(*app, arguments->source);
  add_k_option(*app, arguments->k);
  add_by_option(*app, arguments->by);
  app->add_option("--relevant-from", arguments->relevant_from,
                  "Smallest held-out value that is relevant; default: all are")
      ->type_name("X");
  app->add_flag("--json", arguments->as_json, "Answer in JSON");
  app->add_option("--out", arguments->out, "Where the judged lists of one model go")
      ->type_name("FILE");
  add_ratings_options(*app, arguments->source, "TRAIN");
  app->footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
