#include "engine/import.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "data/catalog.h"
#include "data/row_ids.h"
#include "data/text_reader.h"
#include "data/text_values.h"
#include "ranking/properties.h"

namespace coseno {
namespace {

// Large enough that a write to the log costs little an event, small enough that cancelling ends it
// at once.
constexpr std::size_t kBatch = 1000;

std::string_view name_of(std::string_view path) { return path == "-" ? "standard input" : path; }

Result<void> check_not_cancelled(const Progress& progress) {
  if (!progress.cancelled()) return {};
  return make_error(ErrorCode::cancelled, "interrupted");
}

// Rows of one file on their way to events.
class EventFile {
 public:
  // Rows without a time get `now_ms`.
  EventFile(std::string_view path, const Interactions& rows, std::string_view type,
            std::int64_t now_ms)
      : path_(path), rows_(rows), type_(type), now_ms_(now_ms), ids_(rows, type) {}

  Result<void> add_to(Engine& engine, Progress& progress, ImportedEvents& counts) {
    for (std::size_t begin = 0; begin < rows_.size(); begin += kBatch) {
      const std::size_t end = std::min(begin + kBatch, rows_.size());
      take(begin, end);
      const Result<Acknowledged> answer = engine.observe(events_);
      if (!answer) {
        return make_error(answer.error().code, "{}: rows {} to {}: {}", name_of(path_), begin + 1,
                          end, answer.error().message);
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
Result<std::size_t> import_records(const Shelf& shelf, const std::string& path,
                                   Progress& progress) {
  COSENO_ASSIGN(catalog, read_catalog(path, progress));
  std::size_t n_put = 0;
  std::size_t n_done = 0;
  for (const Record& record : catalog.records()) {
    const auto refused = [&](const Error& error) {
      return make_error(error.code, "{}: {} {}: {}", name_of(path), shelf.kind, quote(record.id),
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

}  // namespace

Result<void> import_events(Engine& engine, const std::string& path,
                           const ImportEventsOptions& options, Progress& progress,
                           ImportedEvents& counts) {
  COSENO_ASSIGN(rows, read_interactions(path, {.format = options.format}, progress));
  counts.n_rows += rows.size();
  const std::string_view usual_type = rows.has_values ? "rating" : "view";
  EventFile file(path, rows, options.type.empty() ? usual_type : options.type, options.now_ms);
  return file.add_to(engine, progress, counts);
}

Result<std::size_t> import_items(Engine& engine, const std::string& path, Progress& progress) {
  const Shelf items{
      "item", [&](std::string_view id) { return engine.item(id); },
      [&](std::string_view id, std::string_view json) { return engine.put_item(id, json); }};
  return import_records(items, path, progress);
}

Result<std::size_t> import_users(Engine& engine, const std::string& path, Progress& progress) {
  const Shelf users{
      "user", [&](std::string_view id) { return engine.user(id); },
      [&](std::string_view id, std::string_view json) { return engine.put_user(id, json); }};
  return import_records(users, path, progress);
}

}  // namespace coseno
