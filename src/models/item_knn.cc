#include "models/item_knn.h"

#include <array>
#include <cmath>
#include <utility>

#include "models/cooccurrence.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kNumbers = "item_knn.numbers";  // F32: a, shrink

// d_u of every user.
std::vector<float> user_weights(const UserItemMatrix& matrix, double user_length) {
  std::vector<float> weights;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const auto n = static_cast<double>(matrix.user_size(static_cast<UserIndex>(u)));
    weights.push_back(n > 0 ? static_cast<float>(std::pow(n, -user_length)) : 0);
  }
  return weights;
}

std::vector<float> powers(std::span<const float> norms, float exponent) {
  std::vector<float> powers;
  for (const float norm : norms) powers.push_back(std::pow(norm, exponent));
  return powers;
}

}  // namespace

std::span<const OptionField<ItemKnn::Options>> ItemKnn::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 5> all = {{
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many items at most speak for an item",
       .search = SearchRange{.low = 20, .high = 500, .scale = SearchRange::Scale::log}},
      {.name = "shrink",
       .member = &Options::shrink,
       .min = 0,
       .max = 1000,
       .help = "users: how far similarities that few users tell of are drawn to 0",
       .search = SearchRange{.low = 0.1, .high = 100, .scale = SearchRange::Scale::log}},
      {.name = "popularity",
       .member = &Options::popularity,
       .min = 0,
       .max = 1,
       .help = "exponent: 0.5 is the cosine, above it popular items come sooner",
       .search = SearchRange{.low = 0.4, .high = 1}},
      {.name = "user_length",
       .member = &Options::user_length,
       .min = 0,
       .max = 1,
       .help = "exponent: 0 lets all users count alike, above it those with many items count less",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "rating_weight",
       .member = &Options::rating_weight,
       .min = 0,
       .max = 10,
       .help = "how much a rating of one deviation above the user's mean adds to the weight 1",
       .search = SearchRange{.low = 0, .high = 1, .needs_ratings = true}},
  }};
  return all;
}

Result<std::unique_ptr<Model>> ItemKnn::fit(const Dataset& dataset, const Options& options,
                                            FitContext& context) {
  const UserItemMatrix& matrix = dataset.matrix;
  const ActWeights acts(matrix, options.rating_weight);
  const Cooccurrence cooccurrence(matrix, acts, user_weights(matrix, options.user_length));
  const std::span<const float> norms = cooccurrence.norms();
  const auto exponent = static_cast<float>(options.popularity);
  const auto shrink = static_cast<float>(options.shrink);
  const Cooccurrence::Nearness nearness = {.own = powers(norms, 1 - exponent),
                                           .other = powers(norms, exponent),
                                           .plus = {},
                                           .shrink = shrink};
  const auto k = static_cast<std::size_t>(options.neighbours);
  COSENO_ASSIGN(speakers, cooccurrence.nearest(nearness, k, context, "fitting item_knn"));

  auto model = std::make_unique<ItemKnn>();
  model->weights_ = ItemWeights(speakers, {norms.begin(), norms.end()}, acts);
  model->popularity_ = exponent;
  model->shrink_ = shrink;
  return model;
}

Result<std::unique_ptr<Model>> ItemKnn::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(weights, ItemWeights::load(kName, file, dataset.items.size()));
  COSENO_ASSIGN(numbers, file.floats(kNumbers, {2}));
  constexpr float kMaxShrink = 1e18F;  // its sum with a norm is finite
  if (!(numbers[0] >= 0 && numbers[0] <= 1 && numbers[1] >= 0 && numbers[1] <= kMaxShrink)) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is out of range", file.path(), kNumbers);
  }
  auto model = std::make_unique<ItemKnn>();
  model->weights_ = std::move(weights);
  model->popularity_ = numbers[0];
  model->shrink_ = numbers[1];
  return model;
}

void ItemKnn::save(TensorFileWriter& file) const {
  weights_.save(kName, file);
  file.add(kNumbers, {2}, std::vector<float>{popularity_, shrink_});
}

Ranking ItemKnn::similar_items(ItemIndex item, std::size_t k) const {
  const std::span<const float> norms = weights_.popularity();
  return weights_.similar(item, k, [&](ItemIndex from, ItemIndex to, float weight) {
    const float norm_from = norms[offset(from)];
    const float norm_to = norms[offset(to)];
    const float cosine = std::sqrt(norm_from) * std::sqrt(norm_to) + shrink_;
    return cosine > 0 ? weight * denominator(norm_from, norm_to) / cosine : 0;
  });
}

float ItemKnn::denominator(float norm_from, float norm_to) const {
  return std::pow(norm_from, popularity_) * std::pow(norm_to, 1 - popularity_) + shrink_;
}

}  // namespace coseno
