#include "models/cooccurrence.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace coseno {
namespace {

constexpr std::size_t kMaxHistory = 10000;

// 256 KB of sums: they fit in the second-level cache of any processor of the last ten years.
constexpr std::size_t kItemsAtOnce = std::size_t{1} << 16;

// About a millisecond on 10^5 interactions.
constexpr std::size_t kItemsInBlock = 8;

// What weighs less is as nothing, and products of weights stay away from underflow: a sum of 0 must
// mean that nothing was added.
constexpr float kLeastPairWeight = 1e-6F;

std::vector<std::uint32_t> by_falling_size(const UserItemMatrix& matrix) {
  std::vector<std::uint32_t> order(matrix.n_items());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::uint32_t i) {
    return matrix.item_size(static_cast<ItemIndex>(i));
  });
  return order;
}

// A candidate as one number that is larger where it is nearer or, as near, of lower index: `near`
// is not below 0, and such floats rise as their bits do.
std::uint64_t candidate(float near, std::uint32_t item) {
  return std::uint64_t{std::bit_cast<std::uint32_t>(near)} << 32 | ~item;
}

Feature decoded(std::uint64_t candidate) {
  return {~static_cast<std::uint32_t>(candidate),
          std::bit_cast<float>(static_cast<std::uint32_t>(candidate >> 32))};
}

// Moves what is above `pivot` before the rest of [begin, end), and returns where the rest begins.
// Without a branch, which would be foreseen wrongly every other time: that makes std::nth_element
// more than twice as slow here.
std::size_t partition(std::span<std::uint64_t> all, std::size_t begin, std::size_t end,
                      std::uint64_t pivot) {
  std::size_t middle = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint64_t one = all[i];
    all[i] = all[middle];
    all[middle] = one;
    middle += one > pivot ? 1 : 0;
  }
  return middle;
}

// Moves the k largest to the front, the least of them last. No two are equal. Hoare's quickselect.
void select_largest(std::span<std::uint64_t> candidates, std::size_t k) {
  if (candidates.size() <= k) return;
  std::size_t begin = 0;
  std::size_t end = candidates.size();
  while (true) {
    std::uint64_t& last = candidates[end - 1];
    std::swap(candidates[begin + (end - begin) / 2], last);
    const std::size_t pivot = partition(candidates, begin, end - 1, last);
    std::swap(candidates[pivot], last);
    if (pivot == k - 1) break;
    (pivot < k - 1 ? begin : end) = pivot + (pivot < k - 1 ? 1 : 0);
  }
}

}  // namespace

// Finds the nearest to one item at a time, among the items of `size` places from `begin` on.
class Cooccurrence::Search {
 public:
  struct Scratch {
    std::vector<float> sums;             // by place - begin; 0 between calls
    std::vector<std::uint32_t> touched;  // where they are not
    std::vector<std::uint64_t> best;     // candidates
  };

  // Keeps views of both.
  Search(const Cooccurrence& cooccurrence, const Nearness& nearness, std::size_t k,
         std::size_t begin, std::size_t size);

  // Joins the nearest that it finds with those in `nearest`.
  void add_to(std::vector<Feature>& nearest, std::size_t item, Scratch& scratch) const;

 private:
  // The number of sums that are not 0.
  std::size_t add_sums(std::size_t item, Scratch& scratch) const;
  // Adds to the n_best in `scratch` and returns how many are there then: the first are the best.
  std::size_t take_best(std::size_t item, std::size_t n_touched, std::size_t n_best,
                        Scratch& scratch) const;

  const Cooccurrence& all_;
  const Nearness& nearness_;
  std::size_t k_;
  FeatureMatrix items_;  // of each user, by place - begin
  struct Other {
    std::uint32_t item;  // j
    float factor;        // other_j of the formula
    float plus;
  };
  std::vector<Other> others_;  // by place - begin
};

Cooccurrence::Search::Search(const Cooccurrence& cooccurrence, const Nearness& nearness,
                             std::size_t k, std::size_t begin, std::size_t size)
    : all_(cooccurrence), nearness_(nearness), k_(k) {
  std::vector<std::size_t> begins = {0};
  std::vector<Feature> entries;
  for (std::size_t u = 0; u < all_.items_.n_rows(); ++u) {
    for (const Feature& entry : all_.items_.row(u)) {
      if (entry.index - begin >= size) continue;  // below `begin` it wraps
      entries.push_back({static_cast<std::uint32_t>(entry.index - begin), entry.weight});
    }
    begins.push_back(entries.size());
  }
  items_ = FeatureMatrix(std::move(begins), std::move(entries), size);
  for (const std::uint32_t j : std::span(all_.order_).subspan(begin, size)) {
    others_.push_back({j, nearness.other[j], nearness.plus.empty() ? 0 : nearness.plus[j]});
  }
}

void Cooccurrence::Search::add_to(std::vector<Feature>& nearest, std::size_t item,
                                  Scratch& scratch) const {
  scratch.sums.resize(others_.size());
  scratch.touched.resize(others_.size() + 1);  // the last of each may be written in vain
  scratch.best.resize(2 * k_ + 1);
  std::ranges::transform(nearest, scratch.best.begin(), [](const Feature& before) {
    return candidate(before.weight, before.index);
  });
  const std::size_t n_touched = add_sums(item, scratch);
  nearest.resize(take_best(item, n_touched, nearest.size(), scratch));
  std::ranges::transform(std::span(scratch.best).first(nearest.size()), nearest.begin(), decoded);
}

std::size_t Cooccurrence::Search::add_sums(std::size_t item, Scratch& scratch) const {
  float* const sums = scratch.sums.data();
  std::uint32_t* const touched = scratch.touched.data();
  std::size_t n_touched = 0;
  for (const Feature& user : all_.users_.row(item)) {
    const float weight = user.weight;
    for (const Feature& other : items_.row(user.index)) {
      float& sum = sums[other.index];
      // Without a branch: whether a sum is new cannot be foreseen.
      touched[n_touched] = other.index;
      n_touched += std::bit_cast<std::uint32_t>(sum) == 0 ? 1 : 0;
      sum += weight * other.weight;
    }
  }
  return n_touched;
}

// As top_k does it: of 2 k candidates the worse half goes, and the least of the others is the bar
// for those to come. Here too without a branch on what cannot be foreseen.
std::size_t Cooccurrence::Search::take_best(std::size_t item, std::size_t n_touched,
                                            std::size_t n_best, Scratch& scratch) const {
  const float own = nearness_.own[item];
  const float rest = nearness_.shrink + (nearness_.plus.empty() ? 0 : nearness_.plus[item]);
  const float overlap = nearness_.overlap;
  const std::span<std::uint64_t> best = scratch.best;
  float bar = 0;
  for (const std::uint32_t place : std::span(scratch.touched).first(n_touched)) {
    const float sum = std::exchange(scratch.sums[place], 0.0F);
    const Other& other = others_[place];
    const float near = sum / (own * other.factor + other.plus - overlap * sum + rest);
    best[n_best] = candidate(near, other.item);
    n_best += static_cast<std::size_t>(near >= bar) & static_cast<std::size_t>(other.item != item);
    if (n_best < 2 * k_) continue;
    select_largest(best.first(n_best), k_);
    n_best = k_;
    bar = decoded(best[k_ - 1]).weight;
  }
  select_largest(best.first(n_best), k_);
  return std::min(n_best, k_);
}

Cooccurrence::Cooccurrence(const UserItemMatrix& matrix, const ActWeights& acts,
                           std::span<const float> user_weights)
    : order_(by_falling_size(matrix)), norms_(matrix.n_items()) {
  std::vector<std::uint32_t> places(order_.size());
  for (std::uint32_t place = 0; place < order_.size(); ++place) places[order_[place]] = place;
  std::vector<std::vector<Feature>> users(matrix.n_items());
  std::vector<std::size_t> begin = {0};
  std::vector<Feature> items;
  for (std::uint32_t u = 0; u < matrix.n_users(); ++u) {
    const History history = matrix.user(UserIndex{u});
    const float mean = acts.user_mean(history);
    for (const Interaction& entry : history.last(std::min(history.size(), kMaxHistory))) {
      const float weight = acts.of(entry.value, mean);
      if (weight < kLeastPairWeight || user_weights[u] < kLeastPairWeight) continue;
      users[offset(entry.item)].push_back({u, weight});
      items.push_back({places[offset(entry.item)], user_weights[u] * weight});
      norms_[offset(entry.item)] += user_weights[u] * weight * weight;
    }
    begin.push_back(items.size());
  }
  users_ = FeatureMatrix(users, matrix.n_users());
  items_ = FeatureMatrix(std::move(begin), std::move(items), matrix.n_items());
}

Result<std::vector<std::vector<Feature>>> Cooccurrence::nearest(const Nearness& nearness,
                                                                std::size_t k, FitContext& context,
                                                                std::string_view stage) const {
  std::vector<std::vector<Feature>> nearest(n_items());
  std::vector<Search::Scratch> scratch(static_cast<std::size_t>(context.pool.n_threads()));
  const std::size_t n_steps = n_items() * ((n_items() + kItemsAtOnce - 1) / kItemsAtOnce);
  std::atomic<std::size_t> n_done = 0;
  for (std::size_t first = 0; first < n_items(); first += kItemsAtOnce) {
    const Search search(*this, nearness, k, first, std::min(kItemsAtOnce, n_items() - first));
    context.pool.parallel_for(n_items(), kItemsInBlock, [&](auto begin, auto end, int worker) {
      if (context.progress.cancelled()) return;
      for (std::size_t i = begin; i < end; ++i) {
        search.add_to(nearest[i], i, scratch[static_cast<std::size_t>(worker)]);
      }
      n_done += end - begin;
      // Worker 0 is the thread that may report.
      if (worker == 0) context.progress.report(stage, n_done, n_steps, "");
    });
  }
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  return nearest;
}

std::vector<float> user_length_weights(const UserItemMatrix& matrix, double exponent) {
  std::vector<float> weights;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const auto n = static_cast<double>(matrix.user_size(static_cast<UserIndex>(u)));
    weights.push_back(n > 0 ? static_cast<float>(std::pow(n, -exponent)) : 0);
  }
  return weights;
}

}  // namespace coseno
