#include "engine_calls.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <iterator>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "data/readers.h"
#include "engine/import.h"
#include "fields.h"

namespace coseno::node {
namespace {

namespace json = boost::json;

using Answer = Result<std::string>;

// The double that reads as the float does: 4.1f is 4.1.
double as_written(float value) {
  std::array<char, 32> text;  // the longest float has 15 characters
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double number = value;
  std::from_chars(text.data(), end, number);
  return number;
}

json::object settings_json(const Settings& settings) {
  json::object object;
  for (const auto& [name, value] : settings) object[name] = value;
  return object;
}

json::object acknowledged_json(const Acknowledged& done) {
  return {{"position", done.position}, {"nNew", done.n_new}, {"nRepeated", done.n_repeated}};
}

// The position that a change returned.
Answer position_json(const Result<std::uint64_t>& position) {
  if (!position) return std::unexpected(position.error());
  return std::to_string(*position);
}

Answer nothing(const Result<void>& done) {
  if (!done) return std::unexpected(done.error());
  return "";
}

// Whoever calls has one id to tell, and nothing else.
Result<std::string> id_of(std::string_view request) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string id;
  Fields fields(object);
  fields.take("id", id);
  COSENO_TRY(fields.done());
  return id;
}

// --- events

Answer observe(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  Fields fields(object);
  std::vector<Event> events;
  fields.take_list("events", [&events](Fields& event) {
    Event& own = events.emplace_back();
    event.require("user");
    event.require("item");
    event.take("user", own.user);
    event.take("item", own.item);
    event.take("type", own.type);
    event.take("value", own.value);
    event.take("timeMs", own.time_ms);
    event.take("id", own.id);
  });
  COSENO_TRY(fields.done());
  COSENO_ASSIGN(done, engine.observe(events));
  return json::serialize(acknowledged_json(done));
}

Answer retract(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(id, id_of(request));
  COSENO_ASSIGN(done, engine.retract(id));
  return json::serialize(acknowledged_json(done));
}

Answer history(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(id, id_of(request));
  json::array events;
  for (const PastEvent& event : engine.history(id)) {
    events.push_back({{"item", event.item},
                      {"type", event.type},
                      {"value", as_written(event.value)},
                      {"timeMs", event.time_ms}});
  }
  return json::serialize(events);
}

// A page of the log: `limit` events from the position `from` on.
Answer events(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  Fields fields(object);
  std::uint64_t from = 1;
  std::uint64_t limit = 1000;
  fields.take("from", from);
  fields.take("limit", limit);
  COSENO_TRY(fields.done());
  json::array page;
  COSENO_TRY(engine.scan_events(from, [&](const LoggedEvent& event) {
    page.push_back({{"position", event.position},
                    {"user", event.user},
                    {"item", event.item},
                    {"type", event.type},
                    {"value", as_written(event.value)},
                    {"timeMs", event.time_ms}});
    return page.size() < limit;
  }));
  return json::serialize(page);
}

// A page of the lists that were shown: `limit` of those from `fromMs` on, after `skip`.
Answer shown(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  Fields fields(object);
  std::optional<std::int64_t> from_ms;
  std::uint64_t skip = 0;
  std::uint64_t limit = 100;
  fields.take("fromMs", from_ms);
  fields.take("skip", skip);
  fields.take("limit", limit);
  COSENO_TRY(fields.done());
  json::array page;
  const auto visit = [&](const ShownList& list) {
    if (skip > 0) {
      --skip;
      return true;
    }
    json::array items;
    for (const RecommendedItem& item : list.items) {
      items.push_back(
          {{"item", item.item}, {"score", item.score}, {"propensity", item.propensity}});
    }
    page.push_back({{"timeMs", list.time_ms},
                    {"user", list.user},
                    {"position", list.position},
                    {"snapshot", list.snapshot},
                    {"exploration", list.exploration},
                    {"seed", list.seed},
                    {"items", std::move(items)}});
    return page.size() < limit;
  };
  COSENO_TRY(engine.scan_shown(visit, from_ms));
  return json::serialize(page);
}

// --- items and users

struct PutRequest {
  std::string id;
  std::string properties = "{}";
};

Result<PutRequest> put_request(std::string_view request) {
  COSENO_ASSIGN(object, parse_object(request));
  PutRequest put;
  Fields fields(object);
  fields.take("id", put.id);
  fields.take_json("properties", put.properties);
  COSENO_TRY(fields.done());
  return put;
}

using Put = Result<std::uint64_t> (Engine::*)(std::string_view, std::string_view);

template <Put PutFunction>
Answer put(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(asked, put_request(request));
  return position_json((engine.*PutFunction)(asked.id, asked.properties));
}

using PutMany = Result<std::uint64_t> (Engine::*)(std::span<const PropertiesOf>);

template <PutMany PutManyFunction>
Answer put_many(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  std::vector<PutRequest> asked;
  Fields fields(object);
  fields.take_list("records", [&asked](Fields& record) {
    PutRequest& own = asked.emplace_back();
    record.require("id");
    record.take("id", own.id);
    record.take_json("properties", own.properties);
  });
  COSENO_TRY(fields.done());
  std::vector<PropertiesOf> records;
  for (const PutRequest& own : asked) records.push_back({.id = own.id, .json = own.properties});
  return position_json((engine.*PutManyFunction)(records));
}

using Remove = Result<std::uint64_t> (Engine::*)(std::string_view);

template <Remove RemoveFunction>
Answer remove(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(id, id_of(request));
  return position_json((engine.*RemoveFunction)(id));
}

using Get = Result<std::optional<std::string>> (Engine::*)(std::string_view) const;

template <Get GetFunction>
Answer get(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(id, id_of(request));
  COSENO_ASSIGN(found, (engine.*GetFunction)(id));
  return std::move(found).value_or("");
}

Answer page_json(const Result<ListedPage>& page) {
  if (!page) return std::unexpected(page.error());
  // The properties are JSON already.
  std::string text = "{\"records\":[";
  for (std::string_view comma; const ListedRecord& record : page->records) {
    text += fmt::format("{}{{\"id\":{},\"properties\":{}}}", comma,
                        json::serialize(json::string(record.id)), record.json);
    comma = ",";
  }
  return text + fmt::format("],\"next\":{}}}", page->next);
}

Answer list_items(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  ItemsRequest asked;
  std::string filter;
  Fields fields(object);
  fields.take_json("filter", filter);
  fields.take("text", asked.text);
  fields.take("after", asked.after);
  fields.take("limit", asked.limit);
  COSENO_TRY(fields.done());
  asked.filter = filter;
  return page_json(engine.items(asked));
}

Answer list_users(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  std::uint64_t after = 0;
  std::uint64_t limit = 100;
  Fields fields(object);
  fields.take("after", after);
  fields.take("limit", limit);
  COSENO_TRY(fields.done());
  return page_json(engine.users(after, limit));
}

Answer similar_users(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string user;
  std::uint64_t k = 10;
  Fields fields(object);
  fields.take("id", user);
  fields.take("k", k);
  COSENO_TRY(fields.done());
  COSENO_ASSIGN(found, engine.similar_users(user, k));
  json::array users;
  for (const SimilarUser& each : found) {
    users.push_back({{"user", each.user}, {"score", each.score}});
  }
  return json::serialize(users);
}

// --- settings

Answer event_types(Engine& engine, std::string_view /*request*/, const ProgressOptions& /*watch*/) {
  json::object types;
  for (const auto& [name, type] : engine.event_types()) {
    types[name] = {{"weight", type.weight},
                   {"halfLifeDays", type.half_life_days},
                   {"isRating", type.is_rating},
                   {"hides", type.hides},
                   {"hidesDays", type.hides_days}};
  }
  return json::serialize(types);
}

Answer set_event_types(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  EventTypes types;
  Fields fields(object);
  fields.take_objects("types", [&types](std::string_view name, Fields& type) {
    EventType& own = types[std::string(name)];
    type.take("weight", own.weight);
    type.take("halfLifeDays", own.half_life_days);
    type.take("isRating", own.is_rating);
    type.take("hides", own.hides);
    type.take("hidesDays", own.hides_days);
  });
  COSENO_TRY(fields.done());
  return nothing(engine.set_event_types(types));
}

Answer note(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(name, id_of(request));
  COSENO_ASSIGN(text, engine.note(name));
  return text ? json::serialize(json::string(*text)) : "";
}

Answer set_note(Engine& engine, std::string_view request, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string_view name;
  std::string_view text;
  Fields fields(object);
  fields.take("name", name);
  fields.take("text", text);
  COSENO_TRY(fields.done());
  return nothing(engine.set_note(name, text));
}

// --- the whole

std::string report_json(const TrainReport& report) {
  json::object object{{"snapshot", report.snapshot},
                      {"model", report.model},
                      {"settings", settings_json(report.settings)},
                      {"position", report.position},
                      {"ndcg", report.ndcg},
                      {"ndcgInService", report.ndcg_in_service},
                      {"ndcgPopularity", report.ndcg_popularity},
                      {"seconds", report.seconds}};
  if (report.agreement) object["agreement"] = *report.agreement;
  return json::serialize(object);
}

Answer train(Engine& engine, std::string_view request, const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(request));
  TrainOptions options{.progress = watch.progress, .cancelled = watch.cancelled};
  Fields fields(object);
  fields.take("model", options.model);
  fields.take("settings", options.settings);
  fields.take("seconds", options.seconds);
  COSENO_TRY(fields.done());
  COSENO_ASSIGN(report, engine.train(options));
  return report_json(report);
}

Answer snapshots(Engine& engine, std::string_view /*request*/, const ProgressOptions& /*watch*/) {
  COSENO_ASSIGN(found, engine.snapshots());
  json::array list;
  for (const SnapshotInfo& each : found) {
    json::object info{{"snapshot", each.snapshot}, {"isInService", each.is_in_service},
                      {"model", each.model},       {"settings", settings_json(each.settings)},
                      {"position", each.position}, {"ndcg", each.ndcg}};
    if (each.ndcg_popularity) info["ndcgPopularity"] = *each.ndcg_popularity;
    list.push_back(std::move(info));
  }
  return json::serialize(list);
}

Answer stats(Engine& engine, std::string_view /*request*/, const ProgressOptions& /*watch*/) {
  const EngineStats stats = engine.stats();
  return json::serialize(json::object{{"position", stats.position},
                                      {"nEvents", stats.n_events},
                                      {"nUsers", stats.n_users},
                                      {"nItems", stats.n_items},
                                      {"snapshot", stats.snapshot},
                                      {"model", stats.model},
                                      {"snapshotTrouble", stats.snapshot_trouble},
                                      {"searchRecall", stats.search_recall},
                                      {"nKeptEvents", stats.n_kept_events},
                                      {"usersBytes", stats.users_bytes},
                                      {"itemsBytes", stats.items_bytes},
                                      {"modelBytes", stats.model_bytes}});
}

Answer refresh(Engine& engine, std::string_view /*request*/, const ProgressOptions& /*watch*/) {
  return nothing(engine.refresh());
}

Answer compact(Engine& engine, std::string_view /*request*/, const ProgressOptions& watch) {
  return nothing(engine.compact(watch));
}

Answer back_up(Engine& engine, std::string_view request, const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string target;
  Fields fields(object);
  fields.take("target", target);
  COSENO_TRY(fields.done());
  return nothing(engine.back_up(target, watch));
}

// Reports to who watches a call.
class WatchedProgress final : public Progress {
 public:
  explicit WatchedProgress(const ProgressOptions& watch) : watch_(watch) {}
  void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view /*note*/) override {
    watch_.progress(stage, total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0);
  }
  bool cancelled() const override { return watch_.cancelled(); }

 private:
  const ProgressOptions& watch_;
};

Answer import_file(Engine& engine, std::string_view request, const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string path;
  std::string_view kind = "events";
  std::string_view format;
  ImportEventsOptions options;
  Fields fields(object);
  fields.take("path", path);
  fields.take("kind", kind);
  fields.take("format", format);
  fields.take("type", options.type);
  if (!format.empty()) {
    options.format = interaction_format(format);
    if (!options.format) {
      fields.refuse("format",
                    "must be json-matrix, json-lines, csv, tsv, double-colon or user-lines");
    }
  }
  if (kind != "events" && kind != "items" && kind != "users") {
    fields.refuse("kind", "must be events, items or users");
  }
  COSENO_TRY(fields.done());
  WatchedProgress progress(watch);
  if (kind != "events") {
    COSENO_ASSIGN(n_put, kind == "items" ? import_items(engine, path, progress)
                                         : import_users(engine, path, progress));
    return json::serialize(json::object{{"nPut", n_put}, {"position", engine.position()}});
  }
  options.now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  ImportedEvents counts;
  COSENO_TRY(import_events(engine, path, options, progress, counts));
  return json::serialize(json::object{{"nRows", counts.n_rows},
                                      {"nNew", counts.n_new},
                                      {"nRepeated", counts.n_repeated},
                                      {"position", engine.position()}});
}

constexpr EngineCall kEngineCalls[] = {
    {"observe", Lane::write, observe},
    {"retract", Lane::write, retract},
    {"history", Lane::read, history},
    {"events", Lane::read, events},
    {"shown", Lane::read, shown},
    {"putItem", Lane::write, put<&Engine::put_item>},
    {"putItems", Lane::write, put_many<&Engine::put_items>},
    {"patchItem", Lane::write, put<&Engine::patch_item>},
    {"deleteItem", Lane::write, remove<&Engine::delete_item>},
    {"getItem", Lane::read, get<&Engine::item>},
    {"listItems", Lane::read, list_items},
    {"putUser", Lane::write, put<&Engine::put_user>},
    {"putUsers", Lane::write, put_many<&Engine::put_users>},
    {"patchUser", Lane::write, put<&Engine::patch_user>},
    {"eraseUser", Lane::write, remove<&Engine::erase_user>},
    {"getUser", Lane::read, get<&Engine::user>},
    {"listUsers", Lane::read, list_users},
    {"similarUsers", Lane::read, similar_users},
    {"eventTypes", Lane::read, event_types},
    {"setEventTypes", Lane::write, set_event_types},
    {"note", Lane::read, note},
    {"setNote", Lane::write, set_note},
    {"snapshots", Lane::read, snapshots},
    {"stats", Lane::read, stats},
    {"refresh", Lane::write, refresh},
    {"train", Lane::job, train},
    {"compact", Lane::job, compact},
    {"backUp", Lane::job, back_up},
    {"importFile", Lane::job, import_file},
};

// --- folders

Answer restore(std::string_view request, const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string backup;
  std::string folder;
  Fields fields(object);
  fields.take("backup", backup);
  fields.take("folder", folder);
  COSENO_TRY(fields.done());
  return nothing(Engine::restore(backup, folder, watch));
}

Answer verify(std::string_view request, const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(request));
  std::string folder;
  Fields fields(object);
  fields.take("folder", folder);
  COSENO_TRY(fields.done());
  COSENO_ASSIGN(contents, Engine::verify(folder, watch));
  return json::serialize(json::object{{"position", contents.position},
                                      {"nEvents", contents.n_events},
                                      {"nEventIds", contents.n_event_ids},
                                      {"nUsers", contents.n_users},
                                      {"nErasedUsers", contents.n_erased_users},
                                      {"nItems", contents.n_items},
                                      {"nShownLists", contents.n_shown_lists},
                                      {"snapshot", contents.snapshot}});
}

constexpr FolderCall kFolderCalls[] = {{"restore", restore}, {"verify", verify}};

}  // namespace

Result<std::string> publish_vectors(Engine& engine, std::string_view request,
                                    const VectorArrays& arrays, const ProgressOptions& watch) {
  COSENO_ASSIGN(object, parse_object(request));
  std::vector<std::string_view> items;
  std::vector<std::string_view> users;
  std::optional<std::int64_t> position;
  VectorsRequest asked{.item_vectors = arrays.items,
                       .item_biases = arrays.item_biases,
                       .user_vectors = arrays.users,
                       .progress = watch.progress,
                       .cancelled = watch.cancelled};
  Fields fields(object);
  fields.take("dim", asked.dim);
  fields.take("items", items);
  fields.take("users", users);
  fields.take("name", asked.name);
  fields.take("settings", asked.settings);
  fields.take("position", position);
  fields.take("force", asked.force);
  if (position && *position < 0) fields.refuse("position", "must not be below 0");
  COSENO_TRY(fields.done());
  asked.items = items;
  asked.users = users;
  if (position) asked.position = static_cast<std::uint64_t>(*position);
  COSENO_ASSIGN(report, engine.publish_vectors(asked));
  return report_json(report);
}

const EngineCall* find_engine_call(std::string_view name) {
  const auto* const found = std::ranges::find(kEngineCalls, name, &EngineCall::name);
  return found == std::end(kEngineCalls) ? nullptr : found;
}

const FolderCall* find_folder_call(std::string_view name) {
  const auto* const found = std::ranges::find(kFolderCalls, name, &FolderCall::name);
  return found == std::end(kFolderCalls) ? nullptr : found;
}

Result<OpenRequest> open_request(std::string_view json) {
  COSENO_ASSIGN(object, parse_object(json));
  OpenRequest asked;
  EngineOptions& options = asked.options;
  std::string_view durability = "interval";
  Fields fields(object);
  fields.take("folder", asked.folder);
  fields.take("beside", asked.is_beside);
  fields.take("durability", durability);
  fields.take("create", options.create);
  fields.take("historyLength", options.history_length);
  fields.take("trendingHalfLifeDays", options.trending_half_life_days);
  fields.take("covisitationWidth", options.covisitation_width);
  fields.take("graphItems", options.graph_items);
  fields.take("shownDays", options.shown_days);
  fields.take("nThreads", options.n_threads);
  fields.take("seed", options.seed);
  if (durability == "none") {
    options.durability = Durability::none;
  } else if (durability == "always") {
    options.durability = Durability::always;
  } else if (durability != "interval") {
    fields.refuse("durability", "must be none, interval or always");
  }
  COSENO_TRY(fields.done());
  return asked;
}

}  // namespace coseno::node
