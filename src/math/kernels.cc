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

// 16 KB, half of a first-level cache: the rest is for the vector and what is written.
constexpr std::size_t kBlockFloats = 4096;

// Four rows of a matrix, of which the last stands for those that it has not.
struct FourRows {
  explicit FourRows(const float* row) : row0(row), row1(row), row2(row), row3(row) {}
  FourRows(MatrixView rows, std::size_t first)
      : row0(rows.data + first * rows.dim),
        row1(first + 1 < rows.n_rows ? row0 + rows.dim : row0),
        row2(first + 2 < rows.n_rows ? row1 + rows.dim : row1),
        row3(first + 3 < rows.n_rows ? row2 + rows.dim : row2) {}

  const float* row0;
  const float* row1;
  const float* row2;
  const float* row3;
};

// Writes the sums of the lanes of four vectors: each by the same additions, so that equal vectors
// have equal sums wherever they stand.
HWY_INLINE void store_sums(Vector a, Vector b, Vector c, Vector d, float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  out[0] = hn::GetLane(a);
  out[1] = hn::GetLane(b);
  out[2] = hn::GetLane(c);
  out[3] = hn::GetLane(d);
#else
  const Tag tag;
  const hn::Repartition<std::uint64_t, Tag> pairs;
  // In every 128 bits: a0+a2 b0+b2 a1+a3 b1+b3, and the same of c and d; then the sums of the
  // block.
  const auto ab = hn::Add(hn::InterleaveLower(tag, a, b), hn::InterleaveUpper(tag, a, b));
  const auto cd = hn::Add(hn::InterleaveLower(tag, c, d), hn::InterleaveUpper(tag, c, d));
  const auto ab_pairs = hn::BitCast(pairs, ab);
  const auto cd_pairs = hn::BitCast(pairs, cd);
  const auto sums = hn::Add(hn::BitCast(tag, hn::InterleaveLower(pairs, ab_pairs, cd_pairs)),
                            hn::BitCast(tag, hn::InterleaveUpper(pairs, ab_pairs, cd_pairs)));
  HWY_ALIGN float blocks[kPad];
  hn::Store(sums, tag, blocks);
  const hn::Full128<float> block;
  auto total = hn::Load(block, blocks);
  for (std::size_t i = 4; i < hn::Lanes(tag); i += 4) {
    total = hn::Add(total, hn::Load(block, blocks + i));
  }
  hn::StoreU(total, block, out);
#endif
}

// Adds to out[r] what the last dim % lanes elements make of row r. A padded row has none of them.
HWY_NOINLINE void add_rest(const FourRows& rows, const float* HWY_RESTRICT vector, std::size_t dim,
                           float* HWY_RESTRICT out) {
  for (std::size_t i = dim / hn::Lanes(Tag()) * hn::Lanes(Tag()); i < dim; ++i) {
    out[0] += rows.row0[i] * vector[i];
    out[1] += rows.row1[i] * vector[i];
    out[2] += rows.row2[i] * vector[i];
    out[3] += rows.row3[i] * vector[i];
  }
}

// The same additions as in four_dots below.
float dot(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, std::size_t n) {
  const Tag tag;
  Vector sum = hn::Zero(tag);
  std::size_t i = 0;
  for (; i + hn::Lanes(tag) <= n; i += hn::Lanes(tag)) {
    sum = hn::MulAdd(hn::LoadU(tag, a + i), hn::LoadU(tag, b + i), sum);
  }
  float totals[4];
  store_sums(sum, sum, sum, sum, totals);
  if (i < n) add_rest(FourRows(a), b, n, totals);
  return totals[0];
}

// out[r] = row r . vector
HWY_INLINE void four_dots(const FourRows& rows, const float* HWY_RESTRICT vector, std::size_t dim,
                          float* HWY_RESTRICT out) {
  const Tag tag;
  Vector sum0 = hn::Zero(tag);
  Vector sum1 = hn::Zero(tag);
  Vector sum2 = hn::Zero(tag);
  Vector sum3 = hn::Zero(tag);
  for (std::size_t i = 0; i + hn::Lanes(tag) <= dim; i += hn::Lanes(tag)) {
    const Vector v = hn::LoadU(tag, vector + i);
    sum0 = hn::MulAdd(hn::LoadU(tag, rows.row0 + i), v, sum0);
    sum1 = hn::MulAdd(hn::LoadU(tag, rows.row1 + i), v, sum1);
    sum2 = hn::MulAdd(hn::LoadU(tag, rows.row2 + i), v, sum2);
    sum3 = hn::MulAdd(hn::LoadU(tag, rows.row3 + i), v, sum3);
  }
  store_sums(sum0, sum1, sum2, sum3, out);
  if (dim % hn::Lanes(tag) != 0) add_rest(rows, vector, dim, out);
}

// The same for two vectors at once, which share the loads of the rows; the same additions, so the
// same bits.
HWY_INLINE void four_dots_of_two(const FourRows& rows, const float* HWY_RESTRICT v,
                                 const float* HWY_RESTRICT w, std::size_t dim,
                                 float* HWY_RESTRICT v_out, float* HWY_RESTRICT w_out) {
  const Tag tag;
  Vector v0 = hn::Zero(tag);
  Vector v1 = hn::Zero(tag);
  Vector v2 = hn::Zero(tag);
  Vector v3 = hn::Zero(tag);
  Vector w0 = hn::Zero(tag);
  Vector w1 = hn::Zero(tag);
  Vector w2 = hn::Zero(tag);
  Vector w3 = hn::Zero(tag);
  for (std::size_t i = 0; i + hn::Lanes(tag) <= dim; i += hn::Lanes(tag)) {
    const Vector vi = hn::LoadU(tag, v + i);
    const Vector wi = hn::LoadU(tag, w + i);
    const Vector row0 = hn::LoadU(tag, rows.row0 + i);
    const Vector row1 = hn::LoadU(tag, rows.row1 + i);
    const Vector row2 = hn::LoadU(tag, rows.row2 + i);
    const Vector row3 = hn::LoadU(tag, rows.row3 + i);
    v0 = hn::MulAdd(row0, vi, v0);
    v1 = hn::MulAdd(row1, vi, v1);
    v2 = hn::MulAdd(row2, vi, v2);
    v3 = hn::MulAdd(row3, vi, v3);
    w0 = hn::MulAdd(row0, wi, w0);
    w1 = hn::MulAdd(row1, wi, w1);
    w2 = hn::MulAdd(row2, wi, w2);
    w3 = hn::MulAdd(row3, wi, w3);
  }
  store_sums(v0, v1, v2, v3, v_out);
  if (dim % hn::Lanes(tag) != 0) add_rest(rows, v, dim, v_out);
  store_sums(w0, w1, w2, w3, w_out);
  if (dim % hn::Lanes(tag) != 0) add_rest(rows, w, dim, w_out);
}

void multiply(MatrixView rows, const float* vector, float* out) {
  std::size_t i = 0;
  for (; i + 4 <= rows.n_rows; i += 4) four_dots(FourRows(rows, i), vector, rows.dim, out + i);
  if (i == rows.n_rows) return;
  float last[4];
  four_dots(FourRows(rows, i), vector, rows.dim, last);
  std::copy_n(last, rows.n_rows - i, out + i);
}

void multiply_by_two(MatrixView rows, const float* v, const float* w, float* v_out, float* w_out) {
  std::size_t i = 0;
  for (; i + 4 <= rows.n_rows; i += 4) {
    four_dots_of_two(FourRows(rows, i), v, w, rows.dim, v_out + i, w_out + i);
  }
  if (i == rows.n_rows) return;
  const MatrixView last{rows.data + i * rows.dim, rows.n_rows - i, rows.dim};
  multiply(last, v, v_out + i);
  multiply(last, w, w_out + i);
}

// A block of rows stays in the first-level cache while every vector passes over it.
void multiply_many(MatrixView rows, MatrixView vectors, float* out) {
  const std::size_t block = std::max<std::size_t>(kBlockFloats / std::max(rows.dim, kPad), 4);
  for (std::size_t begin = 0; begin < rows.n_rows; begin += block) {
    const MatrixView part{rows.data + begin * rows.dim, std::min(block, rows.n_rows - begin),
                          rows.dim};
    const auto out_of = [&](std::size_t v) { return out + v * rows.n_rows + begin; };
    std::size_t v = 0;
    for (; v + 2 <= vectors.n_rows; v += 2) {
      multiply_by_two(part, vectors.row(v).data(), vectors.row(v + 1).data(), out_of(v),
                      out_of(v + 1));
    }
    if (v < vectors.n_rows) multiply(part, vectors.row(v).data(), out_of(v));
  }
}

void combine(MatrixView rows, const float* HWY_RESTRICT weights, float* HWY_RESTRICT out) {
  const Tag tag;
  for (std::size_t c = 0; c < rows.dim; c += hn::Lanes(tag)) {
    Vector sum0 = hn::Zero(tag);
    Vector sum1 = hn::Zero(tag);
    const float* row = rows.n_rows > 0 ? rows.data + c : nullptr;
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
HWY_EXPORT(multiply_many);
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

void multiply_many(MatrixView rows, MatrixView vectors, std::span<float> out) {
  HWY_DYNAMIC_DISPATCH(multiply_many)(rows, vectors, out.data());
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

void solve_positive_definite(float* a, std::size_t n, std::size_t width, float* copy, float* b) {
  cholesky_with_ridge(a, n, width, copy);
  solve_transposed_upper(a, n, width, b);
  solve_upper(a, n, width, b);
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
