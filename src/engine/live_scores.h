// What the live voices say of all items, without a look at each.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "engine/trending.h"

namespace coseno {

// A score of every item as four addends, of which three are the same for nearly all:
//
//   at(i) = base + slope g_i + extra_i + the sum of the amounts of the boosts whose set has i
//
// g: what is trending. extra: 0 but for the items that were touched: those that came with one of
// the history, and new ones. So the items that could have more than some score are found by a look
// at those, at the boosted ones and at the blocks of Trending::Reading.
//
// Of one thread. Numbers that are kept from request to request lie in a Scratch.
class LiveScores {
 public:
  class Scratch {
   private:
    friend class LiveScores;
    std::vector<float> extra_;            // 0 but for those in touched_
    std::vector<char> is_touched_;        // 1 for those in touched_
    std::vector<std::uint32_t> touched_;  // each once
  };

  // Views; both must outlive this object. Of what `scratch` held before nothing is left.
  LiveScores(const Trending& trending, std::size_t n_items, Scratch& scratch)
      : trending_(trending), n_items_(n_items), scratch_(scratch) {
    for (const std::uint32_t item : scratch_.touched_) {
      scratch_.extra_[item] = 0;
      scratch_.is_touched_[item] = 0;
    }
    scratch_.touched_.clear();
    if (scratch_.extra_.size() < n_items) {
      scratch_.extra_.resize(n_items);
      scratch_.is_touched_.resize(n_items);
    }
  }

  std::size_t n_items() const { return n_items_; }

  void add_base(double amount) { base_ += amount; }

  // weight (g - mean) / deviation.
  void add_trending(double weight) {
    if (trending_.deviation() == 0) return;
    slope_ += weight / trending_.deviation();
    base_ -= weight * trending_.mean() / trending_.deviation();
  }

  // item < n_items().
  void add(std::size_t item, float amount) {
    if (scratch_.is_touched_[item] == 0) {
      scratch_.is_touched_[item] = 1;
      scratch_.touched_.push_back(static_cast<std::uint32_t>(item));
    }
    scratch_.extra_[item] += amount;
  }

  // What was added to items so far, which is then no more: each item once.
  struct Addend {
    std::uint32_t item;
    float amount;
  };
  std::vector<Addend> take_extra() {
    std::vector<Addend> taken;
    taken.reserve(scratch_.touched_.size());
    for (const std::uint32_t item : scratch_.touched_) {
      taken.push_back({item, scratch_.extra_[item]});
      scratch_.extra_[item] = 0;
      scratch_.is_touched_[item] = 0;
    }
    scratch_.touched_.clear();
    return taken;
  }

  // `items`: a bit an item, ceil(n_items / 64) words.
  void add_boost(std::vector<std::uint64_t> items, float amount) {
    boosts_.push_back({std::move(items), amount});
  }

  std::span<const std::uint32_t> touched() const { return scratch_.touched_; }
  float extra(std::size_t item) const { return scratch_.extra_[item]; }
  void scale_extra(double factor) {
    for (const std::uint32_t item : scratch_.touched_) {
      scratch_.extra_[item] = static_cast<float>(scratch_.extra_[item] * factor);
    }
  }

  float at(std::size_t item) const {
    const double shared = base_ + slope_ * trending_[item];
    float score = static_cast<float>(shared) + scratch_.extra_[item];
    for (const Boosted& boost : boosts_) {
      if ((boost.items[item / 64] >> (item % 64) & 1) != 0) score += boost.amount;
    }
    return score;
  }

  // Calls visit(item) for all items with at(item) >= least(), some of them more than once, and for
  // some others too. What has been visited may raise least(). Cost: the items touched, those
  // boosted upwards, and a look at each block of what is trending.
  template <class Least, class Visit>
  void for_each_above(const Least& least, const Visit& visit) const {
    for (const std::uint32_t item : scratch_.touched_) {
      if (at(item) >= least()) visit(item);
    }
    for (const Boosted& boost : boosts_) {
      if (boost.amount > 0) for_each_set(boost.items, visit);
    }
    // The others: base and slope alone, less what boosts take.
    const auto least_trending = [&] {
      // An item of exactly that score is not lost to rounding.
      const double lacks = least() - base_ - kSlack * (1 + std::abs(base_));
      if (lacks <= 0) return 0.0;
      return slope_ > 0 ? lacks / slope_ : std::numeric_limits<double>::infinity();
    };
    trending_.for_each_above(least_trending, [&](std::size_t item) {
      if (item < n_items_) visit(static_cast<std::uint32_t>(item));
    });
  }

 private:
  static constexpr double kSlack = 1e-6;

  struct Boosted {
    std::vector<std::uint64_t> items;
    float amount;
  };

  template <class Visit>
  void for_each_set(std::span<const std::uint64_t> bits, const Visit& visit) const {
    for (std::size_t w = 0; w < bits.size(); ++w) {
      for (std::uint64_t word = bits[w]; word != 0; word &= word - 1) {
        visit(
            static_cast<std::uint32_t>(w * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }

  Trending::Reading trending_;
  std::size_t n_items_;
  Scratch& scratch_;
  double base_ = 0;
  double slope_ = 0;
  std::vector<Boosted> boosts_;
};

}  // namespace coseno
