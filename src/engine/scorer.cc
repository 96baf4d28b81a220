#include "engine/scorer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/blend_weights.h"

namespace coseno {
namespace {

// What came last tells most of what comes next.
constexpr std::size_t kRecent = 50;

// As standardise() of scores that are 0 but for some hundreds of items: those alone are summed.
class Spread {
 public:
  void add(double score) {
    sum_ += score;
    squares_ += score * score;
  }
  double mean(std::size_t n_items) const { return sum_ / static_cast<double>(n_items); }
  // 1 / deviation; 0 where all are alike.
  double scale(std::size_t n_items) const {
    const double mean = this->mean(n_items);
    const double variance = squares_ / static_cast<double>(n_items) - mean * mean;
    return variance > 1e-12 * mean * mean ? 1 / std::sqrt(variance) : 0;
  }

 private:
  double sum_ = 0;
  double squares_ = 0;
};

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
  if (tastes.empty()) return {0, 0, 1, 0};
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

// A voice that is 0 but for some hundreds of items, which `add` adds to `scores`, made comparable.
template <class Add>
void Scorer::add_voice(double weight, LiveScores& scores, const Add& add) {
  const std::vector<LiveScores::Addend> others = scores.take_extra();
  add();
  Spread spread;
  for (const std::uint32_t item : scores.touched()) spread.add(scores.extra(item));
  const double scale = weight * spread.scale(scores.n_items());
  scores.scale_extra(scale);
  scores.add_base(-spread.mean(scores.n_items()) * scale);
  for (const auto& [item, amount] : others) scores.add(item, amount);
}

void Scorer::add_counts(const Tastes& tastes, double weight, LiveScores& scores) const {
  add_voice(weight, scores, [&] {
    parts_.live.covisitation().score(
        recent_of(tastes), [&](ItemIndex item, const Covisitation::Weighed&, float score) {
          if (offset(item) >= scores.n_items() || score <= 0) return;
          scores.add(offset(item), score);
        });
  });
}

void Scorer::add_sessions(const Tastes& tastes, double weight, LiveScores& scores) const {
  add_voice(weight, scores, [&] {
    parts_.live.sessions().score(recent_of(tastes), parts_.live.users(), parts_.live.covisitation(),
                                 parts_.types, [&](ItemIndex item, float score) {
                                   if (offset(item) < scores.n_items()) {
                                     scores.add(offset(item), score);
                                   }
                                 });
  });
}

LiveScores Scorer::live(Voice voice, const Tastes& tastes, std::size_t n_items,
                        LiveScores::Scratch& scratch) const {
  LiveScores scores(parts_.live.trending(), n_items, scratch);
  if (voice == Voice::covisitation) add_counts(tastes, 1, scores);
  if (voice == Voice::sessions) add_sessions(tastes, 1, scores);
  if (voice == Voice::trending) scores.add_trending(1);
  return scores;
}

LiveScores Scorer::live(const Tastes& tastes, std::size_t n_items,
                        LiveScores::Scratch& scratch) const {
  LiveScores scores(parts_.live.trending(), n_items, scratch);
  const VoiceWeights weights = this->weights(tastes);
  if (const float weight = weights[std::to_underlying(Voice::covisitation)]; weight > 0) {
    add_counts(tastes, weight, scores);
  }
  if (const float weight = weights[std::to_underlying(Voice::sessions)]; weight > 0) {
    add_sessions(tastes, weight, scores);
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
