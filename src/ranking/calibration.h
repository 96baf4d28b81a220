// How far a list is from what a user likes, by the values of a property.
//
// Source: Steck, Calibrated recommendations, RecSys 2018: equations 2 to 4 and 6, with the weight
// of each item of the list 1, and the natural logarithm.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ranking/value_groups.h"

namespace coseno {

// The Kullback-Leibler divergence of the user's distribution p over groups from that of a list, q,
// as the list grows:
//
//   KL = sum_g p(g) log(p(g) / q'(g)),   q' = (1 - a) q + a p,   a = 0.01
//
// An empty list has q = 0, and so the largest divergence, log(1 / a).
class ListDivergence {
 public:
  using Member = ValueGroups::Member;

  // `history`: of each group, its weight >= 0, which need not sum to 1. Where all are 0 there is
  // nothing to be near to, and the divergence is 0.
  explicit ListDivergence(std::vector<double> history);

  // An item of these groups joins the list. One without groups has no part in it. Cost: that of all
  // groups.
  void add(std::span<const Member> item);
  // The divergence were this item to join. Cost: that of its groups.
  double with(std::span<const Member> item) const;
  // The divergence as it is.
  double value() const { return value_; }

 private:
  double term(std::size_t group, double mass, double n_items) const;
  double sum_over_groups(double n_items) const;

  std::vector<double> target_;  // p
  std::vector<double> mass_;    // of each group in the list; q = mass / n_items
  double n_items_ = 0;          // of the list, with groups
  double value_;                // with n_items_
  double value_of_one_more_;    // with n_items_ + 1 and the same mass
};

}  // namespace coseno
