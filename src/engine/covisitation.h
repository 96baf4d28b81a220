// Which items are had by the same users at about the same time, counted as events come.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "data/ids.h"
#include "engine/chunked_vector.h"
#include "models/model.h"

namespace coseno {

// For each item a bounded row of the items that came with it most:
//
//   c_ij  = sum over the pairs of acts of one user, near one another in their history
//   s_ji  = c_ij / (n_j^1/2 n_i^1/2 + shrink),  n_i: acts with item i
//   score = sum over the history's items j of w_j s_ji
//
// A row has `width` places. One more item takes the place of the item with the least count, and
// that count with it, so no item with more than its share of a row's counts is missed, and a count
// is too large by at most that share: 1 / width of all counts of the row.
//
// Source: Metwally, Agrawal and El Abbadi, ICDT 2005 (Space-Saving); Sarwar et al., WWW 2001
// (cosine of items).
//
// Counting is for one thread at a time; any number of others may read meanwhile, and see each row
// before or after a change, never amid it.
class Covisitation {
 public:
  struct Neighbour {
    std::uint32_t item;
    float count;

    bool operator==(const Neighbour&) const = default;
  };

  explicit Covisitation(std::size_t width) : width_(width) {}

  // There are items below n_items from now on.
  void grow(std::size_t n_items) {
    rows_.grow(n_items);
    acts_.grow(n_items);
  }
  std::size_t n_items() const { return rows_.size(); }

  // `count` < 0 takes back; what falls to 0 is gone. a != b; both < n_items().
  void add_act(ItemIndex item, float count);
  void add_pair(ItemIndex a, ItemIndex b, float count);

  float n_acts(ItemIndex item) const {
    return acts_[offset(item)].n.load(std::memory_order_relaxed);
  }

  // An item of a history, and how much it counts.
  struct Weighed {
    ItemIndex item;
    float weight;
  };
  // Calls add(i, w_j s_ji) for all items i that came with one of `history`, which is gone through
  // in its order. Items >= n_items() are ignored. Cost: `width` a history item.
  template <class Add>
  void score(std::span<const Weighed> history, const Add& add) const {
    std::vector<Neighbour> row;
    for (const Weighed& act : history) {
      if (!copy_row(act.item, row)) continue;
      const float root = this->root(act.item);
      for (const Neighbour& neighbour : row) {
        add(ItemIndex{neighbour.item}, act, act.weight * nearness(root, neighbour));
      }
    }
  }

  // By s, best first.
  Ranking similar(ItemIndex item, std::size_t k) const;

  // For checkpoints and tests: as they lie.
  std::vector<Neighbour> row(ItemIndex item) const;
  void set_row(ItemIndex item, std::span<const Neighbour> row);

  std::size_t size_bytes() const;

 private:
  static constexpr std::size_t kLocks = 1024;
  // Few acts tell little; as if so many more had been with something else.
  static constexpr float kShrink = 2;

  // With an item.
  struct Acts {
    std::atomic<float> n = 0;
    std::atomic<float> root = 0;  // of n: a reader needs it for each neighbour
  };

  void add_to_row(ItemIndex item, ItemIndex other, float count);
  bool copy_row(ItemIndex item, std::vector<Neighbour>& row) const;
  float root(ItemIndex item) const {
    return acts_[offset(item)].root.load(std::memory_order_relaxed);
  }
  // s, of an item with that root.
  float nearness(float root, const Neighbour& neighbour) const {
    return neighbour.count / (root * this->root(ItemIndex{neighbour.item}) + kShrink);
  }

  std::mutex& lock_of(ItemIndex item) const { return locks_[offset(item) % kLocks]; }

  std::size_t width_;
  ChunkedVector<std::vector<Neighbour>> rows_;  // row i under lock_of(i)
  ChunkedVector<Acts> acts_;
  mutable std::array<std::mutex, kLocks> locks_;
};

}  // namespace coseno
