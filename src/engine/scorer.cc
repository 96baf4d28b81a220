#include "engine/scorer.h"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/blend_weights.h"

namespace coseno {
namespace {

// What came last tells most of what comes next.
constexpr std::size_t kRecent = 50;

}  // namespace

Tastes tastes_of(std::span<const KeptEvent> history, const TypeMeanings& types,
                 std::int64_t now_ms) {
  Tastes tastes;
  boost::unordered_flat_map<std::uint32_t, float> seen;  // the largest weight of each item
  std::vector<const KeptEvent*> kept;                    // the last of each item, newest first
  for (std::size_t n = history.size(); n-- > 0;) {
    const KeptEvent& event = history[n];
    const EventType& type = types.of(event.type());
    const float weight = weight_now(type, now_ms - event.time_ms());
    if (weight <= 0) continue;
    const auto [place, is_new] = seen.try_emplace(std::to_underlying(event.item()), weight);
    if (is_new) {
      kept.push_back(&event);
    } else {
      place->second = std::max(place->second, weight);
    }
  }
  for (auto event = kept.rbegin(); event != kept.rend(); ++event) {
    const bool is_rating = types.of((*event)->type()).is_rating;
    tastes.has_ratings |= is_rating;
    tastes.interactions.push_back(
        {(*event)->item(), (*event)->value(), (*event)->time_ms() / 1000});
    tastes.weights.push_back(seen.at(std::to_underlying((*event)->item())));
  }
  return tastes;
}

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

void Scorer::score(Voice voice, const Tastes& tastes, std::span<float> out) const {
  switch (voice) {
    case Voice::model: {
      if (parts_.model == nullptr) break;
      const std::size_t n_known = std::min(parts_.model->n_items(), out.size());
      parts_.model->score(tastes.profile(), out.first(n_known));
      standardise(out.first(n_known));
      std::ranges::fill(out.subspan(n_known), 0.0F);
      return;
    }
    case Voice::covisitation:
      score_by_counts(tastes, out);
      return;
    case Voice::trending:
      parts_.trending.scores(out);
      standardise(out);
      return;
  }
  std::ranges::fill(out, 0.0F);
}

// As standardise() of scores that are 0 but for some hundreds of items: those alone are summed.
void Scorer::score_by_counts(const Tastes& tastes, std::span<float> out) const {
  std::ranges::fill(out, 0.0F);
  std::vector<std::uint32_t> touched;
  parts_.covisitation.score(recent_of(tastes),
                            [&](ItemIndex item, const Covisitation::Weighed&, float score) {
                              if (offset(item) >= out.size() || score <= 0) return;
                              if (out[offset(item)] == 0)
                                touched.push_back(std::to_underlying(item));
                              out[offset(item)] += score;
                            });
  double sum = 0;
  double squares = 0;
  for (const std::uint32_t item : touched) {
    sum += out[item];
    squares += static_cast<double>(out[item]) * out[item];
  }
  if (touched.empty()) return;
  const auto n = static_cast<double>(out.size());
  const double mean = sum / n;
  const double variance = squares / n - mean * mean;
  const double scale = variance > 1e-12 * mean * mean ? 1 / std::sqrt(variance) : 0;
  std::vector<float> scores(touched.size());
  std::ranges::transform(touched, scores.begin(), [&](std::uint32_t item) { return out[item]; });
  std::ranges::fill(out, static_cast<float>(-mean * scale));
  for (std::size_t t = 0; t < touched.size(); ++t) {
    out[touched[t]] = static_cast<float>((scores[t] - mean) * scale);
  }
}

void Scorer::score(const Tastes& tastes, std::vector<float>& scratch, std::span<float> out) const {
  add(weights(tastes), tastes, scratch, out);
}

void Scorer::score_without(Voice left_out, const Tastes& tastes, std::vector<float>& scratch,
                           std::span<float> out) const {
  VoiceWeights weights = this->weights(tastes);
  weights[std::to_underlying(left_out)] = 0;
  add(weights, tastes, scratch, out);
}

void Scorer::add(const VoiceWeights& weights, const Tastes& tastes, std::vector<float>& scratch,
                 std::span<float> out) const {
  scratch.resize(out.size());
  std::ranges::fill(out, 0.0F);
  for (std::size_t v = 0; v < kVoices; ++v) {
    if (weights[v] == 0) continue;
    score(static_cast<Voice>(v), tastes, scratch);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += weights[v] * scratch[i];
  }
}

}  // namespace coseno
