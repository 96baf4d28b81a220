// Which model, with which options, is best on these data: tried, not guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "data/dataset.h"
#include "models/options.h"
#include "models/registry.h"

namespace coseno {

struct AutoOptions {
  // For everything, the fit of what is chosen included; about. The defaults of popularity and
  // item_knn are tried in any case.
  double seconds = 30;
  std::size_t k = 10;  // models are compared by NDCG@k
  std::uint64_t seed = 1;
};

// The defaults with what the settings of auto_model() say. Errors: invalid_argument.
Result<AutoOptions> auto_options(const Settings& settings, std::uint64_t seed);

// The best that was found of one model.
struct Considered {
  std::string model;
  Settings settings;
  double ndcg = 0;  // on what was held out
  std::size_t n_trials = 0;
};

struct AutoChoice {
  std::string model = {};
  Settings settings = {};
  double ndcg = 0;
  std::vector<Considered> considered = {};  // best first
};

// Holds a tenth of each user's interactions out at random, tries every model that learns from acts
// at its defaults, searches options of those that are near the best in turn (evaluation/tune.h),
// and last blends what was found; a blend is chosen only where it beats the best model by a
// hundredth. Models whose fit the time does not allow are left out. The search ends early where
// nothing is gained any more; then the choice depends on data and seed alone, else also on the
// machine's speed. `model` and `settings` repeat it exactly. Where there are too few interactions
// to hold some out, nothing is tried: the choice is kDefaultModel, and `considered` is empty.
// Errors: cancelled, and those of fits.
Result<AutoChoice> choose_model(const Dataset& dataset, const AutoOptions& options,
                                ThreadPool& pool, Progress& progress);

// The model of that name and its settings as they are, with no `considered`; of "auto" what
// choose_model() says. Errors: not_found, invalid_argument, and those of choose_model().
Result<AutoChoice> resolve_model(std::string_view name, const Dataset& dataset,
                                 const Settings& settings, FitContext& context);

// "auto", or one of the registry. Errors: not_found with the names that there are.
Result<const ModelInfo*> find_model_or_auto(std::string_view name);

// "auto", to stand where a model of the registry may: its fit chooses by choose_model() and fits
// what was chosen. Option: seconds. It is never loaded, since files hold what was chosen.
const ModelInfo& auto_model();

}  // namespace coseno
