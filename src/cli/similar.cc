// coseno similar: items like an item.

#include <boost/json.hpp>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/ranking_text.h"
#include "cli/source.h"
#include "cli/table.h"

namespace coseno::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno similar ratings.csv --item 50
  coseno similar ratings.csv --item 50 -k 5 --items movies.csv
  coseno similar ratings.csv --item 50 --items movies.csv --model content --json)";

struct Arguments {
  SourceArguments source;
  std::string item;
  std::size_t k = 10;
  bool as_json = false;
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

Outcome<void> run(const Arguments& arguments) {
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(source, open_source(arguments.source, kDefaultModel, "score", session));
  session.progress.clear();
  const std::optional<ItemIndex> item = source.fitted.dataset.items.find(arguments.item);
  const Model& model = *source.fitted.model;
  if (!item) {
    return failed("item {} is unknown: it is not in {}", printable(arguments.item),
                  arguments.source.ratings);
  }
  const Ranking ranking = model.similar_items(*item, std::min(arguments.k, model.n_items()));
  return write_text("-", arguments.as_json ? json_answer(arguments, source, ranking)
                                           : text_answer(arguments, source, ranking));
}

}  // namespace

Command add_similar(CLI::App& program) {
  CLI::App* const app = program.add_subcommand("similar", "Lists the items most like an item");
  const auto arguments = std::make_shared<Arguments>();
  add_id_option(*app, "--item", arguments->item, "The item to compare with")->required();
  add_k_option(*app, arguments->k);
  add_model_option(*app, arguments->source, kDefaultModel);
  app->add_flag("--json", arguments->as_json, "Answer in JSON");
  add_ratings_options(*app, arguments->source);
  app->footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
