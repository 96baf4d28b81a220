// coseno similar: items like an item.

#include <boost/json.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/ranking_text.h"
#include "cli/recommend_from_folder.h"
#include "cli/recommendations_text.h"
#include "cli/source.h"
#include "cli/table.h"
#include "engine/answer_json.h"

namespace coseno::cli {
namespace similar_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno similar ratings.csv --item 50
  coseno similar ratings.csv --item 50 -k 5 --items movies.csv
  coseno similar ratings.csv --item 50 --items movies.csv --model content --json
  coseno similar data --item 50 --filter '{"equals": {"genre": "Drama"}}')";

struct Arguments {
  SourceArguments source;
  std::string item;
  std::size_t k = 10;
  bool as_json = false;
  std::string filter;
};

std::string note(const Arguments& arguments) {
  return fmt::format("nothing is known that is like item {}", arguments.item);
}

std::string json_answer(const Arguments& arguments, const Source& source, const Ranking& ranking) {
  boost::json::object answer{{"item", arguments.item}, {"model", source.fitted.model->name()}};
  if (ranking.empty()) answer["note"] = note(arguments);
  answer["items"] = ranking_json(ranking, source);
  return json_text(answer) + "\n";
}

std::string text_answer(const Arguments& arguments, const Source& source, const Ranking& ranking) {
  std::string text = fmt::format("Item {}", printable(arguments.item));
  const std::string_view title = source.catalogs.items.title(arguments.item);
  if (!title.empty()) text += fmt::format(", {}", printable(title));
  text += fmt::format(", model {}\n", source.fitted.model->name());
  return text + (ranking.empty() ? printable(note(arguments)) + "\n"
                                 : "\n" + ranking_table(ranking, source));
}

std::unexpected<Failure> unknown(const Arguments& arguments) {
  return failed("item {} is unknown: it is not in {}", printable(arguments.item),
                arguments.source.ratings);
}

std::string json_answer(const Arguments& arguments, const Engine& engine,
                        const Recommendations& list) {
  boost::json::object answer{{"item", arguments.item}};
  if (list.items.empty()) answer["note"] = note(arguments);
  return list_json(answer, list, engine);
}

std::string text_answer(const Arguments& arguments, const Engine& engine,
                        const Recommendations& list) {
  std::string text = fmt::format("Item {}", printable(arguments.item));
  const std::string title = title_of(engine, arguments.item);
  if (!title.empty()) text += fmt::format(", {}", printable(title));
  text += fmt::format(", {}\n", model_text(engine.stats()));
  return text + (list.items.empty() ? printable(note(arguments)) + "\n"
                                    : "\n" + recommendations_table(list, engine));
}

Outcome<void> answer_from_folder(const CommandLine& app, const Arguments& arguments) {
  COSENO_TRY(check_options_of_data_folder(app, arguments.source.ratings));
  COSENO_ASSIGN(engine, Engine::open_beside(arguments.source.ratings));
  Result<Recommendations> list = engine.similar(arguments.item, arguments.k, arguments.filter);
  if (!list && list.error().code == ErrorCode::not_found) return unknown(arguments);
  COSENO_ASSIGN(similar, asked(std::move(list)));
  return write_text("-", arguments.as_json ? json_answer(arguments, engine, similar)
                                           : text_answer(arguments, engine, similar));
}

Outcome<void> run(const CommandLine& app, const Arguments& arguments) {
  if (is_data_folder(arguments.source.ratings)) return answer_from_folder(app, arguments);
  COSENO_TRY(check_options_of_file(app, arguments.source.ratings));
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultModel, "score", session));
  session.progress.clear();
  const std::optional<ItemIndex> item = source.fitted.dataset.items.find(arguments.item);
  const Model& model = *source.fitted.model;
  if (!item) return unknown(arguments);
  const Ranking ranking = model.similar_items(*item, std::min(arguments.k, model.n_items()));
  return write_text("-", arguments.as_json ? json_answer(arguments, source, ranking)
                                           : text_answer(arguments, source, ranking));
}

}  // namespace
}  // namespace similar_command

Command add_similar(CommandLine& program) {
  using namespace similar_command;
  CommandLine app = program.add_subcommand("similar", "Lists the items most like an item");
  const auto arguments = std::make_shared<Arguments>();
  add_id_option(app, "--item", arguments->item, "The item to compare with").required();
  add_k_option(app, arguments->k);
  add_model_option(app, arguments->source, kDefaultModel);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  add_ratings_options(app, arguments->source);
  add_filter_option(app, arguments->filter);
  let_be_data_folder(app, {"--model", "--seconds", "--set", "--format", "--repeats", "--items",
                           "--user-properties", "--seed", "--threads"});
  app.footer(kExamples);
  return {app, [app, arguments] { return run(app, *arguments); }};
}

}  // namespace coseno::cli
