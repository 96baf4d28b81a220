// From scored candidates to the list that is shown.
//
// With every option off it is the k best, ties by lower index. Else pinned items take their places,
// and the other places are filled from the top, each with the candidate of the largest worth given
// what is in the list already:
//
//   worth(i) = (1 - c) [(1 - d) relevance(i) - d max_{j in list} similarity(i, j)]
//              - c KL(p, q(list + i))
//
// relevance: the score, moved and scaled so that the candidates span [0, 1]. d: diversity; with
// c = 0 this is maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998). c: the weight of
// calibration; with d = 0 it is Steck's (Calibrated recommendations, RecSys 2018), p being the
// user's distribution over the values of a property, q that of the list, smoothed by
// q' = 0.99 q + 0.01 p as there. Ties go to the higher score, then to the lower index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "math/matrix.h"
#include "math/top_k.h"
#include "ranking/item_properties.h"

namespace coseno {

// An item at a place of its own. Places count from 0. A list that is shorter closes up.
struct Pin {
  std::size_t place;
  std::uint32_t item;
};

// At most `most` items of the list share a value of `property`. Of a list property every value
// counts; an item without the property is not held back. Pinned items count, and are never held
// back themselves.
struct Cap {
  std::string property;
  std::size_t most;
};

// One item of the user's history and its weight, > 0.
struct WeightedItem {
  std::uint32_t item;
  float weight;
};

// The list's distribution over the values of `property` is drawn towards the history's. An item
// spreads its weight evenly over its values; one that has none has no part in it.
struct Calibration {
  std::string property;
  std::span<const WeightedItem> history;
  double weight = 0.5;  // c, in [0, 1]
};

// Some places are left to chance, so that what is ranked low is tried, too. What is drawn depends
// on the seed and the candidates alone.
struct Exploration {
  enum class Method {
    none,
    // With probability `rate` a place goes to any fitting candidate, each as likely; else to the
    // best.
    epsilon_greedy,
    // A place goes to candidate i with a probability in proportion to exp(worth(i) / temperature):
    // Plackett-Luce, drawn place by place.
    plackett_luce,
  };
  Method method = Method::none;
  double rate = 0.1;         // of epsilon_greedy, in [0, 1]
  double temperature = 0.1;  // of plackett_luce, in worth, [0.001, 1000]
  std::uint64_t seed = 0;
};

// out[n] = how alike `item` and others[n] are, at most 1. Values below 0 count as 0: an item cannot
// earn a place by being unlike.
using Similarity = std::function<void(std::uint32_t item, std::span<const std::uint32_t> others,
                                      std::span<float> out)>;

// The cosine of two rows of `vectors`, one an item; 0 where either is a zero vector or past the
// end, as items are that were born after training. Looks at the vectors, which must outlive it.
// Made once a model: it computes the length of every row, and keeps it (4 bytes). Thread-safe.
Similarity cosine_similarity(MatrixView vectors);

struct FinalListOptions {
  std::size_t k = 10;
  std::vector<Pin> pins = {};                // places in [0, k), each place and each item once
  std::vector<std::uint32_t> excluded = {};  // in no list, not even where pinned; any order
  std::vector<Cap> caps = {};
  double diversity = 0;                    // d, in [0, 1]
  const Similarity* similarity = nullptr;  // needed where diversity > 0; must outlive the call
  std::optional<Calibration> calibration = {};
  Exploration exploration = {};
};

struct Placed {
  std::uint32_t item;
  // That of the candidate; 0 for a pinned item that is none.
  float score;
  // The probability that this item was put here, given what stands above and the pins: 1 for a
  // pinned item and without exploration. The product down the list is that of the whole list.
  double propensity = 1;
  bool is_pinned = false;

  bool operator==(const Placed&) const = default;
};

// At most k items, fewer where no more candidates fit. `candidates`: finite scores, no item twice,
// any order. `table`: for caps and calibration.
// Errors: invalid_argument, with the name of the option, where one is out of its bounds.
// Cost: n log n for n candidates with everything off; else k * n, times what `similarity` takes
// where diversity is on. A few hundred candidates are what diversity needs.
// Thread-safe where `similarity` is.
Result<std::vector<Placed>> final_list(std::span<const Scored> candidates,
                                       const ItemProperties& table,
                                       const FinalListOptions& options);

}  // namespace coseno
