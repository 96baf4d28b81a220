// Inner products with rows of 8-bit codes, which are kept as two planes of 4 bits.
//
// A code c of a row stands for the whole number c - 128; c = 16 h + l. A scan of all rows reads the
// high halves alone, at 4 bits a number, and the low halves are looked at for the few rows that
// matter after it. With q the codes of a query, whole numbers in [-127, 127],
//
//   sum of q (c - 128)  =  16 sum of q h  +  sum of q l  -  128 sum of q
//
// Both planes keep 8 numbers in 4 bytes: byte b has number b in its low bits and number 4 + b in
// its high bits. `width`, the numbers of a row, is a multiple of kCodePad, the rest being anything
// where the query has zeros.
//
//   low plane    row after row, width / 2 bytes each
//   high plane   blocks of kBlockRows rows; a block has 4 bytes of each of its rows, then the next
//   4:
//
//                row 0: 0..7 | row 1: 0..7 | ... | row 15: 0..7 | row 0: 8..15 | ...
//
// so that a vector of 32-bit lanes has a row a lane, and nothing is ever summed across lanes.
//
// The plain versions are in kernels_plain.h. Results are equal on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace coseno {

constexpr std::size_t kCodePad = 32;
constexpr std::size_t kBlockRows = 16;
// Sums stay within 32 bits up to here.
constexpr std::size_t kMaxCodeWidth = 65536;

struct HighPlane {
  const std::uint8_t* blocks;  // whole blocks of kBlockRows * width / 2 bytes
  const float* scales;         // one a row; NaN for the rows that fill the last block
  std::size_t width;
};

// The codes of a query in the order of the planes: numbers b and 4 + b of the g-th 8 are
// first[4 g + b] and second[4 g + b]. width / 2 bytes each.
struct QueryCodes {
  const std::int8_t* first;
  const std::int8_t* second;
};

// scale * (slope * sum + offset): what a row may score at most, by the sum of its high halves.
struct RowBound {
  float slope;
  float offset;
};

struct RowHit {
  std::uint32_t row;
  std::int32_t sum;  // of query code times high half
};

// Writes the rows of blocks [first_block, last_block) whose bound is above `threshold`, in order,
// and returns how many; hits: room for all rows of these blocks.
std::size_t rows_above(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                       float threshold, std::size_t first_block, std::size_t last_block,
                       RowHit* hits);

// What rows_above() is on processors without VNNI (AVX-512 from Ice Lake and Zen 4 on); for tests.
std::size_t rows_above_without_vnni(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                                    float threshold, std::size_t first_block,
                                    std::size_t last_block, RowHit* hits);

// Sum of query code times low half; row: width / 2 bytes of the low plane.
std::int32_t low_sum(const std::uint8_t* row, const QueryCodes& query, std::size_t width);

}  // namespace coseno
