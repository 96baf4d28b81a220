// coseno import: files of events, items and users into a data folder.

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
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
#include "data/catalog.h"
#include "data/readers.h"
#include "data/row_ids.h"
#include "data/text_values.h"
#include "ranking/properties.h"

namespace coseno::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno import data ratings.csv --items movies.csv
  coseno import data january.tsv.gz february.tsv.gz --type click
  coseno import data --items movies.csv --users people.csv
  echo '{"user": "42", "item": "50"}' | coseno import data -

The folder is made where it is not there. A row is an event of type rating where the file has values,
else view. Its id is made of what it says (docs/formats.md): a file that is imported twice adds
nothing, and an import that was ended goes on when it is run again.)";

// Large enough that a write to the log costs little an event, small enough that Ctrl-C ends it at
// once.
constexpr std::size_t kBatch = 1000;

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
  std::size_t n_rows = 0;
  std::size_t n_new = 0;
  std::size_t n_repeated = 0;
  std::size_t n_items = 0;  // put, since they are new or have changed
  std::size_t n_users = 0;
  std::uint64_t position = 0;
  double seconds = 0;
};

std::string_view name_of(std::string_view path) { return path == "-" ? "standard input" : path; }

Outcome<void> check_not_cancelled(const Progress& progress) {
  if (!progress.cancelled()) return {};
  return std::unexpected(Failure(kInterrupted, "interrupted"));
}

// Rows of one file on their way to events.
class EventFile {
 public:
  // Rows without a time get `now_ms`.
  EventFile(std::string_view path, const Interactions& rows, std::string_view type,
            std::int64_t now_ms)
      : path_(path), rows_(rows), type_(type), now_ms_(now_ms), ids_(rows, type) {}

  Outcome<void> add_to(Engine& engine, ProgressBar& progress, Counts& counts) {
    for (std::size_t begin = 0; begin < rows_.size(); begin += kBatch) {
      const std::size_t end = std::min(begin + kBatch, rows_.size());
      take(begin, end);
      const Result<Acknowledged> answer = engine.observe(events_);
      if (!answer) {
        return failed("{}: rows {} to {}: {}", name_of(path_), begin + 1, end,
                      answer.error().message);
      }
      counts.n_new += answer->n_new;
      counts.n_repeated += answer->n_repeated;
      progress.report("importing", end, rows_.size(), "");
      COSENO_TRY(check_not_cancelled(progress));
    }
    return {};
  }

 private:
  void take(std::size_t begin, std::size_t end) {
    constexpr std::int64_t kMsPerSecond = 1000;
    event_ids_.clear();
    for (std::size_t n = begin; n < end; ++n) event_ids_.push_back(ids_.id(n));
    events_.clear();
    for (std::size_t n = begin; n < end; ++n) {
      const auto& [user, interaction] = rows_.row(n);
      // Readers take times of up to 2^53 seconds, so nothing overflows.
      events_.push_back({.user = rows_.users.id(user),
                         .item = rows_.items.id(interaction.item),
                         .type = type_,
                         .value = interaction.value,
                         .time_ms = rows_.has_times ? interaction.time * kMsPerSecond : now_ms_,
                         .id = event_ids_[n - begin]});
    }
  }

  std::string_view path_;
  const Interactions& rows_;
  std::string_view type_;
  std::int64_t now_ms_;
  RowIds ids_;
  std::vector<std::string> event_ids_;
  std::vector<Event> events_;
};

Outcome<void> import_events(Engine& engine, const Arguments& arguments, const std::string& path,
                            std::int64_t now_ms, ProgressBar& progress, Counts& counts) {
  const ReadOptions options{.format = interaction_format(arguments.format)};
  COSENO_ASSIGN(rows, read_interactions(path, options, progress));
  counts.n_rows += rows.size();
  const std::string_view usual_type = rows.has_values ? "rating" : "view";
  EventFile file(path, rows, arguments.type.empty() ? usual_type : arguments.type, now_ms);
  return file.add_to(engine, progress, counts);
}

// Catalogues know no booleans and take years for categories, which is how models learn of them.
// Filters tell true from "true" and 1990 from "1990", so here they are what they say.
boost::json::value json_of(const Property& property) {
  if (const auto* const number = std::get_if<double>(&property.value)) return *number;
  if (const auto* const list = std::get_if<std::vector<std::string>>(&property.value)) {
    return boost::json::array(list->begin(), list->end());
  }
  const std::string& text = std::get<std::string>(property.value);
  if (text == "true" || text == "false") return text == "true";
  if (property.name.ends_with("year")) {
    if (const auto year = parse_number(text); year && std::isfinite(*year)) return *year;
  }
  return boost::json::value(text);
}

std::string properties_json(const Record& record) {
  boost::json::object json;
  for (const Property& property : record.properties) json[property.name] = json_of(property);
  if (!record.title.empty()) json["title"] = record.title;
  return boost::json::serialize(json);
}

// How items, or users, are looked up and put.
struct Shelf {
  std::string_view kind;  // "item" or "user"
  std::function<Result<std::optional<std::string>>(std::string_view id)> get;
  std::function<Result<std::uint64_t>(std::string_view id, std::string_view json)> put;
};

// How many were put: those that are there with the same properties are not.
Outcome<std::size_t> import_records(const Shelf& shelf, const std::string& path,
                                    ProgressBar& progress) {
  COSENO_ASSIGN(catalog, read_catalog(path, progress));
  std::size_t n_put = 0;
  std::size_t n_done = 0;
  for (const Record& record : catalog.records()) {
    const auto refused = [&](const Error& error) {
      return failed("{}: {} {}: {}", name_of(path), shelf.kind, printable(record.id),
                    error.message);
    };
    const Result<Properties> properties = Properties::parse(properties_json(record));
    if (!properties) return refused(properties.error());
    COSENO_ASSIGN(known, shelf.get(record.id));
    if (!known || *known != properties->json()) {
      const Result<std::uint64_t> put = shelf.put(record.id, properties->json());
      if (!put) return refused(put.error());
      ++n_put;
    }
    progress.report("importing " + std::string(shelf.kind) + "s", ++n_done, catalog.size(), "");
    COSENO_TRY(check_not_cancelled(progress));
  }
  return n_put;
}

Outcome<void> import_catalogs(Engine& engine, const Arguments& arguments, ProgressBar& progress,
                              Counts& counts) {
  if (!arguments.items.empty()) {
    const Shelf items{
        "item", [&](std::string_view id) { return engine.item(id); },
        [&](std::string_view id, std::string_view json) { return engine.put_item(id, json); }};
    COSENO_ASSIGN(n_items, import_records(items, arguments.items, progress));
    counts.n_items = n_items;
  }
  if (!arguments.users.empty()) {
    const Shelf users{
        "user", [&](std::string_view id) { return engine.user(id); },
        [&](std::string_view id, std::string_view json) { return engine.put_user(id, json); }};
    COSENO_ASSIGN(n_users, import_records(users, arguments.users, progress));
    counts.n_users = n_users;
  }
  return {};
}

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
  return counts.seconds > 0 ? static_cast<double>(counts.n_rows) / counts.seconds : 0;
}

std::string json_answer(const Counts& counts) {
  return json_text(boost::json::object{{"rows", counts.n_rows},
                                       {"new", counts.n_new},
                                       {"repeated", counts.n_repeated},
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
    text += fmt::format("{} rows: {} new events, {} that were there\n", counts.n_rows, counts.n_new,
                        counts.n_repeated);
  }
  if (!arguments.items.empty()) text += fmt::format("{} items put\n", counts.n_items);
  if (!arguments.users.empty()) text += fmt::format("{} users put\n", counts.n_users);
  text += fmt::format("{:.2f} s", counts.seconds);
  if (counts.n_rows > 0) text += fmt::format(", {:.0f} events a second", per_second(counts));
  return text + fmt::format("; {} is at position {}\n", arguments.folder, counts.position);
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_TRY(check_arguments(arguments));
  ProgressBar progress;
  const auto start = std::chrono::steady_clock::now();
  COSENO_ASSIGN(engine, Engine::open(arguments.folder));
  COSENO_TRY(check_type(engine, arguments.type));
  // One moment for all rows without a time: their order is that of the files.
  const std::int64_t now_ms = Clock().now_ms();
  Counts counts;
  COSENO_TRY(import_catalogs(engine, arguments, progress, counts));
  for (const std::string& file : arguments.files) {
    COSENO_TRY(import_events(engine, arguments, file, now_ms, progress, counts));
  }
  progress.clear();
  counts.position = engine.stats().position;
  counts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return write_text("-", arguments.as_json ? json_answer(counts) : text_answer(arguments, counts));
}

}  // namespace

Command add_import(CommandLine& program) {
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
