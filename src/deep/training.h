// From histories to the numbers of a `sasrec`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/histories_file.h"
#include "models/sasrec_options.h"

namespace coseno {

struct DeepTrainingProgress {
  double epochs = 0;     // done
  double loss = 0;       // of the last whole epoch, as the next two
  double ndcg = 0;       // @10, of the validation items; 0 where there are none
  double best_ndcg = 0;  // so far
};

struct DeepTrainingOptions {
  SasrecOptions model;
  std::uint64_t seed = 1;
  // After each step.
  std::function<void(const DeepTrainingProgress&)> progress;
  std::function<bool()> interrupted;
};

struct DeepTraining {
  std::vector<float> parameters;  // in the order of sasrec_tensors()
  std::uint64_t epoch = 0;        // that they are of, from 1 on: the best by NDCG@10
  double ndcg = 0;
};

// Deterministic for a seed on one thread, in one piece or interrupted. Where model.checkpoint is a
// file, it goes on from there. Errors: cancelled, where interrupted() says so (the checkpoint is
// written first); unavailable (memory, with the figure), invalid_argument, io, corrupt, and
// conflict (a checkpoint of another training).
Result<DeepTraining> train_deep(const Histories& histories, const DeepTrainingOptions& options);

}  // namespace coseno
