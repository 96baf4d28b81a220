// Vectors in 8 bits a number, for finding those that may have a large inner product with another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "math/code_kernels.h"
#include "math/matrix.h"

namespace coseno {

// Bytes that are read from end to end, aligned to a cache line. From 2 MB on Linux is asked for
// huge pages: a scan of 128 MB took a fifth less time with them.
class ScannedBytes {
 public:
  ScannedBytes() = default;
  // Zeros.
  explicit ScannedBytes(std::size_t n);

  std::uint8_t* data() { return bytes_.get(); }
  const std::uint8_t* data() const { return bytes_.get(); }

 private:
  struct Free {
    void operator()(std::uint8_t* bytes) const;
  };
  std::unique_ptr<std::uint8_t[], Free> bytes_;
};

// Rows r of float32 as scale * v: v whole numbers in [-127, 127], the scale of a row its largest
// absolute number over 127, rounding to the nearest. For a query x, in 8 bits alike, the true inner
// product is bounded from above, first by the upper 4 bits of v and then by all 8:
//
//   x . r  <=  scale * (step x^ . v^  +  |x| error  +  |x - step x^| norm)        (Cauchy-Schwarz)
//
// where step x^ is the query in 8 bits, v^ the row by the bits looked at, error the largest |r /
// scale
// - v^| and norm the largest |v^| of all rows. The bounds also cover what float32 arithmetic
// rounds, here and in dot(); so a row whose bound is not above a score is not above it by dot()
// either. (Not covered: products so small that float32 has no full precision for them, below
// 1e-37.)
//
// Immutable; thread-safe. Memory a row: 1 byte a number (of a multiple of 32), and 4 bytes.
class QuantizedRows {
 public:
  // A vector in 8 bits, and constants of its bounds. Made by quantize(), and of use only with the
  // rows that made it. May be used again and again, and then does not allocate.
  class Query {
   private:
    friend class QuantizedRows;
    QueryCodes codes() const { return {first_.data(), second_.data()}; }

    std::vector<std::int8_t> first_;  // as QueryCodes says
    std::vector<std::int8_t> second_;
    RowBound coarse_ = {};
    double step_ = 0;
    double fine_offset_ = 0;
  };

  QuantizedRows() = default;
  // Copies; every number finite, dim <= kMaxCodeWidth. On the threads of `pool`, where there is
  // one, and to the same codes and bounds.
  explicit QuantizedRows(MatrixView rows, ThreadPool* pool = nullptr);

  std::size_t n_rows() const { return n_rows_; }
  std::size_t dim() const { return dim_; }
  std::size_t n_blocks() const { return (n_rows_ + kBlockRows - 1) / kBlockRows; }
  std::size_t size_bytes() const;

  // vector: dim() finite floats.
  void quantize(std::span<const float> vector, Query& query) const;

  // Rows of blocks [first_block, last_block) whose bound by 4 bits is above `threshold`, in order;
  // returns how many. hits: room for (last_block - first_block) * kBlockRows. Cost: 4 bits read a
  // number.
  std::size_t rows_above(const Query& query, float threshold, std::size_t first_block,
                         std::size_t last_block, std::span<RowHit> hits) const;

  // The bound of a hit by all 8 bits.
  double bound(const Query& query, RowHit hit) const;
  // Has the memory that bound() will read for a row fetched.
  void prefetch(std::uint32_t row) const { __builtin_prefetch(low_row(row)); }

 private:
  // The largest of all rows, in units of the scale; see above.
  struct Precision {
    double error = 0;
    double norm = 0;

    void raise(const Precision& other);
  };
  struct Precisions {
    Precision coarse;  // of 4 bits
    Precision fine;    // of 8 bits
  };

  void encode_all(MatrixView rows, ThreadPool* pool);
  // Raises `precisions` to those of the row.
  void encode(std::size_t row, std::span<const float> values, Precisions& precisions);
  void set_code(std::size_t row, std::size_t column, std::uint8_t code);
  const std::uint8_t* low_row(std::size_t row) const { return low_.data() + row * width_ / 2; }

  std::size_t n_rows_ = 0;
  std::size_t dim_ = 0;
  std::size_t width_ = 0;  // dim padded to kCodePad
  ScannedBytes high_;      // as code_kernels.h says
  ScannedBytes low_;
  std::vector<float> scales_;
  Precisions precisions_;
};

}  // namespace coseno
