// The plain version of each kernel of kernels.h, code_kernels.h and range_bits.h: what it means, in
// as few words as C++ allows. For tests; the arguments are the same.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "math/code_kernels.h"
#include "math/kernels.h"
#include "math/matrix.h"

namespace coseno::plain {

inline float dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

inline void multiply(MatrixView rows, std::span<const float> vector, std::span<float> out) {
  for (std::size_t i = 0; i < rows.n_rows; ++i) out[i] = plain::dot(rows.row(i), vector);
}

inline void multiply_many(MatrixView rows, MatrixView vectors, std::span<float> out) {
  for (std::size_t v = 0; v < vectors.n_rows; ++v) {
    plain::multiply(rows, vectors.row(v), out.subspan(v * rows.n_rows, rows.n_rows));
  }
}

inline void combine(MatrixView rows, std::span<const float> weights, std::span<float> out) {
  for (std::size_t c = 0; c < rows.dim; ++c) {
    out[c] = 0;
    for (std::size_t i = 0; i < rows.n_rows; ++i) out[c] += weights[i] * rows.row(i)[c];
  }
}

inline void multiply_rows(MatrixView rows, MatrixView matrix, float* out) {
  for (std::size_t i = 0; i < rows.n_rows; ++i) {
    plain::combine(matrix, rows.row(i), {out + i * matrix.dim, matrix.dim});
  }
}

inline void add_normal_equations(const float* rows, std::span<const float> weights,
                                 std::span<const float> targets, std::size_t width, float* gram,
                                 float* right) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float* const x = rows + i * width;
    for (std::size_t r = 0; r < width; ++r) {
      for (std::size_t c = r; c < width; ++c) gram[r * width + c] += weights[i] * x[r] * x[c];
      right[r] += weights[i] * targets[i] * x[r];
    }
  }
}

inline bool cholesky(float* a, std::size_t n, std::size_t width) {
  for (std::size_t k = 0; k < width; ++k) {
    for (std::size_t j = 0; j < width; ++j) {
      if (j < k || k >= n || j >= n) a[k * width + j] = 0;
    }
    if (k >= n) continue;
    if (!(a[k * width + k] > 0)) return false;
    const float pivot = std::sqrt(a[k * width + k]);
    for (std::size_t j = k; j < n; ++j) a[k * width + j] /= pivot;
    for (std::size_t i = k + 1; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) {
        a[i * width + j] -= a[k * width + i] * a[k * width + j];
      }
    }
  }
  return true;
}

inline void solve_transposed_upper(const float* u, std::size_t n, std::size_t width, float* b) {
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < k; ++j) b[k] -= u[j * width + k] * b[j];
    b[k] /= u[k * width + k];
  }
}

inline void solve_upper(const float* u, std::size_t n, std::size_t width, float* b) {
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) b[k] -= u[k * width + j] * b[j];
    b[k] /= u[k * width + k];
  }
}

inline void add_weighted_rows(std::span<const RowWeight> entries, const float* rows,
                              std::size_t width, float* out) {
  for (const RowWeight& entry : entries) {
    for (std::size_t k = 0; k < width; ++k) out[k] += entry.weight * rows[entry.row * width + k];
  }
}

inline float add_residuals(MatrixView rows, std::span<const RowWeight> entries, float target,
                           std::span<const float> vector, std::span<float> out) {
  double error = 0;
  for (const RowWeight& entry : entries) {
    const float residual = target - plain::dot(rows.row(entry.row), vector);
    error += static_cast<double>(entry.weight) * residual * residual;
    for (std::size_t k = 0; k < rows.dim; ++k) {
      out[k] += entry.weight * residual * rows.row(entry.row)[k];
    }
  }
  return static_cast<float>(error);
}

inline void subtract_from_rows(std::span<const RowWeight> entries, const float* delta,
                               std::size_t width, float* rows) {
  for (const RowWeight& entry : entries) {
    for (std::size_t k = 0; k < width; ++k) rows[entry.row * width + k] -= entry.weight * delta[k];
  }
}

// The sum over one row of a plane whose groups of 4 bytes are `stride` bytes apart.
inline std::int32_t half_sum(const std::uint8_t* row, std::size_t stride, const QueryCodes& query,
                             std::size_t width) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < width / 2; ++i) {
    const std::uint8_t byte = row[i / 4 * stride + i % 4];
    sum += query.first[i] * (byte & 15) + query.second[i] * (byte >> 4);
  }
  return sum;
}

inline std::size_t rows_above(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                              float threshold, std::size_t first_block, std::size_t last_block,
                              RowHit* hits) {
  std::size_t n_hits = 0;
  for (std::size_t row = first_block * kBlockRows; row < last_block * kBlockRows; ++row) {
    const std::size_t in_block = row % kBlockRows;
    const std::uint8_t* const bytes =
        plane.blocks + (row - in_block) * plane.width / 2 + 4 * in_block;
    const std::int32_t sum = half_sum(bytes, 4 * kBlockRows, query, plane.width);
    const float inner = std::fma(bound.slope, static_cast<float>(sum), bound.offset);
    if (!(plane.scales[row] * inner > threshold)) continue;
    hits[n_hits++] = {static_cast<std::uint32_t>(row), sum};
  }
  return n_hits;
}

inline std::int32_t low_sum(const std::uint8_t* row, const QueryCodes& query, std::size_t width) {
  return half_sum(row, 4, query, width);
}

inline void keep_in_range(std::span<const double> values, double from, double to,
                          std::span<std::uint64_t> bits) {
  for (std::size_t i = 0; i < 64 * bits.size(); ++i) {
    const bool is_in_range = i < values.size() && values[i] >= from && values[i] <= to;
    if (!is_in_range) bits[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  }
}

}  // namespace coseno::plain
