// Ids of the rows of a file, made of what the rows say: the same row has the same id whenever, and
// in whatever order, the file is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/interactions.h"

namespace coseno {

// 32 hexadecimal digits: FNV-1a with 128 bits, most significant digit first, of these bytes,
// numbers little-endian:
//
//   4 length, and so many bytes, of the type; the same of the user's id; the same of the item's id
//   4 value, a float
//   8 time in Unix seconds; -2^63 where the rows have no times
//   4 how many rows before this one are equal to it
//
// So a row that stands twice in a file has two ids, and a row that stands in two files has one.
// FNV tells what differs by chance apart, with a probability of 2^-64 that two of 2^32 rows meet;
// it does not withstand somebody who looks for two ids that meet.
//
// Source: Fowler, Noll, Vo and Eastlake, "The FNV Non-Cryptographic Hash Algorithm", IETF draft
// draft-eastlake-fnv.
class RowIds {
 public:
  // Keeps a reference to `rows`, of which there are fewer than 2^32. Memory: 4 bytes a row, and 4
  // more while it sorts, n log n comparisons.
  RowIds(const Interactions& rows, std::string_view type);

  // `row` < rows.size().
  std::string id(std::size_t row) const;

 private:
  const Interactions& rows_;
  std::string type_;
  std::vector<std::uint32_t> n_equal_before_;
};

}  // namespace coseno
