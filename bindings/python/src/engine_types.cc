// The structs of coseno/engine.h, to be read.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "coseno/engine.h"
#include "logged_event.h"
#include "module.h"

namespace nb = nanobind;

namespace coseno::python {
namespace {

using nb::literals::operator""_a;

// A struct whose fields are told by repr().
template <class Struct>
nb::class_<Struct> add_struct(nb::module_& module, const char* name, const char* documentation) {
  nb::class_<Struct> type(module, name, documentation);
  type.def("__repr__", [](nb::handle_t<Struct> self) {
    return nb::str(nb::module_::import_("coseno._structs").attr("representation")(self));
  });
  return type;
}

void add_answers(nb::module_& module) {
  add_struct<Source>(module, "Source", "How much of a score comes from where.")
      .def_ro("name", &Source::name)
      .def_ro("score", &Source::score);
  add_struct<Reason>(module, "Reason", "An item of the history that speaks for one in the list.")
      .def_ro("item", &Reason::item)
      .def_ro("share", &Reason::share);
  add_struct<RecommendedItem>(module, "RecommendedItem", "An item of a list.")
      .def_ro("item", &RecommendedItem::item)
      .def_ro("score", &RecommendedItem::score)
      .def_ro("propensity", &RecommendedItem::propensity)
      .def_ro("sources", &RecommendedItem::sources)
      .def_ro("reasons", &RecommendedItem::reasons);
  add_struct<Recommendations>(module, "Recommendations", "A list, best first.")
      .def_ro("items", &Recommendations::items)
      .def_ro("position", &Recommendations::position)
      .def_ro("snapshot", &Recommendations::snapshot)
      .def("__len__", [](const Recommendations& list) { return list.items.size(); });
  add_struct<ShownList>(module, "ShownList", "A list that somebody was shown.")
      .def_ro("time_ms", &ShownList::time_ms)
      .def_ro("user", &ShownList::user)
      .def_ro("position", &ShownList::position)
      .def_ro("snapshot", &ShownList::snapshot)
      .def_ro("exploration", &ShownList::exploration)
      .def_ro("seed", &ShownList::seed)
      .def_ro("items", &ShownList::items);
  add_struct<SimilarUser>(module, "SimilarUser", "Somebody who has had what a user has had.")
      .def_ro("user", &SimilarUser::user)
      .def_ro("score", &SimilarUser::score);
}

void add_events(nb::module_& module) {
  add_struct<Acknowledged>(module, "Acknowledged", "What is stored, and reflected by every answer.")
      .def_ro("position", &Acknowledged::position)
      .def_ro("n_new", &Acknowledged::n_new)
      .def_ro("n_repeated", &Acknowledged::n_repeated);
  add_struct<PastEvent>(module, "PastEvent", "One event of a user's history.")
      .def_ro("item", &PastEvent::item)
      .def_ro("type", &PastEvent::type)
      .def_ro("value", &PastEvent::value)
      .def_ro("time_ms", &PastEvent::time_ms);
  add_struct<KeptEvent>(module, "LoggedEvent", "One event of the log.")
      .def_ro("position", &KeptEvent::position)
      .def_ro("user", &KeptEvent::user)
      .def_ro("item", &KeptEvent::item)
      .def_ro("type", &KeptEvent::type)
      .def_ro("value", &KeptEvent::value)
      .def_ro("time_ms", &KeptEvent::time_ms);
  add_struct<EventType>(module, "EventType", "What an event of a type means.")
      .def(
          "__init__",
          [](EventType* self, double weight, double half_life_days, bool is_rating, bool hides,
             double hides_days) {
            new (self) EventType{.weight = weight,
                                 .half_life_days = half_life_days,
                                 .is_rating = is_rating,
                                 .hides = hides,
                                 .hides_days = hides_days};
          },
          nb::kw_only(), "weight"_a = 1.0, "half_life_days"_a = 0.0, "is_rating"_a = false,
          "hides"_a = true, "hides_days"_a = 0.0)
      .def_ro("weight", &EventType::weight)
      .def_ro("half_life_days", &EventType::half_life_days)
      .def_ro("is_rating", &EventType::is_rating)
      .def_ro("hides", &EventType::hides)
      .def_ro("hides_days", &EventType::hides_days)
      .def("__eq__", [](const EventType& a, const nb::object& b) {
        return nb::isinstance<EventType>(b) && a == nb::cast<const EventType&>(b);
      });
  module.def("default_event_types", [] {
    const EventTypes types = default_event_types();
    return std::map<std::string, EventType>(types.begin(), types.end());
  });
}

template <class Struct>
std::map<std::string, std::string> settings_of(const Struct& told) {
  return {told.settings.begin(), told.settings.end()};
}

void add_reports(nb::module_& module) {
  add_struct<TrainReport>(module, "TrainReport", "What a training came to.")
      .def_ro("snapshot", &TrainReport::snapshot)
      .def_ro("model", &TrainReport::model)
      .def_prop_ro("settings", &settings_of<TrainReport>)
      .def_ro("position", &TrainReport::position)
      .def_ro("ndcg", &TrainReport::ndcg)
      .def_ro("ndcg_in_service", &TrainReport::ndcg_in_service)
      .def_ro("ndcg_popularity", &TrainReport::ndcg_popularity)
      .def_ro("seconds", &TrainReport::seconds)
      .def_ro("agreement", &TrainReport::agreement);
  add_struct<SnapshotInfo>(module, "SnapshotInfo", "Trained models that a data folder has.")
      .def_ro("snapshot", &SnapshotInfo::snapshot)
      .def_ro("is_in_service", &SnapshotInfo::is_in_service)
      .def_ro("model", &SnapshotInfo::model)
      .def_prop_ro("settings", &settings_of<SnapshotInfo>)
      .def_ro("position", &SnapshotInfo::position)
      .def_ro("ndcg", &SnapshotInfo::ndcg)
      .def_ro("ndcg_popularity", &SnapshotInfo::ndcg_popularity);
  add_struct<EngineStats>(module, "EngineStats", "What an engine holds.")
      .def_ro("position", &EngineStats::position)
      .def_ro("n_events", &EngineStats::n_events)
      .def_ro("n_users", &EngineStats::n_users)
      .def_ro("n_items", &EngineStats::n_items)
      .def_ro("snapshot", &EngineStats::snapshot)
      .def_ro("model", &EngineStats::model)
      .def_ro("snapshot_trouble", &EngineStats::snapshot_trouble)
      .def_ro("search_recall", &EngineStats::search_recall)
      .def_ro("n_kept_events", &EngineStats::n_kept_events)
      .def_ro("users_bytes", &EngineStats::users_bytes)
      .def_ro("items_bytes", &EngineStats::items_bytes)
      .def_ro("model_bytes", &EngineStats::model_bytes);
  add_struct<FolderContents>(module, "FolderContents", "What a data folder was found to hold.")
      .def_ro("position", &FolderContents::position)
      .def_ro("n_events", &FolderContents::n_events)
      .def_ro("n_event_ids", &FolderContents::n_event_ids)
      .def_ro("n_users", &FolderContents::n_users)
      .def_ro("n_erased_users", &FolderContents::n_erased_users)
      .def_ro("n_items", &FolderContents::n_items)
      .def_ro("n_shown_lists", &FolderContents::n_shown_lists)
      .def_ro("snapshot", &FolderContents::snapshot);
}

}  // namespace

void add_engine_types(nb::module_& module) {
  add_answers(module);
  add_events(module);
  add_reports(module);
}

}  // namespace coseno::python
