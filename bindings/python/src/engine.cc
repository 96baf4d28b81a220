#include "coseno/engine.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.h"
#include "errors.h"
#include "logged_event.h"
#include "module.h"
#include "watch.h"

namespace nb = nanobind;

namespace coseno::python {
namespace {

using nb::literals::operator""_a;

using Time = std::optional<std::int64_t>;
// user, item, type, value, time_ms, id
using EventTuple = std::tuple<std::string, std::string, std::string, float, Time, std::string>;
// item, type, value, time_ms
using ActTuple = std::tuple<std::string, std::string, float, Time>;
using Strings = std::vector<std::string>;

std::vector<std::string_view> views(const Strings& texts) { return {texts.begin(), texts.end()}; }

// An engine until it is closed. Its members are read and written with the GIL, so a thread that
// closes it and one that asks it cannot meet; who is in a call then keeps the engine to the end of
// it.
class OpenEngine {
 public:
  explicit OpenEngine(Engine engine) : engine_(std::make_shared<Engine>(std::move(engine))) {}

  bool is_closed() const { return engine_ == nullptr; }

  // Syncs.
  void close() {
    std::shared_ptr<Engine> last = std::move(engine_);
    const nb::gil_scoped_release release;
    last.reset();
  }

  // The value of call(engine), without the GIL.
  template <class Call>
  auto ask(const Call& call) const {
    const std::shared_ptr<Engine> engine = open_one();
    return Watch(nb::none()).run([&] { return call(*engine); });
  }

  // The same of work that tells how it goes.
  template <class Options, class Call>
  auto watch(Options options, nb::object progress, const Call& call) const {
    const std::shared_ptr<Engine> engine = open_one();
    Watch watch(std::move(progress));
    watch.watch(options);
    return watch.run([&] { return call(*engine, options); });
  }

  // What is there at once, and cannot fail.
  template <class Call>
  auto look(const Call& call) const {
    return call(*open_one());
  }

 private:
  std::shared_ptr<Engine> open_one() const {
    if (engine_ == nullptr) {
      nb::module_::import_("coseno._errors").attr("raise_closed")();
    }
    return engine_;
  }

  std::shared_ptr<Engine> engine_;
};

// --- opening

Durability durability_of(std::string_view name) {
  if (name == "none") return Durability::none;
  if (name == "interval") return Durability::interval;
  if (name == "always") return Durability::always;
  raise({ErrorCode::invalid_argument,
         "durability must be none, interval or always, not " + std::string(name)});
}

OpenEngine open(const std::string& folder, bool beside, std::string_view durability, bool create,
                std::size_t history_length, double trending_half_life_days,
                std::size_t covisitation_width, std::size_t graph_items, int shown_days,
                int n_threads, std::uint64_t seed) {
  const EngineOptions options{.durability = durability_of(durability),
                              .create = create,
                              .history_length = history_length,
                              .trending_half_life_days = trending_half_life_days,
                              .covisitation_width = covisitation_width,
                              .graph_items = graph_items,
                              .shown_days = shown_days,
                              .n_threads = n_threads,
                              .seed = seed};
  return OpenEngine(Watch(nb::none()).run([&] {
    return beside ? Engine::open_beside(folder, options) : Engine::open(folder, options);
  }));
}

// --- events

Acknowledged observe(OpenEngine& engine, std::string_view user, std::string_view item,
                     std::string_view type, float value, Time time_ms, std::string_view id) {
  const Event event{user, item, type, value, time_ms, id};
  return engine.ask([&](Engine& open) { return open.observe(event); });
}

Acknowledged observe_many(OpenEngine& engine, const std::vector<EventTuple>& tuples) {
  std::vector<Event> events;
  events.reserve(tuples.size());
  for (const auto& [user, item, type, value, time_ms, id] : tuples) {
    events.push_back({user, item, type, value, time_ms, id});
  }
  return engine.ask([&](Engine& open) { return open.observe(events); });
}

std::vector<KeptEvent> events(const OpenEngine& engine, std::uint64_t from, std::size_t limit) {
  std::vector<KeptEvent> kept;
  engine.ask([&](Engine& open) {
    return open.scan_events(from, [&](const LoggedEvent& event) {
      if (kept.size() == limit) return false;
      kept.push_back({event.position, std::string(event.user), std::string(event.item),
                      std::string(event.type), event.value, event.time_ms});
      return true;
    });
  });
  return kept;
}

std::vector<ShownList> shown_lists(const OpenEngine& engine, Time from_ms,
                                   std::optional<std::size_t> limit) {
  std::vector<ShownList> lists;
  engine.ask([&](Engine& open) {
    return open.scan_shown(
        [&](const ShownList& list) {
          if (limit && lists.size() == *limit) return false;
          lists.push_back(list);
          return true;
        },
        from_ms);
  });
  return lists;
}

// --- lists

Recommendations recommend(const OpenEngine& engine, std::string_view user, std::size_t k,
                          std::string_view filter, const Strings& exclude, const Strings& pinned,
                          const std::vector<std::pair<std::string, double>>& boosts,
                          const std::vector<std::pair<std::string, std::size_t>>& caps,
                          double diversity, std::string_view calibrate, double exploration,
                          std::uint64_t seed, bool log_shown, bool include_seen, bool explain,
                          const std::optional<std::vector<ActTuple>>& history,
                          std::uint64_t min_position) {
  const std::vector<std::string_view> excluded = views(exclude);
  const std::vector<std::string_view> first = views(pinned);
  std::vector<Boost> boosted;
  for (const auto& [of, amount] : boosts) boosted.push_back({of, amount});
  std::vector<GroupCap> capped;
  for (const auto& [property, at_most] : caps) capped.push_back({property, at_most});
  std::vector<Act> acts;
  if (history) {
    for (const auto& [item, type, value, time_ms] : *history) {
      acts.push_back({item, type, value, time_ms});
    }
  }
  RecommendRequest request{.user = user,
                           .k = k,
                           .filter = filter,
                           .exclude = excluded,
                           .pinned = first,
                           .boosts = boosted,
                           .caps = capped,
                           .diversity = diversity,
                           .calibrate = calibrate,
                           .exploration = exploration,
                           .seed = seed,
                           .log_shown = log_shown,
                           .include_seen = include_seen,
                           .explain = explain};
  if (history) request.history = acts;
  request.min_position = min_position;
  return engine.ask([&](Engine& open) { return open.recommend(request); });
}

// --- records

std::vector<std::pair<std::string, std::string>> records_of(ListedPage page) {
  std::vector<std::pair<std::string, std::string>> records;
  for (ListedRecord& one : page.records) {
    records.emplace_back(std::move(one.id), std::move(one.json));
  }
  return records;
}

using Page = std::pair<std::vector<std::pair<std::string, std::string>>, std::uint64_t>;

Page items(const OpenEngine& engine, std::string_view filter, std::string_view text,
           std::uint64_t after, std::size_t limit) {
  const ItemsRequest request{.filter = filter, .text = text, .after = after, .limit = limit};
  ListedPage page = engine.ask([&](Engine& open) { return open.items(request); });
  const std::uint64_t next = page.next;
  return {records_of(std::move(page)), next};
}

Page users(const OpenEngine& engine, std::uint64_t after, std::size_t limit) {
  ListedPage page = engine.ask([&](Engine& open) { return open.users(after, limit); });
  const std::uint64_t next = page.next;
  return {records_of(std::move(page)), next};
}

using Properties = std::vector<std::pair<std::string, std::string>>;

// Ids and JSON, looked at where they are.
std::vector<PropertiesOf> properties_of(const Properties& pairs) {
  std::vector<PropertiesOf> all;
  for (const auto& [id, json] : pairs) all.push_back({id, json});
  return all;
}

std::uint64_t put_items(OpenEngine& engine, const Properties& pairs) {
  const std::vector<PropertiesOf> all = properties_of(pairs);
  return engine.ask([&](Engine& open) { return open.put_items(all); });
}

std::uint64_t put_users(OpenEngine& engine, const Properties& pairs) {
  const std::vector<PropertiesOf> all = properties_of(pairs);
  return engine.ask([&](Engine& open) { return open.put_users(all); });
}

void add_records(nb::class_<OpenEngine>& type) {
  type.def(
          "put_item",
          [](OpenEngine& engine, std::string_view item, std::string_view json) {
            return engine.ask([&](Engine& open) { return open.put_item(item, json); });
          },
          "item"_a, "json"_a)
      .def(
          "patch_item",
          [](OpenEngine& engine, std::string_view item, std::string_view json) {
            return engine.ask([&](Engine& open) { return open.patch_item(item, json); });
          },
          "item"_a, "json"_a)
      .def(
          "delete_item",
          [](OpenEngine& engine, std::string_view item) {
            return engine.ask([&](Engine& open) { return open.delete_item(item); });
          },
          "item"_a)
      .def(
          "item",
          [](const OpenEngine& engine, std::string_view item) {
            return engine.ask([&](Engine& open) { return open.item(item); });
          },
          "item"_a)
      .def(
          "put_user",
          [](OpenEngine& engine, std::string_view user, std::string_view json) {
            return engine.ask([&](Engine& open) { return open.put_user(user, json); });
          },
          "user"_a, "json"_a)
      .def(
          "patch_user",
          [](OpenEngine& engine, std::string_view user, std::string_view json) {
            return engine.ask([&](Engine& open) { return open.patch_user(user, json); });
          },
          "user"_a, "json"_a)
      .def(
          "user",
          [](const OpenEngine& engine, std::string_view user) {
            return engine.ask([&](Engine& open) { return open.user(user); });
          },
          "user"_a)
      .def(
          "erase_user",
          [](OpenEngine& engine, std::string_view user) {
            return engine.ask([&](Engine& open) { return open.erase_user(user); });
          },
          "user"_a)
      .def("put_items", &put_items, "items"_a)
      .def("put_users", &put_users, "users"_a)
      .def("items", &items, "filter"_a, "text"_a, "after"_a, "limit"_a)
      .def("users", &users, "after"_a, "limit"_a);
}

// --- the folder

TrainReport train(OpenEngine& engine, std::string model,
                  const std::map<std::string, std::string>& settings, double seconds,
                  nb::object progress) {
  TrainOptions options;
  options.model = std::move(model);
  options.settings = {settings.begin(), settings.end()};
  options.seconds = seconds;
  return engine.watch(std::move(options), std::move(progress),
                      [](Engine& open, const TrainOptions& told) { return open.train(told); });
}

TrainReport publish_vectors(OpenEngine& engine, const Strings& items,
                            const Array<float>& item_vectors, std::size_t dim,
                            const std::optional<Array<float>>& item_biases, const Strings& users,
                            const Array<float>& user_vectors, std::string_view name,
                            const std::map<std::string, std::string>& settings,
                            std::optional<std::uint64_t> position, bool force,
                            nb::object progress) {
  const std::vector<std::string_view> of_items = views(items);
  const std::vector<std::string_view> of_users = views(users);
  VectorsRequest request;
  request.dim = dim;
  request.items = of_items;
  request.item_vectors = span_of(item_vectors);
  if (item_biases) request.item_biases = span_of(*item_biases);
  request.users = of_users;
  request.user_vectors = span_of(user_vectors);
  request.name = name;
  request.settings = {settings.begin(), settings.end()};
  request.position = position;
  request.force = force;
  return engine.watch(
      std::move(request), std::move(progress),
      [](Engine& open, const VectorsRequest& told) { return open.publish_vectors(told); });
}

void compact(OpenEngine& engine, nb::object progress) {
  engine.watch(ProgressOptions(), std::move(progress),
               [](Engine& open, const ProgressOptions& told) { return open.compact(told); });
}

void back_up(const OpenEngine& engine, const std::string& target, nb::object progress) {
  engine.watch(
      ProgressOptions(), std::move(progress),
      [&](Engine& open, const ProgressOptions& told) { return open.back_up(target, told); });
}

void restore(const std::string& backup, const std::string& folder, nb::object progress) {
  Watch watch(std::move(progress));
  ProgressOptions options;
  watch.watch(options);
  watch.run([&] { return Engine::restore(backup, folder, options); });
}

FolderContents verify(const std::string& folder, nb::object progress) {
  Watch watch(std::move(progress));
  ProgressOptions options;
  watch.watch(options);
  return watch.run([&] { return Engine::verify(folder, options); });
}

void set_event_types(OpenEngine& engine, const std::map<std::string, EventType>& types) {
  const EventTypes all(types.begin(), types.end());
  engine.ask([&](Engine& open) { return open.set_event_types(all); });
}

void add_folder(nb::class_<OpenEngine>& type) {
  type.def("train", &train, "model"_a, "settings"_a, "seconds"_a, "progress"_a.none())
      .def("publish_vectors", &publish_vectors, "items"_a, "item_vectors"_a.noconvert(), "dim"_a,
           "item_biases"_a.noconvert().none(), "users"_a, "user_vectors"_a.noconvert(), "name"_a,
           "settings"_a, "position"_a.none(), "force"_a, "progress"_a.none())
      .def("refresh",
           [](OpenEngine& engine) { engine.ask([](Engine& open) { return open.refresh(); }); })
      .def("snapshots",
           [](const OpenEngine& engine) {
             return engine.ask([](Engine& open) { return open.snapshots(); });
           })
      .def("stats",
           [](const OpenEngine& engine) {
             return engine.look([](Engine& open) { return open.stats(); });
           })
      .def_prop_ro("position",
                   [](const OpenEngine& engine) {
                     return engine.look([](Engine& open) { return open.position(); });
                   })
      .def_prop_ro("folder",
                   [](const OpenEngine& engine) {
                     return engine.look([](Engine& open) { return open.folder(); });
                   })
      .def("event_types",
           [](const OpenEngine& engine) {
             const EventTypes types = engine.look([](Engine& open) { return open.event_types(); });
             return std::map<std::string, EventType>(types.begin(), types.end());
           })
      .def(
          "note",
          [](const OpenEngine& engine, std::string_view name) {
            return engine.ask([&](Engine& open) { return open.note(name); });
          },
          "name"_a)
      .def(
          "set_note",
          [](OpenEngine& engine, std::string_view name, std::string_view text) {
            engine.ask([&](Engine& open) { return open.set_note(name, text); });
          },
          "name"_a, "text"_a)
      .def("set_event_types", &set_event_types, "types"_a)
      .def("compact", &compact, "progress"_a.none())
      .def("back_up", &back_up, "target"_a, "progress"_a.none())
      .def_static("restore", &restore, "backup"_a, "folder"_a, "progress"_a.none())
      .def_static("verify", &verify, "folder"_a, "progress"_a.none());
}

}  // namespace

void add_engine(nb::module_& module) {
  nb::class_<OpenEngine> type(module, "Engine", "A data folder that is open.");
  type.def_static("open", &open, "folder"_a, "beside"_a, "durability"_a, "create"_a,
                  "history_length"_a, "trending_half_life_days"_a, "covisitation_width"_a,
                  "graph_items"_a, "shown_days"_a, "n_threads"_a, "seed"_a)
      .def("close", &OpenEngine::close)
      .def_prop_ro("closed", &OpenEngine::is_closed)
      .def("observe", &observe, "user"_a, "item"_a, "type"_a, "value"_a, "time_ms"_a.none(), "id"_a)
      .def("observe_many", &observe_many, "events"_a)
      .def(
          "retract",
          [](OpenEngine& engine, std::string_view id) {
            return engine.ask([&](Engine& open) { return open.retract(id); });
          },
          "event_id"_a)
      .def("recommend", &recommend, "user"_a, "k"_a, "filter"_a, "exclude"_a, "pinned"_a,
           "boosts"_a, "caps"_a, "diversity"_a, "calibrate"_a, "exploration"_a, "seed"_a,
           "log_shown"_a, "include_seen"_a, "explain"_a, "history"_a.none(), "min_position"_a)
      .def(
          "similar",
          [](const OpenEngine& engine, std::string_view item, std::size_t k,
             std::string_view filter) {
            return engine.ask([&](Engine& open) { return open.similar(item, k, filter); });
          },
          "item"_a, "k"_a, "filter"_a)
      .def(
          "trending",
          [](const OpenEngine& engine, std::size_t k, std::string_view filter) {
            return engine.ask([&](Engine& open) { return open.trending(k, filter); });
          },
          "k"_a, "filter"_a)
      .def(
          "similar_users",
          [](const OpenEngine& engine, std::string_view user, std::size_t k) {
            return engine.ask([&](Engine& open) { return open.similar_users(user, k); });
          },
          "user"_a, "k"_a)
      .def(
          "history",
          [](const OpenEngine& engine, std::string_view user) {
            return engine.look([&](Engine& open) { return open.history(user); });
          },
          "user"_a)
      .def("events", &events, "start"_a, "limit"_a)
      .def("shown_lists", &shown_lists, "from_ms"_a.none(), "limit"_a.none());
  add_records(type);
  add_folder(type);
}

}  // namespace coseno::python
