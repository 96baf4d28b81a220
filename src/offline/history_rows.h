// Rows of a sparse matrix that somebody else made, as histories.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"
#include "coseno/offline.h"
#include "data/interactions.h"

namespace coseno {

// One history a row: its entries in their order, one twice joined to the first, those of value 0
// left out.
struct HistoryRows {
  std::vector<Interaction> entries;
  std::vector<History> rows;  // views of `entries`
  bool has_values = false;    // false: every value is 1
};

// Errors: invalid_argument, for arrays that do not fit together, and with the row for a column or a
// value that cannot be.
Result<HistoryRows> history_rows(const SparseRows& matrix);

}  // namespace coseno
