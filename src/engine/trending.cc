#include "engine/trending.h"

#include <algorithm>
#include <cmath>

namespace coseno {
namespace {

// Half-lives after which the landmark moves on. Doubles hold 2^1023; sums of up to 2^32 acts of
// weight 2^10 need 42 of those, and scores are floats as of the newest act.
constexpr double kMaxHalfLives = 900;

// What has faded below this counts as nothing: its inverse would be no number.
constexpr double kLeast = 1e-300;

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
  sum_block(offset(item) / kItemsInBlock);
}

void Trending::sum_block(std::size_t block) {
  // A chunk of counts has whole blocks, with zeros behind the last item.
  const std::atomic<double>* const counts = &counts_[block * kItemsInBlock];
  double largest = 0;
  for (std::size_t i = 0; i < kItemsInBlock; ++i) {
    largest = std::max(largest, counts[i].load(std::memory_order_relaxed));
  }
  const double scale = largest > kLeast ? 1 / largest : 0;
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < kItemsInBlock; ++i) {
    const double share = counts[i].load(std::memory_order_relaxed) * scale;
    sum += share;
    squares += share * share;
  }
  blocks_[block].largest.store(largest, std::memory_order_relaxed);
  blocks_[block].sum.store(sum, std::memory_order_relaxed);
  blocks_[block].squares.store(squares, std::memory_order_relaxed);
}

void Trending::sum_blocks() {
  for (std::size_t b = 0; b < blocks_.size(); ++b) sum_block(b);
}

void Trending::move_landmark(std::int64_t time_ms) {
  const double factor = std::exp2(static_cast<double>(*landmark_ms_ - time_ms) / half_life_ms_);
  const std::lock_guard lock(landmark_mutex_);
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    counts_[i].store(counts_[i].load(std::memory_order_relaxed) * factor,
                     std::memory_order_relaxed);
  }
  sum_blocks();
  landmark_ms_ = time_ms;
}

Trending::Reading::Reading(const Trending& trending)
    : trending_(&trending),
      lock_(trending.landmark_mutex_),
      n_items_(trending.n_items()),
      n_blocks_((n_items_ + kItemsInBlock - 1) / kItemsInBlock) {
  for (std::size_t b = 0; b < n_blocks_; ++b) {
    largest_ = std::max(largest_, trending.blocks_[b].largest.load(std::memory_order_relaxed));
  }
  if (largest_ <= kLeast) return;
  double sum = 0;
  double squares = 0;
  for (std::size_t b = 0; b < n_blocks_; ++b) {
    const Block& block = trending.blocks_[b];
    const double share = block.largest.load(std::memory_order_relaxed) / largest_;
    sum += share * block.sum.load(std::memory_order_relaxed);
    squares += share * share * block.squares.load(std::memory_order_relaxed);
  }
  const auto n = static_cast<double>(n_items_);
  const double mean = sum / n;
  const double variance = squares / n - mean * mean;
  mean_ = mean * largest_;
  deviation_ = variance > 1e-12 * mean * mean ? std::sqrt(variance) * largest_ : 0;
}

void Trending::scores(std::span<float> out) const {
  const Reading reading(*this);
  const double scale = reading.largest() > kLeast ? 1 / reading.largest() : 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    // An act that comes meanwhile may make one larger.
    out[i] = static_cast<float>(std::min(1.0, reading[i] * scale));
  }
}

void Trending::restore(std::optional<std::int64_t> landmark_ms, std::span<const double> counts) {
  landmark_ms_ = landmark_ms;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts_[i].store(counts[i], std::memory_order_relaxed);
  }
  sum_blocks();
}

}  // namespace coseno
