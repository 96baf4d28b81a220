// One half of alternating least squares, for one row: exact, or a few steps nearer.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "math/kernels.h"
#include "math/matrix.h"

namespace coseno {

// The directions in which Y'CY is diagonal, of rows Y with weights C.
struct GramBasis {
  Factors directions;                  // width x width; Y * directions has a diagonal one
  std::vector<float> squared_lengths;  // its diagonal, width numbers >= 0, rising
};

// rows.dim() padded; only the first `dim` columns are in use, the rest are zeros and stay so.
// Cost: n_rows * dim^2 / 2, and dim^3 times about 10, in double.
GramBasis gram_basis(const Factors& rows, std::span<const float> weights, std::size_t dim,
                     ThreadPool& pool);

// rows = rows * directions. Where both sides are turned alike, no score changes.
void turn(const Factors& directions, Factors& rows, ThreadPool& pool);

// The vector w of somebody with items h_j of weights c_j is that of least
//
//   sum c_j (1 - h_j w)^2 + unobserved * sum over all items i of (h_i w)^2 + ridge |w|^2
//
// which is the solution of
//
//   (D + sum c_j h_j h_j') w = sum c_j h_j,    D = unobserved * S + ridge
//
// where the items' vectors are turned so that their Gram matrix is the diagonal S. That is what
// makes both ways below cheap: D is trivial to invert.
//
// Source: Hu, Koren and Volinsky, ICDM 2008, equation 4; the weights as in Rendle et al., RecSys
// 2022, "Revisiting the performance of iALS". The turn is ours.
class HalfStep {
 public:
  // Memory for the functions below; one a thread.
  struct Scratch {
    std::vector<float> diagonal;  // D, dim; for solve() its inverse
    std::vector<float> rows;
    std::vector<float> weights;
    std::vector<float> zeros;
    std::vector<float> targets;
    std::vector<float> gram;
    std::vector<float> right;
    std::vector<float> residual;  // improve(): dim each
    std::vector<float> direction;
    std::vector<float> image;
  };

  // Keeps the views: `items` (dim padded, see math/kernels.h) and `squared_lengths` (S: dim
  // numbers >= 0, zeros in the padding) must outlive this object. unobserved >= 0.
  HalfStep(MatrixView items, std::span<const float> squared_lengths, float unobserved);

  // Writes the exact w, dim floats, to `out`; zeros without entries. Weights > 0, ridge > 0. Cost:
  // n^2 dim / 2 + n^3 / 3 for n < dim entries, n dim^2 / 2 + dim^3 / 3 for more.
  // Thread-safe, as all functions, while each thread brings its own scratch.
  void solve(std::span<const RowWeight> entries, float ridge, Scratch& scratch,
             std::span<float> out) const;

  // The same with a target t_j for each entry in place of 1: of least sum c_j (t_j - h_j w)^2 + ...
  void solve(std::span<const RowWeight> entries, std::span<const float> targets, float ridge,
             Scratch& scratch, std::span<float> out) const;

  // As solve(), whatever n is, by the second cost: the plain version.
  void solve_directly(std::span<const RowWeight> entries, std::span<const float> targets,
                      float ridge, Scratch& scratch, std::span<float> out) const;

  // Brings `w` nearer to the exact one by n_steps of conjugate gradients from where it stands,
  // preconditioned by the diagonal. Returns sum c_j (1 - h_j w)^2 of before. Cost: 2 n dim a step,
  // and once more.
  float improve(std::span<const RowWeight> entries, float ridge, int n_steps, Scratch& scratch,
                std::span<float> w) const;

 private:
  void solve_by_entries(std::span<const RowWeight> entries, std::span<const float> targets,
                        float ridge, Scratch& scratch, std::span<float> out) const;
  void set_diagonal(float ridge, Scratch& scratch) const;

  MatrixView items_;
  std::span<const float> squared_lengths_;
  float unobserved_;
};

}  // namespace coseno
