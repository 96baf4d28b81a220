#include "engine/shown_lists.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"

namespace coseno {
namespace {

// One list after another, into the same memory.
class Naming {
 public:
  explicit Naming(const EngineState& state) : state_(state) {}

  // False where the state does not know all that the record names: an engine beside knows what was
  // there when it last caught up; and somebody may just have been erased.
  bool name(const ShownRecord& record, ShownList& list) {
    if (record.position > state_.position.load(std::memory_order_acquire)) return false;
    list.user.clear();
    if (record.user) {
      if (offset(*record.user) >= state_.users.size()) return false;
      list.user = state_.users.id(*record.user);
      if (list.user.empty()) return false;
    }
    list.time_ms = record.key.time_ms;
    list.position = record.position;
    list.snapshot = record.snapshot;
    list.exploration = record.exploration;
    list.seed = record.seed;
    return name_items(record, list);
  }

 private:
  bool name_items(const ShownRecord& record, ShownList& list) {
    const std::size_t n_items = state_.items.size();
    items_.clear();
    for (const ShownPlace& place : record.places) {
      if (offset(place.item) >= n_items) return false;
      items_.push_back(place.item);
    }
    std::vector<std::string> ids = state_.items.ids(items_);
    list.items.clear();
    for (std::size_t n = 0; n < ids.size(); ++n) {
      list.items.push_back({.item = std::move(ids[n]),
                            .score = record.places[n].score,
                            .propensity = record.places[n].propensity});
    }
    return true;
  }

  const EngineState& state_;
  std::vector<ItemIndex> items_;
};

}  // namespace

Result<void> check_log_shown(const RecommendRequest& request) {
  if (!request.user.empty() || request.history) return {};
  return invalid_argument("log_shown needs a user, or a history in place of one");
}

ShownRecord shown_record(const RecommendRequest& request, const Recommendations& list,
                         const EngineState& state) {
  ShownRecord record;
  record.position = list.position;
  record.snapshot = list.snapshot;
  record.seed = request.seed;
  record.exploration = request.exploration;
  for (const RecommendedItem& item : list.items) {
    const std::optional<ItemIndex> number = state.items.find(item.item);
    COSENO_CHECK(number.has_value());
    record.places.push_back({.item = *number,
                             .score = item.score,
                             .propensity = std::clamp(item.propensity, 0.0, 1.0)});
  }
  return record;
}

Result<void> scan_shown_lists(const EventStore& store, const EngineState& state,
                              std::optional<std::int64_t> from_ms,
                              const std::function<bool(const ShownList& list)>& visit) {
  Naming naming(state);
  ShownList list;
  return store.scan_shown(
      from_ms.value_or(std::numeric_limits<std::int64_t>::min()),
      [&](const ShownRecord& record) { return !naming.name(record, list) || visit(list); });
}

}  // namespace coseno
