// Compiled once for each instruction set: Highway includes this file again for every target, and
// HWY_DYNAMIC_DISPATCH picks one when the program runs.
#include "math/kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/kernels.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway demands.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace coseno::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most kPad lanes, so that a padded row is a whole number of vectors.
using Tag = hn::CappedTag<float, kPad>;
using Vector = hn::Vec<Tag>;
using Lanes8 = hn::CappedTag<float, kLanes>;

float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::size_t n) {
  const Tag tag;
  const std::size_t step = hn::Lanes(tag);
  Vector sum0 = hn::Zero(tag);
  Vector sum1 = hn::Zero(tag);
  Vector sum2 = hn::Zero(tag);
  Vector sum3 = hn::Zero(tag);
  std::size_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
    sum0 = hn::MulAdd(hn::LoadU(tag, a + i), hn::LoadU(tag, b + i), sum0);
    sum1 = hn::MulAdd(hn::LoadU(tag, a + i + step), hn::LoadU(tag, b + i + step), sum1);
    sum2 = hn::MulAdd(hn::LoadU(tag, a + i + 2 * step), hn::LoadU(tag, b + i + 2 * step), sum2);
    sum3 = hn::MulAdd(hn::LoadU(tag, a + i + 3 * step), hn::LoadU(tag, b + i + 3 * step), sum3);
  }
  for (; i + step <= n; i += step) {
    sum0 = hn::MulAdd(hn::LoadU(tag, a + i), hn::LoadU(tag, b + i), sum0);
  }
  const Vector sum = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
  float total = hn::GetLane(hn::SumOfLanes(tag, sum));
  for (; i < n; ++i) total += a[i] * b[i];
  return total;
}

void multiply(MatrixView rows, const float* vector, float* out) {
  for (std::size_t i = 0; i < rows.n_rows; ++i) {
    out[i] = dot(rows.data + i * rows.dim, vector, rows.dim);
  }
}

void combine(MatrixView rows, const float* HWY_RESTRICT weights, float* HWY_RESTRICT out) {
  const Tag tag;
  for (std::size_t c = 0; c < rows.dim; c += hn::Lanes(tag)) {
    Vector sum0 = hn::Zero(tag);
    Vector sum1 = hn::Zero(tag);
    const float* row = rows.data + c;
    std::size_t i = 0;
    for (; i + 2 <= rows.n_rows; i += 2, row += 2 * rows.dim) {
      sum0 = hn::MulAdd(hn::Set(tag, weights[i]), hn::LoadU(tag, row), sum0);
      sum1 = hn::MulAdd(hn::Set(tag, weights[i + 1]), hn::LoadU(tag, row + rows.dim), sum1);
    }
    if (i < rows.n_rows) sum0 = hn::MulAdd(hn::Set(tag, weights[i]), hn::LoadU(tag, row), sum0);
    hn::StoreU(hn::Add(sum0, sum1), tag, out + c);
  }
}

// Rows rows of the product, for one vector of columns.
template <std::size_t Rows>
void multiply_rows_at(const float* HWY_RESTRICT rows, MatrixView matrix, std::size_t column,
                      float* HWY_RESTRICT out) {
  const Tag tag;
  Vector sums[Rows];
  for (std::size_t r = 0; r < Rows; ++r) sums[r] = hn::Zero(tag);
  const float* from = matrix.data + column;
  for (std::size_t k = 0; k < matrix.n_rows; ++k, from += matrix.dim) {
    const Vector row = hn::LoadU(tag, from);
    for (std::size_t r = 0; r < Rows; ++r) {
      sums[r] = hn::MulAdd(hn::Set(tag, rows[r * matrix.n_rows + k]), row, sums[r]);
    }
  }
  for (std::size_t r = 0; r < Rows; ++r) hn::StoreU(sums[r], tag, out + r * matrix.dim + column);
}

// Eight rows at a time, so that one load of the matrix serves eight accumulators.
void multiply_rows(MatrixView rows, MatrixView matrix, float* out) {
  const std::size_t step = hn::Lanes(Tag());
  std::size_t i = 0;
  for (; i + 8 <= rows.n_rows; i += 8) {
    for (std::size_t c = 0; c < matrix.dim; c += step) {
      multiply_rows_at<8>(rows.data + i * rows.dim, matrix, c, out + i * matrix.dim);
    }
  }
  for (; i < rows.n_rows; ++i) {
    for (std::size_t c = 0; c < matrix.dim; c += step) {
      multiply_rows_at<1>(rows.data + i * rows.dim, matrix, c, out + i * matrix.dim);
    }
  }
}

// Four rows of the Gram matrix at a time, so that one load of x_i serves four accumulators.
void add_normal_equations(const float* HWY_RESTRICT rows, std::span<const float> weights,
                          std::span<const float> targets, std::size_t width,
                          float* HWY_RESTRICT gram, float* HWY_RESTRICT right) {
  const Tag tag;
  const std::size_t step = hn::Lanes(tag);
  const std::size_t n = weights.size();
  for (std::size_t r = 0; r < width; r += 4) {
    float* const g = gram + r * width;
    for (std::size_t c = r / step * step; c < width; c += step) {
      Vector sum0 = hn::LoadU(tag, g + c);
      Vector sum1 = hn::LoadU(tag, g + width + c);
      Vector sum2 = hn::LoadU(tag, g + 2 * width + c);
      Vector sum3 = hn::LoadU(tag, g + 3 * width + c);
      for (std::size_t i = 0; i < n; ++i) {
        const float* const x = rows + i * width;
        const Vector wx = hn::Mul(hn::Set(tag, weights[i]), hn::LoadU(tag, x + c));
        sum0 = hn::MulAdd(hn::Set(tag, x[r]), wx, sum0);
        sum1 = hn::MulAdd(hn::Set(tag, x[r + 1]), wx, sum1);
        sum2 = hn::MulAdd(hn::Set(tag, x[r + 2]), wx, sum2);
        sum3 = hn::MulAdd(hn::Set(tag, x[r + 3]), wx, sum3);
      }
      hn::StoreU(sum0, tag, g + c);
      hn::StoreU(sum1, tag, g + width + c);
      hn::StoreU(sum2, tag, g + 2 * width + c);
      hn::StoreU(sum3, tag, g + 3 * width + c);
    }
  }
  for (std::size_t c = 0; c < width; c += step) {
    Vector sum = hn::LoadU(tag, right + c);
    for (std::size_t i = 0; i < n; ++i) {
      sum = hn::MulAdd(hn::Set(tag, weights[i] * targets[i]), hn::LoadU(tag, rows + i * width + c),
                       sum);
    }
    hn::StoreU(sum, tag, right + c);
  }
}

// b -= factor * row, from column `from` rounded down to a whole vector.
void subtract_row(const float* HWY_RESTRICT row, float factor, std::size_t from, std::size_t width,
                  float* HWY_RESTRICT b) {
  const Tag tag;
  const std::size_t step = hn::Lanes(tag);
  const Vector f = hn::Set(tag, factor);
  for (std::size_t c = from / step * step; c < width; c += step) {
    hn::StoreU(hn::NegMulAdd(f, hn::LoadU(tag, row + c), hn::LoadU(tag, b + c)), tag, b + c);
  }
}

bool cholesky(float* a, std::size_t n, std::size_t width) {
  for (std::size_t k = 0; k < n; ++k) {
    float* const row = a + k * width;
    for (std::size_t j = 0; j < k; ++j) row[j] = 0;
    for (std::size_t j = n; j < width; ++j) row[j] = 0;
    if (!(row[k] > 0)) return false;
    const float scale = 1.0F / std::sqrt(row[k]);
    for (std::size_t j = k; j < n; ++j) row[j] *= scale;
    for (std::size_t i = k + 1; i < n; ++i) subtract_row(row, row[i], i, width, a + i * width);
  }
  for (std::size_t j = n * width; j < width * width; ++j) a[j] = 0;
  return true;
}

void solve_transposed_upper(const float* u, std::size_t n, std::size_t width, float* b) {
  for (std::size_t k = 0; k < n; ++k) {
    const float y = b[k] / u[k * width + k];
    subtract_row(u + k * width, y, k, width, b);
    b[k] = y;
  }
}

void solve_upper(const float* u, std::size_t n, std::size_t width, float* b) {
  const std::size_t step = hn::Lanes(Tag());
  for (std::size_t k = n; k-- > 0;) {
    // Whole vectors: what is before column k in the row is zero, and so is b[k] for the moment.
    const float* const row = u + k * width;
    const std::size_t from = k / step * step;
    const float right = b[k];
    b[k] = 0;
    b[k] = (right - dot(row + from, b + from, width - from)) / row[k];
  }
}

void add_weighted_rows(std::span<const RowWeight> entries, const float* HWY_RESTRICT rows,
                       std::size_t width, float* HWY_RESTRICT out) {
  const Lanes8 tag;
  for (std::size_t c = 0; c < width; c += hn::Lanes(tag)) {
    auto sum = hn::LoadU(tag, out + c);
    for (const RowWeight& entry : entries) {
      sum =
          hn::MulAdd(hn::Set(tag, entry.weight), hn::LoadU(tag, rows + entry.row * width + c), sum);
    }
    hn::StoreU(sum, tag, out + c);
  }
}

// Of Rows entries; returns their part of the error.
template <std::size_t Rows>
float add_residuals_of(MatrixView rows, const RowWeight* entries, float target,
                       const float* HWY_RESTRICT vector, float* HWY_RESTRICT out) {
  const Tag tag;
  const std::size_t step = hn::Lanes(tag);
  const float* row[Rows];
  Vector sums[Rows];
  for (std::size_t r = 0; r < Rows; ++r) {
    row[r] = rows.data + entries[r].row * rows.dim;
    sums[r] = hn::Zero(tag);
  }
  for (std::size_t c = 0; c < rows.dim; c += step) {
    const Vector v = hn::LoadU(tag, vector + c);
    for (std::size_t r = 0; r < Rows; ++r) {
      sums[r] = hn::MulAdd(hn::LoadU(tag, row[r] + c), v, sums[r]);
    }
  }
  float error = 0;
  Vector factors[Rows];
  for (std::size_t r = 0; r < Rows; ++r) {
    const float residual = target - hn::GetLane(hn::SumOfLanes(tag, sums[r]));
    error += entries[r].weight * residual * residual;
    factors[r] = hn::Set(tag, entries[r].weight * residual);
  }
  for (std::size_t c = 0; c < rows.dim; c += step) {
    Vector sum = hn::LoadU(tag, out + c);
    for (std::size_t r = 0; r < Rows; ++r) {
      sum = hn::MulAdd(factors[r], hn::LoadU(tag, row[r] + c), sum);
    }
    hn::StoreU(sum, tag, out + c);
  }
  return error;
}

// Four entries at a time: their rows come from memory together, and one pass over `out` serves all.
float add_residuals(MatrixView rows, std::span<const RowWeight> entries, float target,
                    const float* vector, float* out) {
  float error = 0;
  std::size_t i = 0;
  for (; i + 4 <= entries.size(); i += 4) {
    error += add_residuals_of<4>(rows, entries.data() + i, target, vector, out);
  }
  for (; i < entries.size(); ++i) {
    error += add_residuals_of<1>(rows, entries.data() + i, target, vector, out);
  }
  return error;
}

void subtract_from_rows(std::span<const RowWeight> entries, const float* HWY_RESTRICT delta,
                        std::size_t width, float* HWY_RESTRICT rows) {
  const Lanes8 tag;
  for (std::size_t c = 0; c < width; c += hn::Lanes(tag)) {
    const auto d = hn::LoadU(tag, delta + c);
    for (const RowWeight& entry : entries) {
      float* const row = rows + entry.row * width + c;
      hn::StoreU(hn::NegMulAdd(hn::Set(tag, entry.weight), d, hn::LoadU(tag, row)), tag, row);
    }
  }
}

}  // namespace coseno::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coseno {

HWY_EXPORT(dot);
HWY_EXPORT(multiply);
HWY_EXPORT(combine);
HWY_EXPORT(multiply_rows);
HWY_EXPORT(add_normal_equations);
HWY_EXPORT(cholesky);
HWY_EXPORT(solve_transposed_upper);
HWY_EXPORT(solve_upper);
HWY_EXPORT(add_weighted_rows);
HWY_EXPORT(add_residuals);
HWY_EXPORT(subtract_from_rows);

float dot(std::span<const float> a, std::span<const float> b) {
  return HWY_DYNAMIC_DISPATCH(dot)(a.data(), b.data(), a.size());
}

void multiply(MatrixView rows, std::span<const float> vector, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(multiply)(rows, vector.data(), out.data());
}

void combine(MatrixView rows, std::span<const float> weights, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(combine)(rows, weights.data(), out.data());
}

void multiply_rows(MatrixView rows, MatrixView matrix, float* out) {
  HWY_DYNAMIC_DISPATCH(multiply_rows)(rows, matrix, out);
}

void add_normal_equations(const float* rows, std::span<const float> weights,
                          std::span<const float> targets, std::size_t width, float* gram,
                          float* right) {
  HWY_DYNAMIC_DISPATCH(add_normal_equations)(rows, weights, targets, width, gram, right);
}

bool cholesky(float* a, std::size_t n, std::size_t width) {
  return HWY_DYNAMIC_DISPATCH(cholesky)(a, n, width);
}

void cholesky_with_ridge(float* a, std::size_t n, std::size_t width, float* copy) {
  std::copy_n(a, width * width, copy);
  float largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(a[i * width + i]));
  // With all elements below `largest`, a ridge of n * largest would be enough.
  float ridge = std::max(1e-6F * largest, std::numeric_limits<float>::min());
  while (!cholesky(a, n, width)) {
    COSENO_CHECK(std::isfinite(ridge));
    std::copy_n(copy, width * width, a);
    for (std::size_t i = 0; i < n; ++i) a[i * width + i] += ridge;
    ridge *= 10;
  }
}

void solve_transposed_upper(const float* u, std::size_t n, std::size_t width, float* b) {
  HWY_DYNAMIC_DISPATCH(solve_transposed_upper)(u, n, width, b);
}

void solve_upper(const float* u, std::size_t n, std::size_t width, float* b) {
  HWY_DYNAMIC_DISPATCH(solve_upper)(u, n, width, b);
}

void add_weighted_rows(std::span<const RowWeight> entries, const float* rows, std::size_t width,
                       float* out) {
  HWY_DYNAMIC_DISPATCH(add_weighted_rows)(entries, rows, width, out);
}

float add_residuals(MatrixView rows, std::span<const RowWeight> entries, float target,
                    std::span<const float> vector, std::span<float> out) {
  return HWY_DYNAMIC_DISPATCH(add_residuals)(rows, entries, target, vector.data(), out.data());
}

void subtract_from_rows(std::span<const RowWeight> entries, const float* delta, std::size_t width,
                        float* rows) {
  HWY_DYNAMIC_DISPATCH(subtract_from_rows)(entries, delta, width, rows);
}

}  // namespace coseno
#endif  // HWY_ONCE
