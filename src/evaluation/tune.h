// Finds good options of a model by trying them: a seeded search, random first and then local.
//
//   trial 1      what is fixed, and the defaults
//   the next     uniform draws from the ranges that the options give (SearchRange in
//                models/options.h)
//   then         the best so far, some of its options moved by a normal step. The step grows where
//                that brought something and shrinks where it did not (as evolution strategies do)
//
// What is proposed depends on the seed and on the trials before, and on no clock; so a search that
// goes on from the trials of an earlier one ends as if it had never been interrupted. Every trial
// is judged on the same users, so even small differences between two trials mean something.
//
// Source: Bergstra and Bengio, JMLR 2012 (random search); Beyer and Schwefel, Natural Computing
// 2002 (evolution strategies, the one-fifth rule).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "evaluation/split.h"
#include "models/options.h"
#include "models/registry.h"

namespace coseno {

struct TuneOptions {
  Settings fixed = {};  // of the model; these are not searched
  std::size_t n_trials = 40;
  // Since the Tuner was made: a trial is not begun when it would pass them if it took as long as
  // the mean of those before. The first is always made.
  double seconds = std::numeric_limits<double>::infinity();
  // So many trials in a row without a gain end the search; at least as many as the first random
  // ones, so that local ones come to their turn.
  std::size_t patience = 20;
  std::uint64_t seed = 1;                                      // of the search and of every fit
  std::size_t k = 10;                                          // the trials are compared by NDCG@k
  float relevant_from = std::numeric_limits<float>::lowest();  // as in EvaluateOptions
};

// One set of options, fitted and judged.
struct Trial {
  Settings settings;  // what was fixed and what was searched
  double ndcg = 0;    // to 12 places; 0 where it failed
  double fit_s = 0;   // seconds to fit, and to judge
  double judge_s = 0;
  std::string trouble = {};  // why it could not be fitted or judged; it counts as the worst
};

// The first of the best, or null where none succeeded.
const Trial* best_of(std::span<const Trial> trials);

// The options of the model that a search on the split would vary; those in `fixed` are not.
std::vector<OptionInfo> searched_options(const ModelInfo& model, const Split& split,
                                         const Settings& fixed);

// Leaves something held out of at most `n` of the users with a relevant held-out item, drawn by the
// seed: to judge the rest too would cost time and change no decision. Returns how many are left.
std::size_t limit_judged_users(Split& split, std::size_t n, float relevant_from,
                               std::uint64_t seed);

// The same for the same training and held-out data, whatever the ids. For telling whether trials
// were made on them.
std::uint64_t fingerprint(const Split& split);

// One search, a trial at a time.
class Tuner {
 public:
  // Keeps references to the model and the split. Errors: invalid_argument (fixed settings that the
  // model does not take, k = 0, nobody to judge).
  static Result<Tuner> plan(const ModelInfo& model, const Split& split, TuneOptions options);

  // Takes the next trial from an earlier search. Errors: conflict where this search would try other
  // options.
  Result<void> resume(Trial trial);

  // Makes one more trial; false where the search is over. Same trials for any number of threads.
  // Errors: cancelled, and the trial is lost.
  Result<bool> next(ThreadPool& pool, Progress& progress);

  // All, in the order in which they were made.
  std::span<const Trial> trials() const { return trials_; }

 private:
  Tuner(const ModelInfo& model, const Split& split, TuneOptions options);

  std::optional<Settings> proposal() const;
  bool has_time_left() const;
  bool is_local() const;  // else draws from the whole ranges, as long as nothing succeeded
  void add(Trial trial);

  const ModelInfo* model_;
  const Split* split_;
  TuneOptions options_;
  std::vector<OptionInfo> searched_;
  double end_s_;  // of the steady clock
  std::vector<Trial> trials_;
  // What the trials so far say of the next.
  std::size_t best_ = 0;
  double step_;  // of a position in [0, 1]
  std::size_t n_without_gain_ = 0;
};

}  // namespace coseno
