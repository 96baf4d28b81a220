// A history, as models and counts are asked with it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/event_type_table.h"
#include "engine/user_store.h"
#include "models/model.h"

namespace coseno {

// A history as models want it: each item once, where it was had last, with the largest weight that
// one of its events has now; without items of weight 0.
struct Tastes {
  std::vector<Interaction> interactions;  // oldest first
  std::vector<float> weights;             // of each, > 0
  bool has_ratings = false;
  bool changes_with_time = false;  // some weight is another one a moment later

  bool empty() const { return interactions.empty(); }
  // A view of it.
  Profile profile() const { return {.history = interactions, .weights = weights}; }
};
Tastes tastes_of(std::span<const KeptEvent> history, const TypeMeanings& types,
                 std::int64_t now_ms);

}  // namespace coseno
