// Measures fitted models on held-out interactions, by the code that serves.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "evaluation/metrics.h"
#include "evaluation/split.h"
#include "models/model.h"

namespace coseno {

// How a list is made from a model.
enum class RankBy {
  score,   // the model's own best
  cosine,  // cosine of user and item vectors
};

struct EvaluateOptions {
  std::size_t k = 10;
  // Held-out interactions with a value of at least this are relevant; all of them are hidden
  // from nobody. Lowest float: every one is relevant.
  float relevant_from = std::numeric_limits<float>::lowest();
  RankBy rank_by = RankBy::score;
};

struct Evaluation {
  Metrics metrics;
  // lists[u]: the judged list of user u of the split, empty for a user who was not judged.
  std::vector<std::vector<ItemIndex>> lists;
  // Seconds to score all items and take the best k, one user on one thread with nothing beside it:
  // of 400 users spread over those judged, or all of fewer. The lists were made from several users'
  // scores at once, where the model can.
  double latency_p50_s = 0;
  double latency_p99_s = 0;
};

// For every user with a relevant held-out item: score all items from the user's profile in the
// split, leave the history's items out where the split hides them, take k. Ties are counted against
// the model: of equal scores, what is not relevant comes first, then the lower number. Where the
// model predicts ratings and the data have values, every held-out rating is predicted. A user
// without history is judged like any other (the model scores an empty profile). Same result for any
// number of threads. Errors: invalid_argument (k = 0, no vectors for cosine, nobody to judge),
// cancelled.
Result<Evaluation> evaluate(const Model& model, const Split& split, const EvaluateOptions& options,
                            ThreadPool& pool, Progress& progress);

// The mean of each metric over splits, weighted equally; counts are summed. At least one.
Metrics mean(std::span<const Metrics> metrics);

}  // namespace coseno
