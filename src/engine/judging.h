// What a training is judged by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset.h"
#include "engine/live_state.h"
#include "engine/trainer.h"
#include "models/blend_weights.h"
#include "models/model.h"

namespace coseno {

// What models learn from: of each pair of the log the last event, of types with a weight. Ratings,
// if all of them are ratings. Users have their numbers for names.
Dataset dataset_of(const TrainingLog& log);

// A user with something held out that they had not had before.
struct Judge {
  UserIndex user;
  std::vector<std::uint32_t> relevant;  // items, rising
};

// The newest tenth of each user's events, at least one where they have three, and what is learnt
// from the others to be judged by those: a dataset, and the live counts as the engine would have
// had them. Immutable.
class Judging {
 public:
  // `log` must outlive it.
  Judging(const TrainingLog& log, const EngineOptions& options);

  // What is not held out.
  const Dataset& rest() const { return rest_; }

  // Those whose held-out events came after position `from`, if they are enough to tell; else all.
  // No more than 4000, evenly taken.
  std::vector<Judge> judges_after(std::uint64_t from) const;

  // What blend weights are fitted on (models/blend_weights.h), one a judge.
  std::vector<BlendCase> cases(const Model& model, std::span<const Judge> judges,
                               FitContext& context) const;

  // Fills the weights of the snapshot, and the figures of the report, by judges_after(from). What
  // is in service, which may be nullptr, has learnt of all but the events after its position: where
  // those are enough to tell, they judge both. `from`: of the last event that the model has learnt
  // from beside rest().
  void judge(const Model& model, std::uint64_t from, const ModelSnapshot* in_service,
             FitContext& context, Trained& result) const;

 private:
  std::vector<Judge> judges(std::uint64_t from) const;
  double ndcg_of_popularity(std::span<const Judge> judges, FitContext& context) const;

  const TrainingLog& log_;
  // A user's events, as places in the log, by time.
  std::vector<std::vector<std::uint32_t>> users_;
  std::vector<char> is_held_out_;  // a flag an event
  Dataset rest_;
  LiveState state_;
};

// What is left to do with the model in `result.fitted`, once result.snapshot has its name, settings
// and position: a graph, with the users of `matrix` to judge it, and the report. Errors: cancelled,
// unavailable (memory).
Result<void> finish(const EngineOptions& options, const UserItemMatrix& matrix, FitContext& context,
                    Trained& result);

}  // namespace coseno
