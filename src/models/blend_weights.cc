#include "models/blend_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "math/top_k.h"

namespace coseno {
namespace {

constexpr std::size_t kLength = 20;

// Of each model the best so many are candidates.
constexpr std::size_t kDepth = 100;

constexpr float kRankOffset = 60;
constexpr std::size_t kRanked = 1000;

// Of the weight that one model gets more or less, before all are scaled to a sum of 1.
constexpr double kFirstStep = 0.4;
constexpr double kLastStep = 0.02;

double gain_at(std::size_t rank) { return 1 / std::log2(static_cast<double>(rank) + 2); }

double best_gain(std::size_t n_held_out) {
  double sum = 0;
  for (std::size_t rank = 0; rank < std::min(n_held_out, kLength); ++rank) sum += gain_at(rank);
  return sum;
}

// Of the best items, the ranks of the held-out are all that counts: how many others score as much.
double ndcg(const BlendCase& user, std::span<const float> weights, std::vector<float>& totals) {
  const std::size_t n = user.scores.size() / weights.size();
  totals.resize(n);
  for (std::size_t c = 0; c < n; ++c) {
    totals[c] = std::inner_product(
        weights.begin(), weights.end(),
        user.scores.begin() + static_cast<std::ptrdiff_t>(c * weights.size()), 0.0F);
  }
  std::vector<float> relevant;
  for (const std::uint32_t c : user.held_out) relevant.push_back(totals[c]);
  std::ranges::sort(relevant, std::greater<>());
  double sum = 0;
  for (std::size_t r = 0; r < relevant.size(); ++r) {
    const auto n_before = static_cast<std::size_t>(
        std::ranges::count_if(totals, [&](float total) { return total >= relevant[r]; }));
    // Itself and the held-out before it are among those; ties of the held-out count as one each.
    const std::size_t rank = n_before - 1;
    if (rank < kLength) sum += gain_at(rank);
  }
  return sum / best_gain(user.held_out.size());
}

std::optional<std::vector<float>> scaled(std::vector<float> weights) {
  const float sum = std::accumulate(weights.begin(), weights.end(), 0.0F);
  if (!(sum > 0)) return std::nullopt;
  for (float& weight : weights) weight /= sum;
  return weights;
}

struct Found {
  std::vector<float> weights;
  double ndcg = 0;
};

void climb(std::span<const BlendCase> cases, Found& best) {
  for (double step = kFirstStep; step >= kLastStep; step /= 2) {
    for (bool has_moved = true; has_moved;) {
      has_moved = false;
      for (std::size_t m = 0; m < best.weights.size(); ++m) {
        for (const double direction : {step, -step}) {
          std::vector<float> moved = best.weights;
          moved[m] = std::max(0.0F, moved[m] + static_cast<float>(direction));
          const auto weights = scaled(std::move(moved));
          if (!weights || *weights == best.weights) continue;
          const double found = blend_ndcg(cases, *weights);
          if (found <= best.ndcg) continue;
          best = {*weights, found};
          has_moved = true;
        }
      }
    }
  }
}

}  // namespace

void standardise(std::span<float> scores) {
  double sum = 0;
  double squares = 0;
  double n = 0;
  for (const float score : scores) {
    if (score == kNeverScore) continue;
    sum += score;
    squares += static_cast<double>(score) * score;
    ++n;
  }
  const double mean = n > 0 ? sum / n : 0;
  const double variance = n > 0 ? squares / n - mean * mean : 0;
  // Less is the rounding of equal scores.
  const double scale = variance > 1e-12 * mean * mean ? 1 / std::sqrt(variance) : 0;
  for (float& score : scores) {
    score = score == kNeverScore ? 0 : static_cast<float>((score - mean) * scale);
  }
}

void score_by_rank(std::span<float> scores) {
  const std::vector<Scored> best = top_k(scores, kRanked + 1);
  std::ranges::fill(scores, 0.0F);
  for (auto begin = best.begin(); begin != best.end();) {
    const auto end = std::find_if(begin, best.end(),
                                  [&](const Scored& one) { return one.score != begin->score; });
    const auto rank = static_cast<std::size_t>(end - best.begin());
    if (rank > kRanked) break;
    for (; begin != end; ++begin) {
      scores[begin->index] = (1 + kRankOffset) / (static_cast<float>(rank) + kRankOffset);
    }
  }
}

void make_comparable(BlendScale scale, std::span<float> scores) {
  if (scale == BlendScale::rank) {
    score_by_rank(scores);
  } else {
    standardise(scores);
  }
}

BlendCase blend_case(std::span<const std::vector<float>> scores,
                     std::span<const std::uint32_t> seen, std::span<const std::uint32_t> held_out) {
  std::vector<std::uint32_t> candidates(held_out.begin(), held_out.end());
  std::vector<float> unseen;
  for (const std::vector<float>& of_model : scores) {
    unseen = of_model;
    for (const std::uint32_t item : seen) unseen[item] = kNeverScore;
    for (const Scored& best : top_k(unseen, kDepth)) candidates.push_back(best.index);
  }
  std::ranges::sort(candidates);
  const auto repeated = std::ranges::unique(candidates);
  candidates.erase(repeated.begin(), repeated.end());
  BlendCase result;
  for (const std::uint32_t item : candidates) {
    for (const std::vector<float>& of_model : scores) result.scores.push_back(of_model[item]);
  }
  for (const std::uint32_t item : held_out) {
    const auto found = std::ranges::lower_bound(candidates, item);
    result.held_out.push_back(static_cast<std::uint32_t>(found - candidates.begin()));
  }
  return result;
}

double blend_ndcg(std::span<const BlendCase> cases, std::span<const float> weights) {
  double sum = 0;
  std::vector<float> totals;
  for (const BlendCase& user : cases) sum += ndcg(user, weights, totals);
  return cases.empty() ? 0 : sum / static_cast<double>(cases.size());
}

std::vector<float> fit_blend_weights(std::span<const BlendCase> cases, std::size_t n_models) {
  std::vector<float> alike(n_models, 1 / static_cast<float>(n_models));
  if (cases.empty()) return alike;
  Found best{alike, -1};
  for (std::size_t m = 0; m < n_models; ++m) {
    Found alone{std::vector<float>(n_models), 0};
    alone.weights[m] = 1;
    alone.ndcg = blend_ndcg(cases, alone.weights);
    if (alone.ndcg > best.ndcg) best = std::move(alone);
  }
  if (const double found = blend_ndcg(cases, alike); found > best.ndcg)
    best = {std::move(alike), found};
  climb(cases, best);
  return best.weights;
}

}  // namespace coseno
