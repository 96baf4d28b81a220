// All models by name.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

struct ModelInfo {
  std::string_view name = {};
  std::string_view summary = {};  // one line
  bool needs_properties = false;  // learns nothing without item properties
  bool needs_ratings = false;     // learns nothing from plain acts
  // Fitted by a program of its own, for minutes: where it is named only.
  bool is_trained_apart = false;
  bool has_vectors = false;  // may be ranked by cosine
  // Seconds that a fit at the defaults takes at least; null where only trying can tell.
  double (*least_fit_s)(std::size_t n_items, int n_threads) = nullptr;
  std::vector<OptionInfo> (*options)() = nullptr;
  // Whether fit would take the settings, told without data.
  Result<void> (*check)(const Settings& settings) = nullptr;
  // Errors: invalid_argument (settings, or data that the model cannot learn from), cancelled.
  Result<std::unique_ptr<Model>> (*fit)(const Dataset& dataset, const Settings& settings,
                                        FitContext& context) = nullptr;
  // `dataset` is the one in the file. Errors: corrupt.
  Result<std::unique_ptr<Model>> (*load)(const TensorFile& file, const Dataset& dataset) = nullptr;
};

// In the order of docs and tables; the yardstick, popularity, first.
std::span<const ModelInfo> all_models();

// "vectors", which is no model to fit, and so is not among all_models(): its vectors come from
// elsewhere (Engine::publish_vectors). Its fit says so.
const ModelInfo& vectors_model();

// What `recommend` uses when no model is named: the best by measurement (docs/benchmarks.md).
constexpr std::string_view kDefaultModel = "item_knn";
// What `predict` uses when no model is named.
constexpr std::string_view kDefaultRatingModel = "biased_mf";

// Errors: not_found with the names that there are.
Result<const ModelInfo*> find_model(std::string_view name);
// Of what a file may hold: vectors too.
Result<const ModelInfo*> find_saved_model(std::string_view name);

}  // namespace coseno
