// How histories become the users' vectors that a training elsewhere gave.
#pragma once

#include <span>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "models/options.h"
#include "models/vectors.h"

namespace coseno {

// Somebody whom the training knew.
struct TrainedUser {
  History history;
  std::span<const float> vector;  // a row of Vectors::Made::users
};

// Whether the user's history and vector can be compared: it has an item with a vector, and the
// user's is not of zeros.
bool tells(const Vectors& model, const TrainedUser& user);

struct VectorsCalibration {
  Vectors::Options options;
  double agreement = 0;
};

// The mean cosine of what the histories of users that tell give with these options and what the
// training gave. In [-1, 1], 0 of nobody.
double agreement(const Vectors& model, std::span<const TrainedUser> users,
                 const Vectors::Options& options, ThreadPool& pool);

// Options that are worth a try: both forms (one where there are no ratings), and decades of
// regularization and of `unobserved`, but for what `fixed` sets. `fixed` has been checked.
std::vector<Vectors::Options> likely_options(const Vectors& model, const Settings& fixed);

// The options of the largest agreement: the best of the likely ones, and from there by steps of
// half a decade down to a sixteenth. Some hundred users, evenly taken, tell; of long histories
// fewer. Cost: about 100 fold-ins a user. Errors: cancelled.
Result<VectorsCalibration> calibrate(const Vectors& model, std::span<const TrainedUser> users,
                                     const Settings& fixed, ThreadPool& pool, Progress& progress);

}  // namespace coseno
