#include "models/item_knn.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <utility>

#include "models/act_weights.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kNumbers = "item_knn.numbers";  // F32: a, shrink

// The newest of a user's items that take part in similarities: pairs are counted, so one robot that
// has had everything would cost its square. People have fewer (MovieLens 20M: 9,254).
constexpr std::size_t kMaxHistory = 10000;

// About a millisecond on 10^5 interactions.
constexpr std::size_t kItemsInBlock = 8;

}  // namespace

// Finds who speaks for an item. The matrix of items by items is never made: the sums of one item
// at a time are (with one scratch a thread).
class ItemKnn::Search {
 public:
  struct Scratch {
    std::vector<float> sums;             // n_items, 0 between calls
    std::vector<std::uint32_t> touched;  // where sums are not 0
  };

  Search(const UserItemMatrix& matrix, const ActWeights& acts, const Options& options);

  const std::vector<float>& norms() const { return norms_; }

  // The k items j with the largest s_ji, in no order.
  std::vector<Feature> nearest(ItemIndex item, std::size_t k, Scratch& scratch) const;

 private:
  void add_cooccurrences(ItemIndex item, Scratch& scratch) const;

  const UserItemMatrix& matrix_;
  const ActWeights acts_;
  const Options options_;
  std::vector<float> user_means_;            // n_users
  std::vector<std::vector<Feature>> users_;  // d_u w_uj > 0 of each user's items
  std::vector<float> norms_;                 // n_i
  std::vector<float> powers_;                // n_i^a
};

ItemKnn::Search::Search(const UserItemMatrix& matrix, const ActWeights& acts,
                        const Options& options)
    : matrix_(matrix),
      acts_(acts),
      options_(options),
      users_(matrix.n_users()),
      norms_(matrix.n_items()) {
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const History history = matrix.user(static_cast<UserIndex>(u));
    user_means_.push_back(acts.user_mean(history));
    const auto n = static_cast<double>(history.size());
    const auto damping = static_cast<float>(std::pow(n, -options.user_length));
    for (const Interaction& entry : history) {
      const float weight = acts.of(entry.value, user_means_[u]);
      norms_[offset(entry.item)] += damping * weight * weight;
    }
    for (const Interaction& entry : history.last(std::min(history.size(), kMaxHistory))) {
      const float weight = acts.of(entry.value, user_means_[u]);
      if (weight > 0) users_[u].push_back({std::to_underlying(entry.item), damping * weight});
    }
  }
  const auto exponent = static_cast<float>(options.popularity);
  for (const float norm : norms_) powers_.push_back(std::pow(norm, exponent));
}

void ItemKnn::Search::add_cooccurrences(ItemIndex item, Scratch& scratch) const {
  for (const UserItemMatrix::UserValue& entry : matrix_.item(item)) {
    const std::size_t user = offset(entry.user);
    const float weight = acts_.of(entry.value, user_means_[user]);
    if (weight == 0) continue;
    for (const Feature& other : users_[user]) {
      float& sum = scratch.sums[other.index];
      if (sum == 0) scratch.touched.push_back(other.index);
      sum += weight * other.weight;
    }
  }
}

std::vector<Feature> ItemKnn::Search::nearest(ItemIndex item, std::size_t k,
                                              Scratch& scratch) const {
  scratch.sums.resize(matrix_.n_items());
  add_cooccurrences(item, scratch);
  const auto exponent = static_cast<float>(options_.popularity);
  const auto shrink = static_cast<float>(options_.shrink);
  const float power_to = std::pow(norms_[offset(item)], 1 - exponent);
  std::vector<Feature> neighbours;
  for (const std::uint32_t j : scratch.touched) {
    const float sum = std::exchange(scratch.sums[j], 0.0F);
    if (j == offset(item)) continue;
    neighbours.push_back({j, sum / (powers_[j] * power_to + shrink)});
  }
  scratch.touched.clear();
  keep_largest(neighbours, k);
  return neighbours;
}

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
  auto model = std::make_unique<ItemKnn>();
  model->popularity_ = static_cast<float>(options.popularity);
  model->shrink_ = static_cast<float>(options.shrink);

  const ActWeights acts(matrix, options.rating_weight);
  const Search search(matrix, acts, options);
  const auto k = static_cast<std::size_t>(options.neighbours);
  std::vector<std::vector<Feature>> nearest(matrix.n_items());
  std::vector<Search::Scratch> scratch(static_cast<std::size_t>(context.pool.n_threads()));
  std::atomic<std::size_t> n_done = 0;
  context.pool.parallel_for(
      nearest.size(), kItemsInBlock, [&](std::size_t begin, std::size_t end, int worker) {
        if (context.progress.cancelled()) return;
        for (std::size_t i = begin; i < end; ++i) {
          nearest[i] = search.nearest(static_cast<ItemIndex>(i), k,
                                      scratch[static_cast<std::size_t>(worker)]);
        }
        n_done += end - begin;
        // Worker 0 is the thread that may report.
        if (worker == 0) context.progress.report("fitting item_knn", n_done, nearest.size(), "");
      });
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");

  model->weights_ = ItemWeights(nearest, search.norms(), acts);
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
