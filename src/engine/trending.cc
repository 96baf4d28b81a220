#include "engine/trending.h"

#include <algorithm>
#include <cmath>

namespace coseno {
namespace {

// Half-lives after which the landmark moves on. Doubles hold 2^1023; sums of up to 2^32 acts of
// weight 2^10 need 42 of those, and scores are floats as of the newest act.
constexpr double kMaxHalfLives = 900;

}  // namespace

void Trending::add(ItemIndex item, double weight, std::int64_t time_ms) {
  if (!landmark_ms_) landmark_ms_ = time_ms;
  double age = static_cast<double>(time_ms - *landmark_ms_) / half_life_ms_;
  if (age > kMaxHalfLives) {
    move_landmark(time_ms);
    age = 0;
  }
  std::atomic<double>& count = counts_[offset(item)];
  count.store(std::max(0.0, count.load(std::memory_order_relaxed) + weight * std::exp2(age)),
              std::memory_order_relaxed);
}

void Trending::move_landmark(std::int64_t time_ms) {
  const double factor = std::exp2(static_cast<double>(*landmark_ms_ - time_ms) / half_life_ms_);
  const std::lock_guard lock(landmark_mutex_);
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    counts_[i].store(counts_[i].load(std::memory_order_relaxed) * factor,
                     std::memory_order_relaxed);
  }
  landmark_ms_ = time_ms;
}

void Trending::scores(std::span<float> out) const {
  const std::shared_lock lock(landmark_mutex_);
  double largest = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    largest = std::max(largest, counts_[i].load(std::memory_order_relaxed));
  }
  const double scale = largest > 0 ? 1 / largest : 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double share = counts_[i].load(std::memory_order_relaxed) * scale;
    out[i] = static_cast<float>(std::min(1.0, share));
  }
}

void Trending::restore(std::optional<std::int64_t> landmark_ms, std::span<const double> counts) {
  landmark_ms_ = landmark_ms;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts_[i].store(counts[i], std::memory_order_relaxed);
  }
}

}  // namespace coseno
