#include "engine/new_items.h"

#include <algorithm>
#include <cmath>

namespace coseno {
namespace {

// With these, 6 or 7 of the first 100 films of a user are new ones where a tenth of all are
// (bench/freshness.py); with 1 and 1 it were 27, with 0.3 and 0.3 none.
constexpr double kContent = 0.7;
constexpr double kFreshness = 0.5;
constexpr std::size_t kMostNew = 10000;
constexpr std::size_t kSample = 256;

using Values = std::vector<ItemProperties::SharedValue>;

}  // namespace

ContentTaste::ContentTaste(const ItemProperties& properties,
                           std::span<const Covisitation::Weighed> items)
    : properties_(properties) {
  Values values;
  for (const Covisitation::Weighed& one : items) {
    values.clear();
    properties_.append_shared(one.item, values);
    double square = 0;
    for (const auto& value : values) square += idf(value) * idf(value);
    if (square == 0) continue;
    for (const auto& value : values) {
      const auto [place, is_new] = places_.try_emplace(value.key, weights_.size());
      if (is_new) weights_.push_back({value});
      weights_[place->second].weight += one.weight * idf(value) / std::sqrt(square);
    }
  }
  double square = 0;
  for (const Weight& weight : weights_) square += weight.weight * weight.weight;
  length_ = std::sqrt(square);
}

double ContentTaste::idf(const ItemProperties::SharedValue& value) const {
  return std::log(static_cast<float>(properties_.n_items()) / static_cast<float>(value.n_items));
}

float ContentTaste::like(ItemIndex item) const {
  static thread_local Values values;
  values.clear();
  properties_.append_shared(item, values);
  double product = 0;
  for (const auto& value : values) {
    const auto place = places_.find(value.key);
    if (place != places_.end()) product += idf(value) * weights_[place->second].weight;
  }
  if (product == 0) return 0;  // most items: their logarithms are what it would cost
  double square = 0;
  for (const auto& value : values) square += idf(value) * idf(value);
  const double lengths = std::sqrt(square) * length_;
  return lengths > 0 ? static_cast<float>(product / lengths) : 0;
}

void ContentTaste::find(std::size_t n, std::span<std::uint64_t> bits) const {
  std::vector<Weight> rising = weights_;
  std::ranges::stable_sort(rising, {}, [](const Weight& one) { return one.value.n_items; });
  std::size_t n_found = 0;  // at most
  for (const Weight& weight : rising) {
    if (n_found >= n) break;
    properties_.add_items_with(weight.value.key, bits);
    n_found += weight.value.n_items;
  }
}

NewItems::NewItems(const ItemProperties& properties, const Covisitation& covisitation,
                   std::span<const Covisitation::Weighed> recent, std::size_t first_new,
                   bool has_model)
    : properties_(properties),
      covisitation_(covisitation),
      taste_(properties, first_new < covisitation.n_items() ? recent : recent.first(0)),
      first_new_(
          std::max(first_new, covisitation.n_items() - std::min(covisitation.n_items(), kMostNew))),
      has_model_(has_model) {
  if (taste_.empty()) return;
  const std::size_t n_items = covisitation.n_items();
  const std::size_t n = std::min(kSample, n_items);
  double sum = 0;
  double squares = 0;
  for (std::size_t s = 0; s < n; ++s) {
    const double like = taste_.like(static_cast<ItemIndex>(s * n_items / n));
    sum += like;
    squares += like * like;
  }
  mean_ = sum / static_cast<double>(n);
  const double variance = squares / static_cast<double>(n) - mean_ * mean_;
  scale_ = variance > 1e-12 ? 1 / std::sqrt(variance) : 0;
}

bool NewItems::is_new(ItemIndex item) const {
  return offset(item) >= first_new_ && properties_.has_any(item);
}

double NewItems::novelty(ItemIndex item) const {
  return 1 / (1 + std::max(0.0F, covisitation_.n_acts(item)));
}

float NewItems::content(ItemIndex item) const {
  if (scale_ == 0 || !is_new(item)) return 0;
  return static_cast<float>(kContent * novelty(item) * (taste_.like(item) - mean_) * scale_);
}

float NewItems::freshness(ItemIndex item) const {
  if (!has_model_ || !is_new(item)) return 0;
  return static_cast<float>(kFreshness * novelty(item));
}

void NewItems::add_to(LiveScores& scores) const {
  for (std::size_t i = first_new_; i < scores.n_items(); ++i) {
    const auto item = static_cast<ItemIndex>(i);
    if (const float score = content(item) + freshness(item); score != 0) scores.add(i, score);
  }
}

}  // namespace coseno
