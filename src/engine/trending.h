// What is had most, of late.
#pragma once

#include <algorithm>
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
// Beside the counts, each block of 256 items keeps its largest and its sums, so that a reader who
// wants what stands out, or the mean, looks at blocks. They are summed anew at each act: the same
// counts give the same sums, however they came to be.
//
// Adding is for one thread at a time; any number of others may read meanwhile.
class Trending {
 public:
  // A look at all g that are then comparable: the landmark stays where it is as long as this lives.
  // A view; must not outlive the counts. Of one thread.
  class Reading {
   public:
    // Cost: a look at each block.
    explicit Reading(const Trending& trending);

    // g of the item by an unknown factor, the same for all; < n_items() of the counts.
    double operator[](std::size_t item) const {
      return trending_->counts_[item].load(std::memory_order_relaxed);
    }
    double largest() const { return largest_; }
    // Of all items there are.
    double mean() const { return mean_; }
    // 0 where nothing differs.
    double deviation() const { return deviation_; }

    // Calls visit(item) for all items with g >= least(), of which it is asked again and again: what
    // has been visited may raise it. Cost: a look at each block, and at the items of those that
    // have one.
    template <class Least, class Visit>
    void for_each_above(const Least& least, const Visit& visit) const {
      for (std::size_t b = 0; b < n_blocks_; ++b) {
        if (trending_->blocks_[b].largest.load(std::memory_order_relaxed) < least()) continue;
        const std::size_t end = std::min(n_items_, (b + 1) * kItemsInBlock);
        for (std::size_t i = b * kItemsInBlock; i < end; ++i) {
          if ((*this)[i] >= least()) visit(i);
        }
      }
    }

   private:
    const Trending* trending_;
    std::shared_lock<std::shared_mutex> lock_;
    std::size_t n_items_;
    std::size_t n_blocks_;
    double largest_ = 0;
    double mean_ = 0;
    double deviation_ = 0;
  };

  explicit Trending(double half_life_days) : half_life_ms_(half_life_days * 24 * 3600 * 1000) {}

  void grow(std::size_t n_items) {
    blocks_.grow((n_items + kItemsInBlock - 1) / kItemsInBlock);
    counts_.grow(n_items);
  }
  std::size_t n_items() const { return counts_.size(); }

  // `weight` < 0 takes back.
  void add(ItemIndex item, double weight, std::int64_t time_ms);

  // g of items below out.size(), which is at most n_items(), as a share of the largest.
  void scores(std::span<float> out) const;

  // For checkpoints.
  std::optional<std::int64_t> landmark_ms() const { return landmark_ms_; }
  double count(ItemIndex item) const {
    return counts_[offset(item)].load(std::memory_order_relaxed);
  }
  void restore(std::optional<std::int64_t> landmark_ms, std::span<const double> counts);

  std::size_t size_bytes() const { return counts_.size_bytes() + blocks_.size_bytes(); }

 private:
  static constexpr std::size_t kItemsInBlock = 256;

  struct Block {
    std::atomic<double> largest = 0;
    std::atomic<double> sum = 0;      // each g divided by `largest`
    std::atomic<double> squares = 0;  // the same
  };

  void move_landmark(std::int64_t time_ms);
  void sum_block(std::size_t block);
  void sum_blocks();

  double half_life_ms_;
  mutable std::shared_mutex landmark_mutex_;  // held exclusively while all counts are scaled
  std::optional<std::int64_t> landmark_ms_;
  ChunkedVector<std::atomic<double>> counts_;
  ChunkedVector<Block> blocks_;
};

}  // namespace coseno
