// The weights of ease, solved for exactly or on a sparse pattern.
#pragma once

#include <cstddef>
#include <vector>

#include "models/act_matrix.h"
#include "models/model.h"

namespace coseno {

constexpr double kGigabyte = 1e9;  // bytes

// For each item i the regression of its acts on those of all others, each weight drawn to 0:
//
//   b_i  = argmin |a_i - A b|^2 + sum_j l_j b_j^2,  b_ii = 0      a_j: item j's column of A
//   l_j  = l2 + dropout / (1 - dropout) |a_j|^2
//   s_ji = b_ji (|a_j|^2 / |a_i|^2)^popularity
//
struct EaseProblem {
  double l2;
  double dropout;
  double popularity;
  std::size_t k;  // weights that an item keeps: the mean (dense) or the most (sparse)
};

// Row i: the items j that speak for item i with s_ji, in no order.
using EaseWeights = std::vector<std::vector<Feature>>;

// All at once, by the inverse P of A'A + diag(l): b_ji = -P_ji / P_ii. Of all weights of all items
// the n_items k largest |s_ji| are kept: a quarter as many as where each item keeps its k largest
// are as good (docs/algorithms.md).
// Errors: unavailable (memory, with the figure and before it starts; no OpenBLAS), cancelled,
// invalid_argument (l2 so small that float32 cannot tell the matrix from a singular one).
//
// Source: Steck, WWW 2019 (the closed form); Steck, NeurIPS 2020 (dropout as a diagonal).
Result<EaseWeights> solve_dense(const ActMatrix& acts, const EaseProblem& problem,
                                FitContext& context);

// What solve_dense takes at its peak beside the acts, bytes: about 2 n_items^2.
double dense_size_bytes(std::size_t n_items, std::size_t k, int n_threads);

// Each item for itself: b_ji may differ from 0 only for the k items j that would tell most of i if
// they stood alone, (a_i . a_j)^2 / (|a_j|^2 + l_j); for these the regression is exact. Memory
// grows with the acts and n_items k. Cost: for each item k^3 / 3, the acts of its neighbours, and
// the pairs of them that a user has both of. Errors: cancelled.
//
// Source: Ning and Karypis, ICDM 2011 (fsSLIM: regressions among neighbours). It is also an
// approximate inverse on a given pattern, column by column (Kolotilina and Yeremin, SIMAX 1993).
Result<EaseWeights> solve_sparse(const ActMatrix& acts, const EaseProblem& problem,
                                 FitContext& context);

}  // namespace coseno
