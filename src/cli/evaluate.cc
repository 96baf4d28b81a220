// coseno evaluate: how good each model is on what it has not seen.

#include "evaluation/evaluate.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/atomic_file.h"
#include "cli/command.h"
#include "cli/held_out_file.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/source.h"
#include "cli/table.h"
#include "cli/whole_number.h"
#include "evaluation/comparison.h"
#include "evaluation/split.h"

namespace coseno::cli {
namespace evaluate_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno evaluate ratings.csv
  coseno evaluate ratings.csv --protocol temporal --fraction 0.1 --models popularity,item_knn
  coseno evaluate ratings.csv --protocol strong --held-out-users 500 -k 100
  coseno evaluate train.txt --test test.txt --protocol lightgcn -k 20
  coseno evaluate clicks.tsv --test newer.tsv --protocol next-item -k 20
  coseno evaluate ua.base --test ua.test --relevant-from 4 --json
  coseno evaluate model.safetensors --test newer.csv --out lists.txt
  coseno evaluate ratings.csv --report report.html

Without --models, every model that can learn from the files; popularity, the yardstick, is judged
with any. Lists leave out what a user had in training, and no item is left out by drawing lots; of
equal scores the wrong items count first (docs/evaluation.md).)";

constexpr const char* kLightGcn = "lightgcn";  // what --test does, by its name in papers

struct Arguments {
  SourceArguments source;
  HeldOutArguments held_out;
  std::optional<double> fraction;
  std::optional<int> folds;
  std::optional<double> held_out_users;
  std::vector<std::string> models;
  std::size_t k = 10;
  std::string by = "score";
  std::optional<float> relevant_from;
  bool as_json = false;
  std::string out;
  std::string report;

  JudgeOptions options() const {
    JudgeOptions options{.evaluate = {.k = k, .rank_by = rank_by()},
                         .has_details = !report.empty(),
                         .keeps_lists = !out.empty()};
    if (relevant_from) options.evaluate.relevant_from = *relevant_from;
    return options;
  }
  RankBy rank_by() const { return by == "cosine" ? RankBy::cosine : RankBy::score; }
};

SplitOptions split_options(const Arguments& arguments) {
  SplitOptions options{.seed = seed(arguments.source), .repeats = repeats(arguments.source)};
  options.protocol = protocol(arguments.held_out.dividing_protocol()).value_or(Protocol::random);
  options.fraction = arguments.fraction.value_or(options.fraction);
  options.folds = arguments.folds.value_or(options.folds);
  options.held_out_users = arguments.held_out_users.value_or(options.held_out_users);
  return options;
}

// Papers that judge by LightGCN's protocol count every interaction of a given test file.
Outcome<void> check_given_test(const Arguments& arguments) {
  COSENO_TRY(check_held_out(arguments.held_out, "--test", kLightGcn));
  if (arguments.held_out.protocol == kLightGcn && arguments.relevant_from) {
    return wrong_use("--relevant-from excludes --protocol lightgcn: all held out is relevant");
  }
  return {};
}

// What only one protocol reads must not be given with another, where it would do nothing.
Outcome<void> check_protocol(const Arguments& arguments) {
  COSENO_TRY(check_given_test(arguments));
  const SplitOptions options = split_options(arguments);
  const bool has_fraction = options.protocol == Protocol::random ||
                            options.protocol == Protocol::temporal ||
                            options.protocol == Protocol::strong;
  if (arguments.fraction && !has_fraction) {
    return wrong_use("--fraction belongs to the protocols random, temporal and strong");
  }
  if (arguments.folds && options.protocol != Protocol::k_fold) {
    return wrong_use("--folds belongs to --protocol k-fold");
  }
  if (arguments.held_out_users && options.protocol != Protocol::strong) {
    return wrong_use("--held-out-users belongs to --protocol strong");
  }
  if (!(options.fraction > 0 && options.fraction < 1)) {
    return wrong_use("--fraction must be above 0 and below 1, not {}", options.fraction);
  }
  const double users = options.held_out_users;
  if (!(users > 0 && (users < 1 || users == std::floor(users)) && std::isfinite(users))) {
    return wrong_use("--held-out-users must be a whole number, or a share below 1, not {}", users);
  }
  return {};
}

Outcome<void> check_arguments(const Arguments& arguments) {
  COSENO_TRY(check_protocol(arguments));
  const SourceArguments& source = arguments.source;
  COSENO_TRY(check_standard_input(
      {source.ratings, source.items, source.user_properties, arguments.held_out.file}));
  const bool has_one_model = arguments.models.size() == 1 || is_model_file(source.ratings);
  if (arguments.relevant_from && !std::isfinite(*arguments.relevant_from)) {
    return wrong_use("--relevant-from must be a finite number, not {}", *arguments.relevant_from);
  }
  if (!source.set.empty() && !has_one_model) {
    return wrong_use("--set needs --models with exactly one model");
  }
  if (!arguments.out.empty() && (!has_one_model || arguments.held_out.protocol == "k-fold")) {
    return wrong_use("--out needs exactly one model in --models, and one split");
  }
  if (!arguments.out.empty() && arguments.held_out.is_next_item()) {
    return wrong_use("--out excludes --protocol next-item, which has many lists of a user");
  }
  if (arguments.out == "-") return wrong_use("--out must be a file: - is where the answer goes");
  if (arguments.report == "-") return wrong_use("--report must be a file: - is for the answer");
  if (!arguments.report.empty() && arguments.report == arguments.out) {
    return wrong_use("--out and --report must be two files");
  }
  for (const std::string& out : {arguments.out, arguments.report}) {
    COSENO_TRY(check_out(
        out, {source.ratings, source.items, source.user_properties, arguments.held_out.file}));
  }
  return {};
}

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

Outcome<std::vector<Contender>> named_models(const Arguments& arguments) {
  std::vector<Contender> named;
  for (const std::string& name : arguments.models) {
    COSENO_ASSIGN(model, named_model(without_blanks(name)));
    if (std::ranges::find(named, model, &Contender::info) != named.end()) {
      return wrong_use("--models has {} twice", model->name);
    }
    COSENO_TRY(check_by(arguments.by, *model));
    COSENO_ASSIGN(settings, settings_for(*model, arguments.source));
    named.push_back({model, std::move(settings), arguments.rank_by()});
  }
  return named;
}

// The judged lists of the one model that there is, a line a user, where they are asked for.
Outcome<void> write_lists(const Judged& judged, const Dataset& train, const std::string& out) {
  if (out.empty()) return {};
  COSENO_TRY(check_one_word(train.items));
  COSENO_ASSIGN(file, AtomicFile::create(out));
  for (std::size_t u = 0; u < judged.lists.size(); ++u) {
    if (judged.lists[u].empty()) continue;
    const std::string_view user = train.users.id(static_cast<UserIndex>(u));
    COSENO_TRY(check_one_word("user", user));
    COSENO_TRY(file.write(user_line(user, judged.lists[u], train.items)));
  }
  COSENO_TRY(file.commit());
  return {};
}

// The named models, or else all that can learn, and the yardstick.
Comparison compare_on(const Split& split, std::vector<Contender> named, const Arguments& arguments,
                      Session& session) {
  return {contenders_on(split, std::move(named), arguments.rank_by()), arguments.options(),
          seed(arguments.source), session.pool, session.progress};
}

Outcome<std::vector<Judged>> evaluate_on_test(Interactions train, const Catalogs& catalogs,
                                              std::vector<Contender> named,
                                              const Arguments& arguments, Session& session) {
  const SourceArguments& source = arguments.source;
  COSENO_ASSIGN(test,
                read_ratings(arguments.held_out.file, source, session, train.users, train.items));
  COSENO_ASSIGN(
      split, split_by_file(std::move(train), test, repeats(source), arguments.held_out, catalogs));
  Comparison comparison = compare_on(split, std::move(named), arguments, session);
  COSENO_TRY(comparison.add_split(split));
  std::vector<Judged> judged = comparison.judged();
  COSENO_TRY(write_lists(judged.front(), split.train, arguments.out));
  return judged;
}

Outcome<std::vector<Judged>> evaluate_by_protocol(Interactions train, const Catalogs& catalogs,
                                                  std::vector<Contender> named,
                                                  const Arguments& arguments, Session& session) {
  // A temporary: once planned, the rows are needed no more.
  COSENO_ASSIGN(maker, SplitMaker::plan(Interactions(std::move(train)), split_options(arguments),
                                        catalogs.items, catalogs.users));
  const Split first = maker.make(0);
  Comparison comparison = compare_on(first, std::move(named), arguments, session);
  COSENO_TRY(comparison.add_split(first));
  for (int i = 1; i < maker.n_splits(); ++i) COSENO_TRY(comparison.add_split(maker.make(i)));
  std::vector<Judged> judged = comparison.judged();
  COSENO_TRY(write_lists(judged.front(), first.train, arguments.out));
  return judged;
}

Outcome<std::vector<Judged>> evaluate_ratings(const Arguments& arguments, Session& session) {
  COSENO_ASSIGN(named, named_models(arguments));
  COSENO_ASSIGN(catalogs, read_catalogs(arguments.source, session));
  COSENO_ASSIGN(train, read_ratings(arguments.source.ratings, arguments.source, session));
  return arguments.held_out.file.empty()
             ? evaluate_by_protocol(std::move(train), catalogs, std::move(named), arguments,
                                    session)
             : evaluate_on_test(std::move(train), catalogs, std::move(named), arguments, session);
}

Outcome<std::vector<Judged>> evaluate_model_file(const Arguments& arguments, Session& session) {
  if (arguments.held_out.file.empty() || !arguments.models.empty()) {
    return wrong_use("{} is a fitted model: it needs --test, and no --models",
                     arguments.source.ratings);
  }
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultModel, arguments.by, session));
  const Dataset& known = source.fitted.dataset;
  COSENO_ASSIGN(test, read_ratings(arguments.held_out.file, arguments.source, session, known.users,
                                   known.items));
  COSENO_ASSIGN(
      split, split_by_file(interactions_of(known), test, RepeatRule::last, arguments.held_out, {}));
  split.train.user_features =
      arguments.source.user_properties.empty()
          ? known.user_features
          : known.user_encoder.encode_all(source.catalogs.users, split.train.users);
  const Model& model = *source.fitted.model;
  COSENO_ASSIGN(judged, judge(model, split, arguments.options(), session.pool, session.progress));
  COSENO_TRY(write_lists(judged, split.train, arguments.out));
  std::vector<Judged> rows{judged};
  if (model.name() != yardstick().info->name) {
    Comparison popularity({yardstick()}, arguments.options(), seed(arguments.source), session.pool,
                          session.progress);
    COSENO_TRY(popularity.add_split(split));
    rows.push_back(popularity.judged().front());
  }
  return rows;
}

std::string json_answer(std::span<const Judged> rows, std::size_t k) {
  boost::json::array answer;
  for (const Judged& row : rows) {
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

// "protocol strong, fraction 0.2, held-out users 0.1"
std::string protocol_text(const Arguments& arguments) {
  if (!arguments.held_out.file.empty()) return arguments.held_out.text();
  const SplitOptions options = split_options(arguments);
  std::string text = "protocol " + arguments.held_out.dividing_protocol();
  if (options.protocol == Protocol::k_fold) {
    text += fmt::format(", {} folds", options.folds);
  } else if (options.protocol != Protocol::leave_last_out) {
    text += fmt::format(", fraction {}", options.fraction);
  }
  if (options.protocol == Protocol::strong) {
    text += fmt::format(", held-out users {}", options.held_out_users);
  }
  return text;
}

std::string how_judged(const Arguments& arguments, std::size_t n_users) {
  std::string text =
      fmt::format("{} {} judged, lists of {}, {}", n_users, arguments.held_out.judged(),
                  arguments.k, protocol_text(arguments));
  if (arguments.relevant_from) {
    text += fmt::format(", relevant from {}", *arguments.relevant_from);
  }
  return text;
}

std::string text_answer(std::span<const Judged> rows, const Arguments& arguments) {
  using enum Table::Align;
  std::vector<Table::Column> columns{{"model", left}};
  for (const auto& [name, value] : named(rows.front().metrics)) {
    columns.push_back({std::string(name), right});
  }
  columns.push_back({"fit s", right});
  columns.push_back({"p50 ms", right});
  Table table(std::move(columns));
  for (const Judged& row : rows) {
    std::vector<std::string> cells{std::string(row.model)};
    for (const auto& [name, value] : named(row.metrics)) {
      cells.push_back(metric_text(name, value, row.metrics));
    }
    cells.push_back(row.fit_s > 0 ? fmt::format("{:.2f}", row.fit_s) : "-");
    cells.push_back(fmt::format("{:.3f}", 1e3 * row.latency_p50_s));
    table.add_row(std::move(cells));
  }
  return how_judged(arguments, rows.front().metrics.n_users) + "\n\n" + table.text();
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_arguments(arguments));
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(rows, is_model_file(arguments.source.ratings)
                          ? evaluate_model_file(arguments, session)
                          : evaluate_ratings(arguments, session));
  session.progress.clear();
  if (!arguments.report.empty()) {
    const ReportText text{.data = arguments.source.ratings,
                          .how = how_judged(arguments, rows.front().metrics.n_users),
                          .k = arguments.k};
    COSENO_TRY(write_text(arguments.report, report_page(text, rows)));
  }
  return write_text(
      "-", arguments.as_json ? json_answer(rows, arguments.k) : text_answer(rows, arguments));
}

void add_split_options(CommandLine& app, Arguments& arguments) {
  const OptionRef test = app.add_option("--test", arguments.held_out.file,
                                        "Held-out interactions in a file of their own")
                             .type_name("FILE");
  app.add_option("--protocol", arguments.held_out.protocol,
                 "What to hold out; default random, or lightgcn with --test; next-item: every act "
                 "of --test in turn")
      .type_name("NAME")
      .is_member({"random", "leave-last-out", "leave-one-out", "temporal", "k-fold", "strong",
                  kLightGcn, kNextItem});
  add_hide_seen_option(app, arguments.held_out);
  app.add_option("--fraction", arguments.fraction,
                 "Share held out by random, temporal and, of each held-out user, strong; default "
                 "0.2")
      .type_name("X")
      .excludes(test);
  app.add_option("--folds", arguments.folds, "Parts of k-fold; default 5")
      .type_name("N")
      .check(whole_number(2, 100))
      .excludes(test);
  app.add_option("--held-out-users", arguments.held_out_users,
                 "Users that strong keeps from training, or below 1 their share; default 0.1")
      .type_name("N")
      .excludes(test);
}

}  // namespace
}  // namespace evaluate_command

Command add_evaluate(CommandLine& program) {
  using namespace evaluate_command;
  CommandLine app = program.add_subcommand("evaluate", "Measures models on held-out interactions");
  const auto arguments = std::make_shared<Arguments>();
  add_split_options(app, *arguments);
  app.add_option("--models", arguments->models,
                 "Models to compare with popularity, separated by commas")
      .type_name("NAME")
      .delimiter(',')
      .allow_extra_args(false);
  add_set_option(app, arguments->source);
  add_k_option(app, arguments->k);
  add_by_option(app, arguments->by);
  app.add_option("--relevant-from", arguments->relevant_from,
                 "Smallest held-out value that is relevant; default: all are")
      .type_name("X");
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.add_option("--out", arguments->out, "Where the judged lists of one model go")
      .type_name("FILE");
  app.add_option("--report", arguments->report, "A page of charts to write, in HTML")
      .type_name("FILE");
  add_ratings_options(app, arguments->source, "TRAIN");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
