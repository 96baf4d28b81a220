// Training of `sasrec` by the program coseno-train-deep, which is apart because it needs LibTorch.
#pragma once

#include <string>

#include "base/error.h"
#include "data/user_item_matrix.h"
#include "models/model.h"
#include "models/sasrec_options.h"
#include "models/sasrec_tensors.h"

namespace coseno {

// The trainer that train_sasrec() would run: what the variable COSENO_TRAIN_DEEP names, else
// coseno-train-deep beside the running program, else the first in PATH. Errors: unavailable, with
// how to get it.
Result<std::string> find_deep_trainer();

// Writes the histories to a file, runs the trainer on it, passes its progress on, and reads what it
// has written; files of its own are gone afterwards. Where the progress is cancelled, the trainer
// is asked to end (SIGINT, upon which it writes a checkpoint if it has a path for one), and waited
// for. Errors: unavailable (no trainer; memory), cancelled, io, internal (it ended in another way,
// with the last line that it said).
Result<SasrecTrained> train_sasrec(const UserItemMatrix& matrix, const SasrecOptions& options,
                                   FitContext& context);

}  // namespace coseno
