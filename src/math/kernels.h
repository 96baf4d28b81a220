// The hot loops, each for the best instruction set of the processor, chosen at run time (Highway).
//
// The plain version of each, which tests compare with, is in kernels_plain.h. Sums are taken in a
// fixed order, so one machine always gives the same result; another instruction set may round
// differently in the last bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "math/matrix.h"

namespace coseno {

// Arrays that the kernels below call "padded" have a multiple of kPad floats a row, the rest zeros:
// a whole number of vectors in every instruction set.
constexpr std::size_t kPad = 16;
constexpr std::size_t padded(std::size_t n) { return (n + kPad - 1) / kPad * kPad; }

// a . b; equal sizes, any size.
float dot(std::span<const float> a, std::span<const float> b);

// out[i] = rows.row(i) . vector, for every row, bit by bit as dot() gives it; any size.
void multiply(MatrixView rows, std::span<const float> vector, std::span<float> out);

// out[v * n_rows + i] = rows.row(i) . vectors.row(v), for every row and vector, bit by bit as
// multiply() gives it: several vectors share each reading of the rows. Equal dims, any size.
void multiply_many(MatrixView rows, MatrixView vectors, std::span<float> out);

// out = sum of weights[i] * rows.row(i); rows.dim padded. For a square matrix this is M'x, without
// the horizontal sums that M x takes.
void combine(MatrixView rows, std::span<const float> weights, std::span<float> out);

// out = rows * matrix, row by row: out.row(i) = sum of rows.row(i)[k] * matrix.row(k).
// rows: n x matrix.n_rows; matrix.dim padded; out: n x matrix.dim, apart from `rows`.
// Cost: n * matrix.n_rows * matrix.dim.
void multiply_rows(MatrixView rows, MatrixView matrix, float* out);

// Least squares, by rows: with x_i the i-th row,
//
//   gram  += sum_i weights[i] x_i x_i'      (width x width; upper triangle, the rest is undefined)
//   right += sum_i weights[i] targets[i] x_i
//
// rows: n x width, width padded. Cost: n * width^2 / 2 multiplications.
void add_normal_equations(const float* rows, std::span<const float> weights,
                          std::span<const float> targets, std::size_t width, float* gram,
                          float* right);

// Factorises A = U'U in place, U upper triangular; `a` is width x width, padded, of which the upper
// triangle of the first n rows and columns is read. Below the diagonal, and past n, zeros are
// written. False, and `a` is undefined, where A is not positive definite. Cost: n^3 / 3.
bool cholesky(float* a, std::size_t n, std::size_t width);

// The same for A + ridge I, with the least ridge of 0, 1e-6, 1e-5, ... times the largest element of
// the diagonal that makes it positive definite in float. For A that is so in theory, and not quite
// after rounding. `copy`: width x width floats of scratch. Every element of A must be finite.
void cholesky_with_ridge(float* a, std::size_t n, std::size_t width, float* copy);

// Solves U'y = b and U x = y in place (`b`: width floats, zeros past n). U as cholesky() leaves it.
// Cost: n^2 / 2 each.
void solve_transposed_upper(const float* u, std::size_t n, std::size_t width, float* b);
void solve_upper(const float* u, std::size_t n, std::size_t width, float* b);

// Solves A x = b in place by the three above, with the ridge that this takes; `a` holds U then.
void solve_positive_definite(float* a, std::size_t n, std::size_t width, float* copy, float* b);

// Sparse sums of rows: the inner loops of a regression on sparse features. `width` is a multiple of
// kLanes, the floats a row of `rows`.
constexpr std::size_t kLanes = 8;
struct RowWeight {
  std::uint32_t row;
  float weight;

  bool operator==(const RowWeight&) const = default;
};
// out += sum of weight * rows[row]; out: width floats.
void add_weighted_rows(std::span<const RowWeight> entries, const float* rows, std::size_t width,
                       float* out);
// What is left of `target` after a prediction from each row, summed back over the rows:
//
//   out += sum of weight * (target - rows.row(row) . vector) * rows.row(row)
//
// and returned: sum of weight * (target - rows.row(row) . vector)^2. rows.dim padded; vector, out:
// rows.dim floats. The inner loop of conjugate gradients on normal equations that are never made:
// 2 * entries * dim multiplications in place of entries * dim^2 / 2.
float add_residuals(MatrixView rows, std::span<const RowWeight> entries, float target,
                    std::span<const float> vector, std::span<float> out);
// rows[row] -= weight * delta, for each entry; delta: width floats.
void subtract_from_rows(std::span<const RowWeight> entries, const float* delta, std::size_t width,
                        float* rows);

}  // namespace coseno
