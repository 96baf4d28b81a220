#include "engine/scorer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/blend_weights.h"

namespace coseno {
namespace {

// What came last tells most of what comes next.
constexpr std::size_t kRecent = 50;

}  // namespace

std::vector<Covisitation::Weighed> recent_of(const Tastes& tastes) {
  std::vector<Covisitation::Weighed> recent;
  const std::size_t n = tastes.interactions.size();
  for (std::size_t i = n - std::min(n, kRecent); i < n; ++i) {
    recent.push_back({tastes.interactions[i].item, tastes.weights[i]});
  }
  return recent;
}

VoiceWeights Scorer::weights(const Tastes& tastes) const {
  if (tastes.empty()) return {0, 0, 1};
  VoiceWeights weights = parts_.weights;
  if (parts_.model == nullptr) weights[std::to_underlying(Voice::model)] = 0;
  return weights;
}

void Scorer::score_by_model(const Tastes& tastes, std::span<float> out) const {
  const std::size_t n_known =
      parts_.model == nullptr ? 0 : std::min(parts_.model->n_items(), out.size());
  if (n_known > 0) parts_.model->score(tastes.profile(), out.first(n_known));
  standardise(out.first(n_known));
  std::ranges::fill(out.subspan(n_known), 0.0F);
}

// As standardise() of scores that are 0 but for some hundreds of items: those alone are summed.
void Scorer::add_counts(const Tastes& tastes, double weight, LiveScores& scores) const {
  parts_.covisitation.score(recent_of(tastes),
                            [&](ItemIndex item, const Covisitation::Weighed&, float score) {
                              if (offset(item) >= scores.n_items() || score <= 0) return;
                              scores.add(offset(item), score);
                            });
  if (scores.touched().empty()) return;
  double sum = 0;
  double squares = 0;
  for (const std::uint32_t item : scores.touched()) {
    const double score = scores.extra(item);
    sum += score;
    squares += score * score;
  }
  const auto n = static_cast<double>(scores.n_items());
  const double mean = sum / n;
  const double variance = squares / n - mean * mean;
  const double scale = variance > 1e-12 * mean * mean ? weight / std::sqrt(variance) : 0;
  scores.scale_extra(scale);
  scores.add_base(-mean * scale);
}

LiveScores Scorer::live(Voice voice, const Tastes& tastes, std::size_t n_items,
                        LiveScores::Scratch& scratch) const {
  LiveScores scores(parts_.trending, n_items, scratch);
  if (voice == Voice::covisitation) add_counts(tastes, 1, scores);
  if (voice == Voice::trending) scores.add_trending(1);
  return scores;
}

LiveScores Scorer::live(const Tastes& tastes, std::size_t n_items,
                        LiveScores::Scratch& scratch) const {
  LiveScores scores(parts_.trending, n_items, scratch);
  const VoiceWeights weights = this->weights(tastes);
  if (const float weight = weights[std::to_underlying(Voice::covisitation)]; weight > 0) {
    add_counts(tastes, weight, scores);
  }
  scores.add_trending(weights[std::to_underlying(Voice::trending)]);
  return scores;
}

void Scorer::score(const Tastes& tastes, LiveScores::Scratch& scratch, std::span<float> out) const {
  const float weight = weights(tastes)[std::to_underlying(Voice::model)];
  if (weight > 0) {
    score_by_model(tastes, out);
  } else {
    std::ranges::fill(out, 0.0F);
  }
  const LiveScores scores = live(tastes, out.size(), scratch);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = weight * out[i] + scores.at(i);
}

}  // namespace coseno
