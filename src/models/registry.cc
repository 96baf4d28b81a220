#include "models/registry.h"

#include <algorithm>
#include <array>

#include "models/biased_mf.h"
#include "models/blend.h"
#include "models/content.h"
#include "models/ease.h"
#include "models/ials.h"
#include "models/item_knn.h"
#include "models/markov.h"
#include "models/popularity.h"
#include "models/rp3beta.h"
#include "models/sasrec.h"
#include "models/session_knn.h"
#include "models/vectors.h"

namespace coseno {
namespace {

template <class M>
Result<void> check(const Settings& settings) {
  COSENO_TRY(apply_settings(M::kName, M::fields(), settings));
  return {};
}

template <class M>
Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Settings& settings,
                                   FitContext& context) {
  COSENO_ASSIGN(options, apply_settings(M::kName, M::fields(), settings));
  if (dataset.matrix.n_entries() == 0) {
    return invalid_argument("{}: there are no interactions to learn from", M::kName);
  }
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  return M::fit(dataset, options, context);
}

// What is `told` of a model, with its name and functions.
template <class M>
constexpr ModelInfo info(ModelInfo told) {
  told.name = M::kName;
  told.options = [] { return describe(M::fields()); };
  told.check = check<M>;
  told.fit = fit<M>;
  told.load = M::load;
  return told;
}

constexpr std::array kModels = {
    info<Popularity>({.summary = "what most users have, for everybody: the yardstick"}),
    info<ItemKnn>({.summary = "items that the users of your items have too"}),
    info<Rp3beta>({.summary = "items that a random walk from your items comes to"}),
    info<Ease>(
        {.summary = "each item as a weighted sum of all others", .least_fit_s = Ease::least_fit_s}),
    info<Ials>({.summary = "factors of users and items from what was chosen", .has_vectors = true}),
    info<BiasedMf>({.summary = "expected ratings by factors of users and items",
                    .needs_ratings = true,
                    .has_vectors = true}),
    info<Markov>({.summary = "items that come after those you had last"}),
    info<SessionKnn>({.summary = "what sessions like yours went on with"}),
    info<Content>(
        {.summary = "items with the properties of those you liked", .needs_properties = true}),
    info<Sasrec>({.summary = "what comes next in a history, by a transformer trained apart",
                  .is_trained_apart = true,
                  .has_vectors = true}),
    ModelInfo{.name = Blend::kName,
              .summary = "what several models say, weighed on held-out interactions",
              .options = Blend::options,
              .check = Blend::check,
              .fit = Blend::fit,
              .load = Blend::load},
};

constexpr ModelInfo kVectors = {
    .name = Vectors::kName,
    .summary = "item vectors that were trained elsewhere, users folded in",
    .has_vectors = true,
    .options = [] { return describe(Vectors::fields()); },
    .check = check<Vectors>,
    .fit = [](const Dataset&, const Settings&, FitContext&) -> Result<std::unique_ptr<Model>> {
      return invalid_argument(
          "vectors are not fitted to data: coseno publish takes them from a file");
    },
    .load = Vectors::load};

}  // namespace

std::span<const ModelInfo> all_models() { return kModels; }

const ModelInfo& vectors_model() { return kVectors; }

Result<const ModelInfo*> find_saved_model(std::string_view name) {
  if (name == kVectors.name) return &kVectors;
  return find_model(name);
}

Result<const ModelInfo*> find_model(std::string_view name) {
  const auto* const found = std::ranges::find(kModels, name, &ModelInfo::name);
  if (found != kModels.end()) return found;
  std::vector<std::string_view> names;
  for (const ModelInfo& model : kModels) names.push_back(model.name);
  return make_error(ErrorCode::not_found, "there is no model '{}'; there are {}", name,
                    fmt::join(names, ", "));
}

}  // namespace coseno
