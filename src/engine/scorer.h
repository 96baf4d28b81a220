// What speaks for each item, for one user, now.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/covisitation.h"
#include "engine/event_type_table.h"
#include "engine/live_scores.h"
#include "engine/live_state.h"
#include "engine/model_snapshot.h"
#include "engine/tastes.h"
#include "models/model.h"

namespace coseno {

// The newest of the tastes, that co-visitation listens to.
std::vector<Covisitation::Weighed> recent_of(const Tastes& tastes);

// Views; must outlive the scorer. `model` may be nullptr.
struct ScorerParts {
  const Model* model;
  VoiceWeights weights;
  const LiveState& live;
  const TypeMeanings& types;
};

//   score(i) = sum over the voices v of weight_v (score_v(i) - mean_v) / deviation_v
//
// as in models/blend.h. A voice that knows nothing of the user says nothing, and one without
// history hears what is trending alone.
class Scorer {
 public:
  explicit Scorer(const ScorerParts& parts) : parts_(parts) {}

  // What one voice says of items below out.size() or n_items, made comparable, and without its
  // weight. An item that a voice does not know gets the mean, 0. `voice` is not the model.
  void score_by_model(const Tastes& tastes, std::span<float> out) const;
  LiveScores live(Voice voice, const Tastes& tastes, std::size_t n_items,
                  LiveScores::Scratch& scratch) const;

  // All voices but the model's, with their weights. Cost: co-visitation's rows of the history, a
  // look at each block of Trending, and where sessions have a weight, RecentSessions::score().
  LiveScores live(const Tastes& tastes, std::size_t n_items, LiveScores::Scratch& scratch) const;
  // All together, with their weights.
  void score(const Tastes& tastes, LiveScores::Scratch& scratch, std::span<float> out) const;

  // The weights for this user: without history what is trending has all.
  VoiceWeights weights(const Tastes& tastes) const;

 private:
  template <class Add>
  static void add_voice(double weight, LiveScores& scores, const Add& add);
  void add_counts(const Tastes& tastes, double weight, LiveScores& scores) const;
  void add_sessions(const Tastes& tastes, double weight, LiveScores& scores) const;

  ScorerParts parts_;
};

}  // namespace coseno
