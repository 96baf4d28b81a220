// A model together with whom and what it was fitted on: all that `recommend` needs, in one file.
#pragma once

#include <memory>
#include <string>

#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

struct FittedModel {
  Dataset
      dataset;  // ids, histories, user features and encoders; item_features are not kept in files
  std::unique_ptr<Model> model;
  Settings settings;  // as given to fit; the rest are defaults
  std::uint64_t seed = 1;
  std::string name = {};  // what people call it, up to 512 bytes; empty: as the model's own
};

// Fits the model of that name. Errors: not_found, invalid_argument (options, or data that the model
// cannot learn from), cancelled.
Result<FittedModel> fit_model(std::string_view name, Dataset dataset, const Settings& settings,
                              FitContext& context);

// What a model file tells, looked at where it is. All must outlive it.
struct FittedParts {
  const Dataset& dataset;
  const Model& model;
  const Settings& settings;
  std::uint64_t seed;
  const std::string& name;
};

// The file is a safetensors file (models/tensor_file.h). Metadata: "coseno.format" (a version),
// "coseno.model", "coseno.settings" (JSON), "coseno.seed", "coseno.user_ids" and "coseno.item_ids"
// (JSON arrays), encoders, and "coseno.name" where it has one. Same fitted model, same bytes.
// Errors: io, invalid_argument (too large).
Result<void> save_model(const FittedModel& fitted, const std::string& path);
Result<void> save_model(const FittedParts& fitted, const std::string& path);
// The bytes of that file. Errors: invalid_argument.
Result<std::string> model_bytes(const FittedParts& fitted);

// Errors: io; corrupt for anything that save_model would not have written.
Result<FittedModel> load_model(const std::string& path);
// The same from what was read. Errors: corrupt.
Result<FittedModel> load_model(const TensorFile& file);

// True where `path` is a file that starts like one of save_model.
bool is_model_file(const std::string& path);

}  // namespace coseno
