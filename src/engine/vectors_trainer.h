// From vectors that were trained elsewhere to a snapshot, judged before they are trusted.
#pragma once

#include <optional>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "coseno/engine.h"
#include "data/ids.h"
#include "engine/trainer.h"

namespace coseno {

// What a request for vectors brings, with the numbers that its ids have. The request has been
// checked.
struct GivenVectors {
  const VectorsRequest& request;
  std::vector<ItemIndex> items;                 // one a row
  std::vector<std::optional<UserIndex>> users;  // one a row; nothing for somebody unknown
};

// The same as train() with vectors from elsewhere in the place of a fit. Where their position is
// told, only later events judge, if there are 100 or more. Without any event to judge by, the
// voices get fixed weights. Errors: cancelled, unavailable (memory).
Result<Trained> take_vectors(const TrainingLog& log, const ModelSnapshot* in_service,
                             const EngineOptions& engine_options, const GivenVectors& given,
                             ThreadPool& pool, Progress& progress);

}  // namespace coseno
