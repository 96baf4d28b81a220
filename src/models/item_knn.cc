#include "models/item_knn.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <utility>

#include "models/sparse_rows.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr std::string_view kRows = "item_knn.speaks_for";
constexpr const char* kNorms = "item_knn.norms";      // F32, n_items
constexpr const char* kNumbers = "item_knn.numbers";  // F32: mean, slope, a, shrink

// Below any difference that tells.
constexpr float kPopularityShare = 1e-6F;

// The newest of a user's items that take part in similarities: pairs are counted, so one robot that
// has had everything would cost its square. People have fewer (MovieLens 20M: 9,254).
constexpr std::size_t kMaxHistory = 10000;

// About a millisecond on 10^5 interactions.
constexpr std::size_t kItemsInBlock = 8;

bool is_better(const Feature& a, const Feature& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.index < b.index;
}

void keep_best(std::vector<Feature>& neighbours, std::size_t k) {
  if (neighbours.size() <= k) return;
  std::ranges::nth_element(neighbours, neighbours.begin() + static_cast<std::ptrdiff_t>(k),
                           is_better);
  neighbours.resize(k);
  neighbours.shrink_to_fit();  // one such list an item is kept
}

// Row i becomes column i.
std::vector<std::vector<Feature>> transposed(std::span<const std::vector<Feature>> rows) {
  std::vector<std::vector<Feature>> columns(rows.size());
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    for (const Feature& entry : rows[i]) columns[entry.index].push_back({i, entry.weight});
  }
  return columns;
}

}  // namespace

// Finds who speaks for an item. The matrix of items by items is never made: the sums of one item
// at a time are (with one scratch a thread).
class ItemKnn::Search {
 public:
  struct Scratch {
    std::vector<float> sums;             // n_items, 0 between calls
    std::vector<std::uint32_t> touched;  // where sums are not 0
  };

  Search(const UserItemMatrix& matrix, const ItemKnn& model, double user_length);

  const std::vector<float>& norms() const { return norms_; }

  // The k items j with the largest s_ji, in no order.
  std::vector<Feature> nearest(ItemIndex item, std::size_t k, Scratch& scratch) const;

 private:
  void add_cooccurrences(ItemIndex item, Scratch& scratch) const;

  const UserItemMatrix& matrix_;
  const ItemKnn& model_;
  std::vector<float> user_means_;            // n_users
  std::vector<std::vector<Feature>> users_;  // d_u w_uj > 0 of each user's items
  std::vector<float> norms_;                 // n_i
  std::vector<float> powers_;                // n_i^a
};

ItemKnn::Search::Search(const UserItemMatrix& matrix, const ItemKnn& model, double user_length)
    : matrix_(matrix), model_(model), users_(matrix.n_users()), norms_(matrix.n_items()) {
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const History history = matrix.user(static_cast<UserIndex>(u));
    user_means_.push_back(model.weights_.user_mean(history));
    const auto n = static_cast<double>(history.size());
    const auto damping = static_cast<float>(std::pow(n, -user_length));
    for (const Interaction& entry : history) {
      const float weight = model.weights_.of(entry.value, user_means_[u]);
      norms_[offset(entry.item)] += damping * weight * weight;
    }
    for (const Interaction& entry : history.last(std::min(history.size(), kMaxHistory))) {
      const float weight = model.weights_.of(entry.value, user_means_[u]);
      if (weight > 0) users_[u].push_back({std::to_underlying(entry.item), damping * weight});
    }
  }
  for (const float norm : norms_) powers_.push_back(std::pow(norm, model.popularity_));
}

void ItemKnn::Search::add_cooccurrences(ItemIndex item, Scratch& scratch) const {
  for (const UserItemMatrix::UserValue& entry : matrix_.item(item)) {
    const std::size_t user = offset(entry.user);
    const float weight = model_.weights_.of(entry.value, user_means_[user]);
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
  const float power_to = std::pow(norms_[offset(item)], 1 - model_.popularity_);
  std::vector<Feature> neighbours;
  for (const std::uint32_t j : scratch.touched) {
    const float sum = std::exchange(scratch.sums[j], 0.0F);
    if (j == offset(item)) continue;
    neighbours.push_back({j, sum / (powers_[j] * power_to + model_.shrink_)});
  }
  scratch.touched.clear();
  keep_best(neighbours, k);
  return neighbours;
}

std::span<const OptionField<ItemKnn::Options>> ItemKnn::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 5> all = {{
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many items at most speak for an item"},
      {.name = "shrink",
       .member = &Options::shrink,
       .min = 0,
       .max = 1000,
       .help = "users: how far similarities that few users tell of are drawn to 0"},
      {.name = "popularity",
       .member = &Options::popularity,
       .min = 0,
       .max = 1,
       .help = "exponent: 0.5 is the cosine, above it popular items come sooner"},
      {.name = "user_length",
       .member = &Options::user_length,
       .min = 0,
       .max = 1,
       .help = "exponent: 0 lets all users count alike, above it those with many items count less"},
      {.name = "rating_weight",
       .member = &Options::rating_weight,
       .min = 0,
       .max = 10,
       .help = "how much a rating of one deviation above the user's mean adds to the weight 1"},
  }};
  return all;
}

Result<std::unique_ptr<Model>> ItemKnn::fit(const Dataset& dataset, const Options& options,
                                            FitContext& context) {
  const UserItemMatrix& matrix = dataset.matrix;
  auto model = std::make_unique<ItemKnn>();
  model->weights_ = ActWeights(matrix, options.rating_weight);
  model->popularity_ = static_cast<float>(options.popularity);
  model->shrink_ = static_cast<float>(options.shrink);

  const Search search(matrix, *model, options.user_length);
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

  model->speaks_for_ = FeatureMatrix(transposed(nearest), nearest.size());
  model->norms_ = search.norms();
  return model;
}

Result<std::unique_ptr<Model>> ItemKnn::load(const TensorFile& file, const Dataset& dataset) {
  const std::size_t n_items = dataset.items.size();
  COSENO_ASSIGN(rows, load_sparse_rows(file, kRows, n_items, n_items));
  COSENO_ASSIGN(norms, file.floats(kNorms, {n_items}));
  COSENO_ASSIGN(numbers, file.floats(kNumbers, {4}));
  // A norm is at most 9 for each user, and its powers must be finite.
  constexpr float kMaxNorm = 1e18F;
  const auto is_negative = [](float x) { return x < 0; };
  const auto is_norm = [](float x) { return x >= 0 && x <= kMaxNorm; };
  if (!std::ranges::all_of(norms, is_norm) ||
      std::ranges::any_of(numbers.subspan(1), is_negative) || numbers[2] > 1 ||
      numbers[3] > kMaxNorm) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' or '{}' is out of range", file.path(),
                      kNorms, kNumbers);
  }
  auto model = std::make_unique<ItemKnn>();
  model->speaks_for_ = std::move(rows);
  model->norms_.assign(norms.begin(), norms.end());
  model->weights_ = ActWeights(numbers[0], numbers[1]);
  model->popularity_ = numbers[2];
  model->shrink_ = numbers[3];
  return model;
}

void ItemKnn::save(TensorFileWriter& file) const {
  save_sparse_rows(kRows, speaks_for_, n_items(), file);
  file.add(kNorms, {n_items()}, norms_);
  file.add(kNumbers, {4},
           std::vector<float>{weights_.mean(), weights_.slope(), popularity_, shrink_});
}

void ItemKnn::score(const Profile& profile, std::span<float> out) const {
  const float largest_norm = norms_.empty() ? 0 : std::ranges::max(norms_);
  const float scale = largest_norm > 0 ? kPopularityShare / largest_norm : 0;
  std::ranges::transform(norms_, out.begin(), [&](float norm) { return scale * norm; });

  const std::vector<Interaction> history = known_part(profile.history, n_items());
  const float mean = weights_.user_mean(history);
  for (const Interaction& entry : history) {
    const float weight = weights_.of(entry.value, mean);
    for (const Feature& item : speaks_for_.row(offset(entry.item))) {
      out[item.index] += weight * item.weight;
    }
  }
}

Ranking ItemKnn::similar_items(ItemIndex item, std::size_t k) const {
  if (offset(item) >= n_items()) return {};
  std::vector<float> scores(n_items(), kNeverScore);
  const auto add = [&](std::size_t from, std::size_t to, float similarity, std::size_t other) {
    const float cosine = std::sqrt(norms_[from]) * std::sqrt(norms_[to]) + shrink_;
    if (cosine == 0) return;
    scores[other] = similarity * denominator(norms_[from], norms_[to]) / cosine;
  };
  for (const Feature& to : speaks_for_.row(offset(item))) {
    add(offset(item), to.index, to.weight, to.index);
  }
  for (std::size_t from = 0; from < n_items(); ++from) {
    const FeatureRow row = speaks_for_.row(from);
    const auto to = std::ranges::lower_bound(row, offset(item), {}, &Feature::index);
    if (to != row.end() && to->index == offset(item)) add(from, to->index, to->weight, from);
  }
  return best_items(scores, k);
}

float ItemKnn::denominator(float norm_from, float norm_to) const {
  return std::pow(norm_from, popularity_) * std::pow(norm_to, 1 - popularity_) + shrink_;
}

}  // namespace coseno
