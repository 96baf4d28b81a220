// Which items have users in common, and the nearest to each by what these users tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/features.h"
#include "data/user_item_matrix.h"
#include "models/act_weights.h"
#include "models/model.h"

namespace coseno {

// Sums over the users that two items share:
//
//   c_ij = sum_u d_u w_ui w_uj
//
// w_ui is the weight of an act (models/act_weights.h), d_u that of a user. Of a user with more than
// 10,000 items the newest count: pairs are summed, so one robot that has had everything would cost
// its square. People have fewer (MovieLens 20M: 9,254).
//
// There never is a matrix of items by items. The sums of one item with all others are made at a
// time, in an array that stays in cache: items are numbered anew, those of most users first, so
// most sums fall in its first few kilobytes; of more than 65,536 items that many are taken at once.
class Cooccurrence {
 public:
  // `user_weights`: d_u >= 0, finite, one a user.
  Cooccurrence(const UserItemMatrix& matrix, const ActWeights& acts,
               std::span<const float> user_weights);

  std::size_t n_items() const { return norms_.size(); }
  // c_ii, n_items.
  std::span<const float> norms() const { return norms_; }

  // How near item j is to item i:
  //
  //   c_ij / (own_i other_j + plus_i + plus_j - overlap c_ij + shrink)
  //
  // Each of n_items floats >= 0, finite; the denominator must be above 0 wherever c_ij is.
  struct Nearness {
    std::vector<float> own;
    std::vector<float> other;
    std::vector<float> plus;  // may be empty: all 0
    float overlap = 0;
    float shrink = 0;
  };

  // For each item i the k others j that are nearest, in no order; of equal ones those of lower
  // index. Fewer where fewer have a user in common with it. Cost: the sum of the squares of the
  // lengths of histories; memory: the result, and 8 bytes an entry. Reports to `stage`.
  // Errors: cancelled.
  Result<std::vector<std::vector<Feature>>> nearest(const Nearness& nearness, std::size_t k,
                                                    FitContext& context,
                                                    std::string_view stage) const;

 private:
  class Search;

  FeatureMatrix users_;               // of each item: user and w_ui > 0
  FeatureMatrix items_;               // of each user: place in order_ and d_u w_ui > 0
  std::vector<std::uint32_t> order_;  // the items, those of most users first
  std::vector<float> norms_;
};

// d_u = n_u ^ -exponent of every user, n_u their items; 0 of one without items. So users with many
// items count less.
std::vector<float> user_length_weights(const UserItemMatrix& matrix, double exponent);

}  // namespace coseno
