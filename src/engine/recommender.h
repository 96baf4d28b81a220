// From a request to a list.
#pragma once

#include "base/clock.h"
#include "coseno/engine.h"
#include "engine/engine_state.h"

namespace coseno {

// Trip two of docs/architecture.md. Each call takes the snapshot, the event types and the position
// once, and serves the request with them to its end. Thread-safe, beside a writer of the state.
class Recommender {
 public:
  // Both must outlive this object.
  Recommender(const EngineState& state, const Clock& clock) : state_(state), clock_(clock) {}

  // As the functions of the same names in coseno/engine.h.
  // Cost: scores of all items, and 4 bytes an item, voice and thread, kept.
  Result<Recommendations> recommend(const RecommendRequest& request) const;
  Result<Recommendations> similar(std::string_view item, std::size_t k,
                                  std::string_view filter) const;
  Result<Recommendations> trending(std::size_t k, std::string_view filter) const;

 private:
  const EngineState& state_;
  const Clock& clock_;
};

}  // namespace coseno
