// A large symmetric matrix in half the memory, and its inverse in place.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"

namespace coseno {

// The lower triangle of a symmetric n x n matrix of float32, in square tiles one after another:
//
//   0
//   1 2        tile (I, J), I >= J, is number I (I + 1) / 2 + J and holds the elements
//   3 4 5      (I t + r, J t + c) at r t + c, t = tile_size
//
// So the matrix takes half of n^2 floats, and n t / 2 more for the tiles on the diagonal, whose
// upper half means nothing. The tiles of the last row may hold less than they have room for.
class SymmetricMatrix {
 public:
  // By measurement: at n = 9,000 one core inverts with 89 GFLOPS (256: 86; 768: 88; OpenBLAS's own
  // product of two large matrices: 104), and larger ones would leave few tiles to share.
  static constexpr std::size_t kTileSize = 384;

  // Uninitialised. `tile_size` is for tests: results differ in the last bits.
  explicit SymmetricMatrix(std::size_t n, std::size_t tile_size = kTileSize);

  // What one of n rows takes, bytes.
  static double size_bytes(std::size_t n, std::size_t tile_size = kTileSize);

  std::size_t n() const { return n_; }
  std::size_t tile_size() const { return tile_size_; }
  std::size_t n_tile_rows() const { return n_tile_rows_; }
  std::size_t n_tiles() const { return n_tile_rows_ * (n_tile_rows_ + 1) / 2; }
  // The rows of the matrix that row I of the tiles holds: tile_size, or less in the last.
  std::size_t n_rows_of(std::size_t tile_row) const;

  // Tile (I, J), I >= J.
  float* tile(std::size_t i, std::size_t j) { return values_.get() + offset_of(i, j); }
  const float* tile(std::size_t i, std::size_t j) const { return values_.get() + offset_of(i, j); }

  // Element (i, j), i >= j.
  float& at(std::size_t i, std::size_t j) {
    return tile(i / tile_size_, j / tile_size_)[i % tile_size_ * tile_size_ + j % tile_size_];
  }
  float at(std::size_t i, std::size_t j) const {
    return tile(i / tile_size_, j / tile_size_)[i % tile_size_ * tile_size_ + j % tile_size_];
  }

  // Writes the rows [begin, end) as whole rows of n floats, one after another. They must be in one
  // row of tiles; a single one costs a cache line for each element right of the diagonal, 16 of
  // them a sixteenth of that.
  void copy_rows(std::size_t begin, std::size_t end, std::span<float> out) const;

 private:
  std::size_t offset_of(std::size_t i, std::size_t j) const {
    return (i * (i + 1) / 2 + j) * tile_size_ * tile_size_;
  }

  std::size_t n_;
  std::size_t tile_size_;
  std::size_t n_tile_rows_;
  std::unique_ptr<float[]> values_;  // n_tiles x tile_size^2
};

// A positive definite matrix becomes its inverse, in n^3 floating-point operations by OpenBLAS:
// Cholesky factor, its inverse and the product of that with itself in one sweep over the tiles. For
// the k-th row of tiles, the matrix as it is then (a_ij) and L L' = a_kk:
//
//   y_i  = a_ik L'^-1              a_ki' where i < k
//   a_ij = a_ij - y_i y_j'         + where i < k and j < k
//   a_ik = y_i L^-1                its negative where i < k
//   a_kk = (L L')^-1
//
// Memory beside the matrix: n x tile_size floats. The same bits on any number of threads. Reports
// the tile rows that are done as `stage`.
// Errors: unavailable (no OpenBLAS), cancelled, invalid_argument (not positive definite, as far as
// float32 can tell); after an error the matrix is of no use.
//
// Source: Bientinesi, Gunter and van de Geijn, ACM TOMS 35(1), 2008 (one sweep in place of three).
Result<void> invert(SymmetricMatrix& matrix, std::string_view stage, ThreadPool& pool,
                    Progress& progress);

}  // namespace coseno
