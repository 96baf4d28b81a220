#include "engine/tastes.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <utility>

namespace coseno {

Tastes tastes_of(std::span<const KeptEvent> history, const TypeMeanings& types,
                 std::int64_t now_ms) {
  Tastes tastes;
  boost::unordered_flat_map<std::uint32_t, float> seen;  // the largest weight of each item
  std::vector<const KeptEvent*> kept;                    // the last of each item, newest first
  for (std::size_t n = history.size(); n-- > 0;) {
    const KeptEvent& event = history[n];
    const EventType& type = types.of(event.type());
    const float weight = weight_now(type, now_ms - event.time_ms());
    tastes.changes_with_time |= type.half_life_days > 0;
    if (weight <= 0) continue;
    const auto [place, is_new] = seen.try_emplace(std::to_underlying(event.item()), weight);
    if (is_new) {
      kept.push_back(&event);
    } else {
      place->second = std::max(place->second, weight);
    }
  }
  for (auto event = kept.rbegin(); event != kept.rend(); ++event) {
    const bool is_rating = types.of((*event)->type()).is_rating;
    tastes.has_ratings |= is_rating;
    tastes.interactions.push_back(
        {(*event)->item(), (*event)->value(), (*event)->time_ms() / 1000});
    tastes.weights.push_back(seen.at(std::to_underlying((*event)->item())));
  }
  return tastes;
}

}  // namespace coseno
