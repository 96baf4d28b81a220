#include "models/rp3beta.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "models/cooccurrence.h"
#include "models/popularity.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

// From c_ji / n_i^beta to s_ji. The largest becomes 1 on the way, so that no power underflows.
void normalise(std::vector<Feature>& row, double amplification) {
  if (row.empty()) return;
  const float largest = std::ranges::max_element(row, {}, &Feature::weight)->weight;
  float sum = 0;
  for (Feature& entry : row) {
    entry.weight = static_cast<float>(std::pow(entry.weight / largest, amplification));
    sum += entry.weight;
  }
  for (Feature& entry : row) entry.weight /= sum;
}

// Row j becomes column j, of which the k largest entries stay.
std::vector<std::vector<Feature>> largest_of_columns(std::vector<std::vector<Feature>> rows,
                                                     std::size_t k) {
  std::vector<std::vector<Feature>> columns(rows.size());
  for (std::uint32_t j = 0; j < rows.size(); ++j) {
    for (const Feature& entry : rows[j]) columns[entry.index].push_back({j, entry.weight});
    std::vector<Feature>().swap(rows[j]);
  }
  for (std::vector<Feature>& column : columns) keep_largest(column, k);
  return columns;
}

}  // namespace

std::span<const OptionField<Rp3beta::Options>> Rp3beta::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 5> all = {{
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many items at most an item speaks for, and speak for an item",
       .search = SearchRange{.low = 20, .high = 800, .scale = SearchRange::Scale::log}},
      {.name = "alpha",
       .member = &Options::alpha,
       .min = 0,
       .max = 2,
       .help = "exponent: 0 lets all users count alike, above it those with many items count less",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "beta",
       .member = &Options::beta,
       .min = 0,
       .max = 2,
       .help = "exponent: how far popular items are held back; 0: not at all",
       .search = SearchRange{.low = 0, .high = 0.8}},
      {.name = "amplification",
       .member = &Options::amplification,
       .min = 0.1,
       .max = 10,
       .help = "exponent: above 1 the nearest of the neighbours say more",
       .search = SearchRange{.low = 0.8, .high = 2.5}},
      rating_weight_field(&Options::rating_weight),
  }};
  return all;
}

Result<std::unique_ptr<Model>> Rp3beta::fit(const Dataset& dataset, const Options& options,
                                            FitContext& context) {
  const UserItemMatrix& matrix = dataset.matrix;
  const ActWeights acts(matrix, options.rating_weight);
  const Cooccurrence cooccurrence(matrix, acts, user_length_weights(matrix, options.alpha));
  std::vector<float> popularity = popularity_of(matrix);
  Cooccurrence::Nearness nearness;
  nearness.own.assign(matrix.n_items(), 1);
  for (const float n : popularity) {
    nearness.other.push_back(static_cast<float>(std::pow(n, options.beta)));
  }
  const auto k = static_cast<std::size_t>(options.neighbours);
  COSENO_ASSIGN(rows, cooccurrence.nearest(nearness, k, context, "fitting rp3beta"));
  context.pool.parallel_for(rows.size(), 256, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t j = begin; j < end; ++j) normalise(rows[j], options.amplification);
  });
  auto model = std::make_unique<Rp3beta>();
  model->weights_ =
      ItemWeights(largest_of_columns(std::move(rows), k), std::move(popularity), acts);
  return model;
}

Result<std::unique_ptr<Model>> Rp3beta::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(weights, ItemWeights::load(kName, file, dataset.items.size()));
  auto model = std::make_unique<Rp3beta>();
  model->weights_ = std::move(weights);
  return model;
}

// Not by the items that speak for `item`: one that few have speaks loudly for all of its
// neighbours.
Ranking Rp3beta::similar_items(ItemIndex item, std::size_t k) const {
  return weights_.similar(
      item, k, [&](ItemIndex from, ItemIndex, float weight) { return from == item ? weight : 0; });
}

}  // namespace coseno
