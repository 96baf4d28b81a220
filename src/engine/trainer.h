// From a log to a snapshot, judged before it is trusted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "coseno/engine.h"
#include "data/ids.h"
#include "engine/event_type_table.h"
#include "engine/live_state.h"
#include "engine/model_snapshot.h"
#include "engine/search_graph.h"
#include "models/fitted_model.h"

namespace coseno {

// What a training learns from: a copy, so that nobody waits for it.
struct TrainingLog {
  // In log order; without those that were retracted, or are of a user who was erased.
  std::vector<LiveEvent> events;
  std::vector<std::uint64_t> positions;  // of each
  std::uint64_t position = 0;            // of the last of all
  ItemIds items;
  std::size_t n_users = 0;  // numbers given
  TypeMeanings types;
};

struct Trained {
  ModelSnapshot snapshot;  // without an id; snapshot.model is in `fitted` still
  FittedModel fitted;
  std::optional<SearchGraph> graph;  // of the vectors of fitted.model
  TrainReport report;
};

// The newest tenth of each user's events is held out, at least one where they have three. Models
// are fitted to the rest, and live counts made of it, as the engine would have had them; then the
// weights of the largest NDCG@20 of what is held out are searched (models/blend_weights.h), and
// what is fitted to all gets them (engine/judging.h).
//
// `in_service`, which may be nullptr, is judged on the same, but only by events that came after it
// was trained: of the others it has learnt. Fewer than 100 of those tell nothing, and then it is
// taken for worse.
//
// `options`: of the engine, for the live counts. Errors: invalid_argument (nothing to learn from,
// settings), cancelled, unavailable (memory).
Result<Trained> train(const TrainingLog& log, const ModelSnapshot* in_service,
                      const EngineOptions& engine_options, const TrainOptions& options,
                      ThreadPool& pool, Progress& progress);

}  // namespace coseno
