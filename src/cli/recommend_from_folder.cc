#include "cli/recommend_from_folder.h"

#include <boost/json.hpp>

#include <string_view>
#include <utility>

#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/recommendations_text.h"
#include "cli/table.h"

namespace coseno::cli {
namespace {

// A list, and how much was known when it was made.
struct FolderAnswer {
  Recommendations list;
  std::size_t n_events;  // of the user, that the engine keeps
  std::string note;      // why the list is not what was asked for; empty where it is
};

std::string note_of(const FolderRequest& request, const FolderAnswer& answer) {
  if (!answer.list.items.empty()) {
    if (answer.n_events > 0) return "";
    return fmt::format("nothing is known of user {}: these are the trending items", request.user);
  }
  return request.filter.empty() ? "nothing left to recommend (--include-seen)"
                                : "nothing left to recommend that passes the filter";
}

std::string json_answer(const FolderRequest& request, const FolderAnswer& answer,
                        const Engine& engine) {
  boost::json::object json{{"user", request.user}};
  if (answer.n_events == 0) json["known"] = false;
  if (!answer.note.empty()) json["note"] = answer.note;
  return list_json(json, answer.list, engine);
}

std::string text_answer(const FolderRequest& request, const FolderAnswer& answer,
                        const Engine& engine) {
  std::string text =
      fmt::format("User {}, {} event{}, {}\n", printable(request.user), answer.n_events,
                  answer.n_events == 1 ? "" : "s", model_text(engine.stats()));
  if (!answer.note.empty()) text += printable(answer.note) + "\n";
  if (answer.list.items.empty()) return text;
  return text + "\n" + recommendations_table(answer.list, engine);
}

}  // namespace

void add_filter_option(CommandLine& app, std::string& filter) {
  app.add_option("--filter", filter,
                 "Which items may be in the list, by their properties (docs/filters.md)")
      .type_name("JSON")
      .group(kWithDataFolder);
}

void add_folder_request_options(CommandLine& app, FolderRequest& request) {
  add_filter_option(app, request.filter);
  app.add_option("--exclude", request.exclude, "Items that may not be in the list")
      .type_name("ID")
      .group(kWithDataFolder);
  app.add_option("--diversity", request.diversity,
                 "From 0, the best items (default), to 1, items unlike each other")
      .type_name("X")
      .group(kWithDataFolder);
  app.add_option("--explore", request.explore,
                 "How far chance makes the list (--seed), from 0, not at all (default), to 1")
      .type_name("T")
      .group(kWithDataFolder);
  app.add_flag(
         "--log-shown", request.log_shown,
         "Keep the list in the folder for 90 days, with the chance of each place (inspect --shown)")
      .group(kWithDataFolder);
  app.add_flag("--explain", request.explain, "Tell where each score comes from")
      .group(kWithDataFolder);
}

Outcome<void> recommend_from_folder(const FolderRequest& request) {
  COSENO_ASSIGN(engine, request.log_shown ? Engine::open(request.folder, {.create = false})
                                          : Engine::open_beside(request.folder));
  const std::vector<std::string_view> exclude(request.exclude.begin(), request.exclude.end());
  COSENO_ASSIGN(list, asked(engine.recommend({.user = request.user,
                                              .k = request.k,
                                              .filter = request.filter,
                                              .exclude = exclude,
                                              .diversity = request.diversity,
                                              .exploration = request.explore,
                                              .seed = request.seed,
                                              .log_shown = request.log_shown,
                                              .include_seen = request.include_seen,
                                              .explain = request.explain})));
  FolderAnswer answer{std::move(list), engine.history(request.user).size(), ""};
  answer.note = note_of(request, answer);
  return write_text("-", request.as_json ? json_answer(request, answer, engine)
                                         : text_answer(request, answer, engine));
}

}  // namespace coseno::cli
