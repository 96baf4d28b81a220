#include "coseno/offline.h"
#include "evaluation/auto_model.h"
#include "models/registry.h"

namespace coseno {
namespace {

ModelDescription description_of(const ModelInfo& model) {
  ModelDescription description{.name = std::string(model.name),
                               .summary = std::string(model.summary),
                               .predicts_ratings = model.needs_ratings,
                               .has_vectors = model.has_vectors,
                               .options = {}};
  for (OptionInfo& option : model.options()) {
    description.options.push_back({.name = std::move(option.name),
                                   .default_value = std::move(option.default_value),
                                   .range = std::move(option.range),
                                   .help = std::move(option.help),
                                   .is_whole = option.is_whole});
  }
  return description;
}

}  // namespace

std::vector<ModelDescription> models() {
  std::vector<ModelDescription> descriptions;
  for (const ModelInfo& model : all_models()) descriptions.push_back(description_of(model));
  descriptions.push_back(description_of(auto_model()));
  return descriptions;
}

}  // namespace coseno
