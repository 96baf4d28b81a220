// coseno import: files of events, items and users into a data folder.

#include <boost/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/source.h"
#include "cli/table.h"
#include "coseno/engine.h"
#include "data/readers.h"
#include "engine/import.h"

namespace coseno::cli {
namespace import_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno import data ratings.csv --items movies.csv
  coseno import data january.tsv.gz february.tsv.gz --type click
  coseno import data --items movies.csv --users people.csv
  echo '{"user": "42", "item": "50"}' | coseno import data -

The folder is made where it is not there. A row is an event of type rating where the file has values,
else view. Its id is made of what it says (docs/formats.md): a file that is imported twice adds
nothing, and an import that was ended goes on when it is run again.)";

struct Arguments {
  std::string folder;
  std::vector<std::string> files;
  std::string items;  // a path, as the next
  std::string users;
  std::string type;
  std::string format;
  bool as_json = false;
};

struct Counts {
  ImportedEvents events;
  std::size_t n_items = 0;  // put, since they are new or have changed
  std::size_t n_users = 0;
  std::uint64_t position = 0;
  double seconds = 0;
};

Outcome<void> check_arguments(const Arguments& arguments) {
  if (arguments.files.empty() && arguments.items.empty() && arguments.users.empty()) {
    return wrong_use("import needs a file of events, --items or --users");
  }
  std::vector<std::string_view> paths(arguments.files.begin(), arguments.files.end());
  paths.insert(paths.end(), {arguments.items, arguments.users});
  return check_standard_input(paths);
}

Outcome<void> check_type(const Engine& engine, const std::string& type) {
  const EventTypes types = engine.event_types();
  if (type.empty() || types.contains(type)) return {};
  std::string names;
  for (const auto& [name, meaning] : types) names += (names.empty() ? "" : ", ") + name;
  return wrong_use("--type {}: there is no such event type; there are {}", printable(type), names);
}

double per_second(const Counts& counts) {
  return counts.seconds > 0 ? static_cast<double>(counts.events.n_rows) / counts.seconds : 0;
}

std::string json_answer(const Counts& counts) {
  return json_text(boost::json::object{{"rows", counts.events.n_rows},
                                       {"new", counts.events.n_new},
                                       {"repeated", counts.events.n_repeated},
                                       {"items", counts.n_items},
                                       {"users", counts.n_users},
                                       {"seconds", counts.seconds},
                                       {"events_per_second", per_second(counts)},
                                       {"position", counts.position}}) +
         "\n";
}

std::string text_answer(const Arguments& arguments, const Counts& counts) {
  std::string text;
  if (!arguments.files.empty()) {
    text += fmt::format("{} rows: {} new events, {} that were there\n", counts.events.n_rows,
                        counts.events.n_new, counts.events.n_repeated);
  }
  if (!arguments.items.empty()) text += fmt::format("{} items put\n", counts.n_items);
  if (!arguments.users.empty()) text += fmt::format("{} users put\n", counts.n_users);
  text += fmt::format("{:.2f} s", counts.seconds);
  if (counts.events.n_rows > 0) text += fmt::format(", {:.0f} events a second", per_second(counts));
  return text + fmt::format("; {} is at position {}\n", arguments.folder, counts.position);
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_arguments(arguments));
  ProgressBar progress;
  const auto start = std::chrono::steady_clock::now();
  COSENO_ASSIGN(engine, Engine::open(arguments.folder, {.shown_days = 0}));
  COSENO_TRY(check_type(engine, arguments.type));
  // One moment for all rows without a time: their order is that of the files.
  const std::int64_t now_ms = Clock().now_ms();
  Counts counts;
  if (!arguments.items.empty()) {
    COSENO_ASSIGN(n_items, import_items(engine, arguments.items, progress));
    counts.n_items = n_items;
  }
  if (!arguments.users.empty()) {
    COSENO_ASSIGN(n_users, import_users(engine, arguments.users, progress));
    counts.n_users = n_users;
  }
  const ImportEventsOptions options{
      .format = interaction_format(arguments.format), .type = arguments.type, .now_ms = now_ms};
  for (const std::string& file : arguments.files) {
    COSENO_TRY(import_events(engine, file, options, progress, counts.events));
  }
  progress.clear();
  counts.position = engine.stats().position;
  counts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return write_text("-", arguments.as_json ? json_answer(counts) : text_answer(arguments, counts));
}

}  // namespace
}  // namespace import_command

Command add_import(CommandLine& program) {
  using namespace import_command;
  CommandLine app =
      program.add_subcommand("import", "Adds events, items and users to a data folder");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->folder);
  app.add_option("FILE", arguments->files, "Files of ratings or interactions; - is standard input");
  app.add_option("--items", arguments->items, "Titles and properties of items").type_name("FILE");
  app.add_option("--users", arguments->users, "Properties of users").type_name("FILE");
  app.add_option("--type", arguments->type, "Type of the events; default rating or view")
      .type_name("NAME");
  add_format_option(app, arguments->format);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
