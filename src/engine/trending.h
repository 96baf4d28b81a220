// What is had most, of late.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>

#include "data/ids.h"
#include "engine/chunked_vector.h"

namespace coseno {

// Exponential decay:
//
//   g_i(t) = sum over the acts with item i of w 2^(-(t - time) / half_life)
//
// All g fade alike, so their order changes with acts alone, and the sum can be kept as of one
// moment, the landmark: an act adds w 2^((time - landmark) / half_life). When these numbers become
// large, all are scaled and the landmark moves on. So the order of acts with different times does
// not matter, but for rounding.
//
// Source: Cormode et al., ICDE 2009 (forward decay).
//
// Adding is for one thread at a time; any number of others may read meanwhile.
class Trending {
 public:
  explicit Trending(double half_life_days) : half_life_ms_(half_life_days * 24 * 3600 * 1000) {}

  void grow(std::size_t n_items) { counts_.grow(n_items); }
  std::size_t n_items() const { return counts_.size(); }

  // `weight` < 0 takes back.
  void add(ItemIndex item, double weight, std::int64_t time_ms);

  // g of items below out.size(), which is at most n_items(), each by the same unknown factor.
  void scores(std::span<float> out) const;

  // For checkpoints.
  std::optional<std::int64_t> landmark_ms() const { return landmark_ms_; }
  double count(ItemIndex item) const {
    return counts_[offset(item)].load(std::memory_order_relaxed);
  }
  void restore(std::optional<std::int64_t> landmark_ms, std::span<const double> counts);

  std::size_t size_bytes() const { return counts_.size_bytes(); }

 private:
  void move_landmark(std::int64_t time_ms);

  double half_life_ms_;
  mutable std::shared_mutex landmark_mutex_;  // held exclusively while all counts are scaled
  std::optional<std::int64_t> landmark_ms_;
  ChunkedVector<std::atomic<double>> counts_;
};

}  // namespace coseno
