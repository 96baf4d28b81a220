// Several models judged alike: what `coseno evaluate` shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"
#include "cli/session.h"
#include "evaluation/breakdown.h"
#include "evaluation/evaluate.h"
#include "evaluation/split.h"
#include "models/model.h"
#include "models/options.h"
#include "models/registry.h"

namespace coseno::cli {

// A model to fit and judge.
struct Contender {
  const ModelInfo* info;
  Settings settings = {};
  RankBy rank_by = RankBy::score;
  std::string lists_out = {};  // where the judged lists go, or empty
};

// What most users have, by its own score: no figure means anything without it.
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
};

struct JudgeOptions {
  EvaluateOptions evaluate;  // `rank_by` is the contenders' own
  bool has_details = false;  // what a report shows, and a table does not
};

// Judges contenders on one split after another.
class Comparison {
 public:
  // The session must outlive it.
  Comparison(std::vector<Contender> contenders, const JudgeOptions& options, std::uint64_t seed,
             Session& session);

  // Fits and judges every contender.
  Outcome<void> add_split(const Split& split);

  // In the order of the contenders; at least one split was added.
  std::vector<Judged> judged() const;

 private:
  std::vector<Contender> contenders_;
  JudgeOptions options_;
  std::uint64_t seed_;
  Session& session_;
  std::vector<std::vector<Judged>> by_contender_;  // one a split
};

// Judges a fitted model; `lists_out` as in Contender.
Outcome<Judged> judge(const Model& model, const Split& split, const JudgeOptions& options,
                      const std::string& lists_out, Session& session);

}  // namespace coseno::cli
