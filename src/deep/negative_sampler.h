// Items that stand against what came next.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/rng.h"

namespace coseno {

// The same for all positions of a step, so that their scores are one product of matrices.
struct Negatives {
  std::vector<std::int64_t> items;  // none: all items are
  // Logarithm of how often an item is expected among them.
  float log_expected = 0;
};

// Draws with replacement, each item as likely as any.
class NegativeSampler {
 public:
  // n_items > 0; n_negatives 0: all items.
  NegativeSampler(std::size_t n_items, std::size_t n_negatives)
      : n_items_(n_items), n_negatives_(n_negatives) {}

  Negatives draw(Rng& rng) const {
    Negatives negatives;
    for (std::size_t i = 0; i < n_negatives_; ++i) {
      negatives.items.push_back(static_cast<std::int64_t>(rng.below(n_items_)));
    }
    if (n_negatives_ > 0) {
      negatives.log_expected =
          std::log(static_cast<float>(n_negatives_) / static_cast<float>(n_items_));
    }
    return negatives;
  }

 private:
  std::size_t n_items_;
  std::size_t n_negatives_;
};

}  // namespace coseno
