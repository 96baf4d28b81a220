// Several models judged alike: the table of `coseno evaluate`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "evaluation/breakdown.h"
#include "evaluation/evaluate.h"
#include "evaluation/split.h"
#include "models/model.h"
#include "models/options.h"
#include "models/registry.h"

namespace coseno {

// A model to fit and judge.
struct Contender {
  const ModelInfo* info;
  Settings settings = {};
  RankBy rank_by = RankBy::score;
};

// `named`, or where it is empty all models that can learn from the split; and the yardstick,
// popularity by its own score, where it is not among them: no figure means anything without it.
std::vector<Contender> contenders_on(const Split& split, std::vector<Contender> named,
                                     RankBy rank_by);

// The yardstick alone.
Contender yardstick();

// A model as it was judged, as the mean over the splits.
struct Judged {
  std::string_view model;
  Metrics metrics = {};
  double fit_s = 0;  // 0: nothing was fitted
  double latency_p50_s = 0;
  double latency_p99_s = 0;
  // Where details were asked for. The breakdown joins all splits.
  Breakdown breakdown = {};
  double model_bytes = 0;  // of the arrays that a model file has of the model alone
  // Where lists were asked for: those of the last split, as Evaluation has them.
  std::vector<std::vector<ItemIndex>> lists = {};
};

struct JudgeOptions {
  EvaluateOptions evaluate;  // `rank_by` is the contenders' own
  bool has_details = false;  // what a report shows, and a table does not
  bool keeps_lists = false;
};

// Judges contenders on one split after another.
class Comparison {
 public:
  // Keeps references to the pool and the progress.
  Comparison(std::vector<Contender> contenders, const JudgeOptions& options, std::uint64_t seed,
             ThreadPool& pool, Progress& progress);

  // Fits and judges every contender. Errors: those of fits and of evaluate().
  Result<void> add_split(const Split& split);

  // In the order of the contenders; at least one split was added.
  std::vector<Judged> judged() const;

 private:
  std::vector<Contender> contenders_;
  JudgeOptions options_;
  std::uint64_t seed_;
  ThreadPool& pool_;
  Progress& progress_;
  std::vector<std::vector<Judged>> by_contender_;  // one a split
};

// Judges a fitted model. Errors: those of evaluate().
Result<Judged> judge(const Model& model, const Split& split, const JudgeOptions& options,
                     ThreadPool& pool, Progress& progress);

}  // namespace coseno
