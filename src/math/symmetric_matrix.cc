#include "math/symmetric_matrix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "math/blas.h"

namespace coseno {
namespace {

// Row and column of the t-th tile.
struct Tile {
  std::size_t i;
  std::size_t j;
};

Tile tile_of(std::size_t t) {
  auto i = static_cast<std::size_t>((std::sqrt(8.0 * static_cast<double>(t) + 1) - 1) / 2);
  while (i * (i + 1) / 2 > t) --i;
  while ((i + 1) * (i + 2) / 2 <= t) ++i;
  return {i, t - i * (i + 1) / 2};
}

// to (n_columns x n_rows) = scale from' (n_rows x n_columns); the row lengths in memory differ.
void transpose(const float* from, std::size_t n_rows, std::size_t n_columns,
               std::size_t from_stride, float scale, float* to, std::size_t to_stride) {
  // Squares of this side stay in the first-level cache.
  constexpr std::size_t kSide = 16;
  for (std::size_t r0 = 0; r0 < n_rows; r0 += kSide) {
    for (std::size_t c0 = 0; c0 < n_columns; c0 += kSide) {
      for (std::size_t c = c0; c < std::min(n_columns, c0 + kSide); ++c) {
        for (std::size_t r = r0; r < std::min(n_rows, r0 + kSide); ++r) {
          to[c * to_stride + r] = scale * from[r * from_stride + c];
        }
      }
    }
  }
}

// One sweep of invert(); the formulas stand there.
class Sweep {
 public:
  Sweep(SymmetricMatrix& matrix, const Blas& blas, ThreadPool& pool)
      : matrix_(matrix),
        blas_(blas),
        pool_(pool),
        size_(matrix.tile_size()),
        pivot_(size_ * size_),
        panel_(matrix.n_tile_rows() * size_ * size_) {
    for (int worker = 0; worker < pool.n_threads(); ++worker) {
      scratch_.emplace_back(size_ * size_);
    }
  }

  // False where the matrix is not positive definite.
  bool eliminate(std::size_t k) {
    float* const corner = matrix_.tile(k, k);
    const std::size_t n = matrix_.n_rows_of(k);
    if (!blas_.cholesky(n, size_, corner)) return false;
    std::copy_n(corner, size_ * size_, pivot_.begin());
    blas_.inverse_from_cholesky(n, size_, corner);
    pool_.parallel_for(matrix_.n_tile_rows(), 1,
                       [&](std::size_t i, std::size_t, int worker) { solve_panel(i, k, worker); });
    pool_.parallel_for(matrix_.n_tiles(), 1,
                       [&](std::size_t t, std::size_t, int) { update(tile_of(t), k); });
    return true;
  }

 private:
  float* panel(std::size_t i) { return panel_.data() + i * size_ * size_; }

  // y_i, and the new a_ik: nobody reads that before the next k.
  void solve_panel(std::size_t i, std::size_t k, int worker) {
    if (i == k) return;
    const std::size_t m = matrix_.n_rows_of(i);
    const std::size_t n = matrix_.n_rows_of(k);
    float* const y = panel(i);
    float* const tile = i > k ? matrix_.tile(i, k) : matrix_.tile(k, i);
    if (i > k) {
      std::copy_n(tile, m * size_, y);
    } else {
      transpose(tile, n, m, size_, 1, y, size_);
    }
    blas_.solve_transposed(m, n, size_, pivot_.data(), y);
    if (i > k) {
      std::copy_n(y, m * size_, tile);
      blas_.solve(m, n, size_, pivot_.data(), tile);
    } else {
      float* const solved = scratch_[static_cast<std::size_t>(worker)].data();
      std::copy_n(y, m * size_, solved);
      blas_.solve(m, n, size_, pivot_.data(), solved);
      transpose(solved, m, n, size_, -1, tile, size_);
    }
  }

  void update(Tile place, std::size_t k) {
    const auto [i, j] = place;
    if (i == k || j == k) return;
    const std::size_t depth = matrix_.n_rows_of(k);
    const float sign = i < k ? 1.0F : -1.0F;  // j <= i
    if (i == j) {
      blas_.add_square(matrix_.n_rows_of(i), depth, size_, sign, panel(i), matrix_.tile(i, i));
    } else {
      blas_.add_product(matrix_.n_rows_of(i), matrix_.n_rows_of(j), depth, size_, sign, panel(i),
                        panel(j), matrix_.tile(i, j));
    }
  }

  SymmetricMatrix& matrix_;
  const Blas& blas_;
  ThreadPool& pool_;
  std::size_t size_;
  std::vector<float> pivot_;  // L
  std::vector<float> panel_;  // y_i, a tile each
  std::vector<std::vector<float>> scratch_;
};

}  // namespace

SymmetricMatrix::SymmetricMatrix(std::size_t n, std::size_t tile_size)
    : n_(n),
      tile_size_(tile_size),
      n_tile_rows_((n + tile_size - 1) / tile_size),
      values_(std::make_unique_for_overwrite<float[]>(n_tiles() * tile_size * tile_size)) {}

double SymmetricMatrix::size_bytes(std::size_t n, std::size_t tile_size) {
  const double rows = std::ceil(static_cast<double>(n) / static_cast<double>(tile_size));
  const auto side = static_cast<double>(tile_size);
  return rows * (rows + 1) / 2 * side * side * sizeof(float);
}

std::size_t SymmetricMatrix::n_rows_of(std::size_t tile_row) const {
  return std::min(tile_size_, n_ - tile_row * tile_size_);
}

void SymmetricMatrix::copy_rows(std::size_t begin, std::size_t end, std::span<float> out) const {
  const std::size_t tile_row = begin / tile_size_;
  const std::size_t first = begin % tile_size_;
  const std::size_t n_rows = end - begin;
  COSENO_CHECK(begin < end && end <= n_ && first + n_rows <= tile_size_);
  for (std::size_t j = 0; j < tile_row; ++j) {
    const float* const left = tile(tile_row, j) + first * tile_size_;
    for (std::size_t r = 0; r < n_rows; ++r) {
      std::copy_n(left + r * tile_size_, tile_size_, out.data() + r * n_ + j * tile_size_);
    }
  }
  const float* const corner = tile(tile_row, tile_row);
  for (std::size_t r = 0; r < n_rows; ++r) {
    float* const to = out.data() + r * n_ + tile_row * tile_size_;
    for (std::size_t c = 0; c < n_rows_of(tile_row); ++c) {
      to[c] = corner[std::max(first + r, c) * tile_size_ + std::min(first + r, c)];
    }
  }
  for (std::size_t j = tile_row + 1; j < n_tile_rows_; ++j) {
    transpose(tile(j, tile_row) + first, n_rows_of(j), n_rows, tile_size_, 1,
              out.data() + j * tile_size_, n_);
  }
}

Result<void> invert(SymmetricMatrix& matrix, std::string_view stage, ThreadPool& pool,
                    Progress& progress) {
  COSENO_ASSIGN(blas, Blas::load());
  Sweep sweep(matrix, *blas, pool);
  for (std::size_t k = 0; k < matrix.n_tile_rows(); ++k) {
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
    progress.report(stage, k, matrix.n_tile_rows(), "");
    if (!sweep.eliminate(k)) {
      return invalid_argument("the matrix is not positive definite: more regularisation is needed");
    }
  }
  return {};
}

}  // namespace coseno
