// coseno inspect: what a data folder holds, or what it knows of a user or an item.

#include <fmt/ranges.h>

#include <boost/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/inspect_shown.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/recommendations_text.h"
#include "cli/source.h"
#include "cli/table.h"
#include "cli/time_text.h"
#include "coseno/engine.h"
#include "engine/answer_json.h"
#include "engine/event_type_table.h"

namespace coseno::cli {
namespace inspect_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno inspect data
  coseno inspect data --user 42
  coseno inspect data --item 50 --json
  coseno inspect data --shown --json

--shown writes a line a list (recommend --log-shown), oldest first; with --user, of that user.)";

constexpr std::size_t kNeighbours = 10;

struct Arguments {
  std::string folder;
  std::string user;
  std::string item;
  bool shown = false;
  bool as_json = false;
};

// --- the folder

// What the engine wrote, so that it is JSON.
boost::json::value parsed(const std::string& json) {
  boost::system::error_code error;
  return boost::json::parse(json, error);
}

std::string stats_json(const EngineStats& stats, const EventTypes& types) {
  return json_text(boost::json::object{{"position", stats.position},
                                       {"events", stats.n_events},
                                       {"users", stats.n_users},
                                       {"items", stats.n_items},
                                       {"snapshot", stats.snapshot},
                                       {"model", stats.model},
                                       {"snapshot_trouble", stats.snapshot_trouble},
                                       {"search_recall", stats.search_recall},
                                       {"kept_events", stats.n_kept_events},
                                       {"users_bytes", stats.users_bytes},
                                       {"items_bytes", stats.items_bytes},
                                       {"model_bytes", stats.model_bytes},
                                       {"event_types", parsed(event_types_json(types))}}) +
         "\n";
}

std::string megabytes(std::size_t n_bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(n_bytes) / 1e6);
}

std::string stats_text(const EngineStats& stats, const EventTypes& types) {
  std::vector<std::string> names;
  for (const auto& [name, type] : types) names.push_back(printable(name));
  std::string text;
  const auto add = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<12}  {}\n", name, value);
  };
  add("position", fmt::format("{}", stats.position));
  add("events",
      fmt::format("{}, of which {} are in the histories", stats.n_events, stats.n_kept_events));
  add("users", fmt::format("{}", stats.n_users));
  add("items", fmt::format("{}", stats.n_items));
  add("event types", fmt::format("{}", fmt::join(names, ", ")));
  add("in service", model_text(stats));
  add("memory", fmt::format("users {}, items {}, model {}", megabytes(stats.users_bytes),
                            megabytes(stats.items_bytes), megabytes(stats.model_bytes)));
  return text;
}

// --- a user or an item

std::string properties_text(const std::string& json) {
  std::string text;
  const boost::json::value properties = parsed(json);
  if (!properties.is_object()) return text;
  for (const auto& [name, value] : properties.get_object()) {
    text += fmt::format("{}: {}\n", printable(name), printable(json_text(value)));
  }
  return text;
}

std::string user_json(const std::string& user, const std::string& properties,
                      const std::vector<PastEvent>& history) {
  boost::json::array events;
  for (const PastEvent& event : history) {
    events.push_back({{"item", event.item},
                      {"type", event.type},
                      {"value", shortest(event.value)},
                      {"time_ms", event.time_ms}});
  }
  return json_text(boost::json::object{
             {"user", user}, {"properties", parsed(properties)}, {"history", std::move(events)}}) +
         "\n";
}

std::string user_text(const std::string& user, const std::string& properties,
                      const std::vector<PastEvent>& history, const Engine& engine) {
  using enum Table::Align;
  std::string text = fmt::format("User {}, {} event{}\n{}", printable(user), history.size(),
                                 history.size() == 1 ? "" : "s", properties_text(properties));
  if (history.empty()) return text;
  Table table({{"time", left}, {"type", left}, {"value", right}, {"item", left}, {"title", left}});
  for (const PastEvent& event : history) {
    table.add_row({time_text(event.time_ms), printable(event.type), fmt::format("{}", event.value),
                   printable(event.item), printable(title_of(engine, event.item))});
  }
  return text + "\n" + table.text();
}

Outcome<void> inspect_user(const Arguments& arguments, const Engine& engine) {
  COSENO_ASSIGN(properties, engine.user(arguments.user));
  if (!properties) {
    return failed("user {} is unknown: it is not in {}", printable(arguments.user),
                  arguments.folder);
  }
  const std::vector<PastEvent> history = engine.history(arguments.user);
  return write_text("-", arguments.as_json
                             ? user_json(arguments.user, *properties, history)
                             : user_text(arguments.user, *properties, history, engine));
}

std::string item_json(const std::string& item, const std::string& properties,
                      const Recommendations& similar, const Engine& engine) {
  std::string text =
      json_text(boost::json::object{{"item", item}, {"properties", parsed(properties)}});
  text.pop_back();
  text += ", \"similar\": ";
  append_items(similar.items, titles_of(engine, similar.items), text);
  return text + fmt::format(", \"position\": {}, \"snapshot\": {}}}\n", similar.position,
                            similar.snapshot);
}

std::string item_text(const std::string& item, const std::string& properties,
                      const Recommendations& similar, const Engine& engine) {
  std::string text = fmt::format("Item {}\n{}", printable(item), properties_text(properties));
  if (similar.items.empty()) return text;
  return text + "\nlike it, " + model_text(engine.stats()) + "\n\n" +
         recommendations_table(similar, engine);
}

Outcome<void> inspect_item(const Arguments& arguments, const Engine& engine) {
  COSENO_ASSIGN(properties, engine.item(arguments.item));
  if (!properties) {
    return failed("item {} is unknown: it is not in {}", printable(arguments.item),
                  arguments.folder);
  }
  COSENO_ASSIGN(similar, engine.similar(arguments.item, kNeighbours));
  return write_text("-", arguments.as_json
                             ? item_json(arguments.item, *properties, similar, engine)
                             : item_text(arguments.item, *properties, similar, engine));
}

Outcome<void> run(const Arguments& arguments) {
  if (!arguments.user.empty() && !arguments.item.empty()) {
    return wrong_use("--user and --item exclude each other");
  }
  if (arguments.shown && !arguments.item.empty()) {
    return wrong_use("--shown and --item exclude each other");
  }
  COSENO_ASSIGN(engine, Engine::open_beside(arguments.folder));
  if (arguments.shown) return inspect_shown(engine, arguments.user, arguments.as_json);
  if (!arguments.user.empty()) return inspect_user(arguments, engine);
  if (!arguments.item.empty()) return inspect_item(arguments, engine);
  return write_text("-", arguments.as_json ? stats_json(engine.stats(), engine.event_types())
                                           : stats_text(engine.stats(), engine.event_types()));
}

}  // namespace
}  // namespace inspect_command

Command add_inspect(CommandLine& program) {
  using namespace inspect_command;
  CommandLine app = program.add_subcommand("inspect", "Shows what a data folder knows");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->folder);
  add_id_option(app, "--user", arguments->user, "Properties and history of this user");
  add_id_option(app, "--item", arguments->item, "Properties and neighbours of this item");
  app.add_flag("--shown", arguments->shown, "Lists that were shown (recommend --log-shown)");
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
