// The acts of all users as a sparse matrix of weights, by user and by item.
#pragma once

#include <cstddef>
#include <vector>

#include "data/features.h"
#include "data/user_item_matrix.h"
#include "models/act_weights.h"

namespace coseno {

// A, users x items, so that users with many items count less:
//
//   a_uj = n_u^(-b / 2) w_uj       w_uj: models/act_weights.h; n_u: the items of user u
//
// Where w_uj is 0 there is no entry. Immutable; reading is thread-safe. 16 bytes an entry.
class ActMatrix {
 public:
  // `user_length`: b.
  ActMatrix(const UserItemMatrix& matrix, const ActWeights& weights, double user_length);

  std::size_t n_users() const { return users_.n_rows(); }
  std::size_t n_items() const { return items_.n_rows(); }
  // A user's items and an item's users, by rising number, with a_uj.
  FeatureRow user(std::size_t u) const { return users_.row(u); }
  FeatureRow item(std::size_t j) const { return items_.row(j); }
  // The squared length of each item's column: the diagonal of A'A.
  const std::vector<float>& norms() const { return norms_; }

 private:
  FeatureMatrix users_;
  FeatureMatrix items_;
  std::vector<float> norms_;  // n_items
};

}  // namespace coseno
