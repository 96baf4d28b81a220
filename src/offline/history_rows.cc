#include "offline/history_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace coseno {

namespace {

// Sizes, and rows that begin where the one before ends.
Result<void> check_shape(const SparseRows& matrix) {
  constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
  const auto& [n_rows, n_columns, begin, columns, values] = matrix;
  if (n_rows > kMost || n_columns > kMost) {
    return invalid_argument("a matrix may be {} x {} at most, not {} x {}", kMost, kMost, n_rows,
                            n_columns);
  }
  if (begin.size() != n_rows + 1) {
    return invalid_argument("row_begin must have {} numbers for {} rows, not {}", n_rows + 1,
                            n_rows, begin.size());
  }
  if (!values.empty() && values.size() != columns.size()) {
    return invalid_argument("there are {} values for {} columns", values.size(), columns.size());
  }
  if (begin.front() != 0 || !std::ranges::is_sorted(begin) ||
      std::cmp_greater(begin.back(), columns.size())) {
    return invalid_argument("row_begin must rise from 0 to {} at most", columns.size());
  }
  return {};
}

// Makes one row after another.
class RowReader {
 public:
  // Keeps a reference to `matrix`.
  explicit RowReader(const SparseRows& matrix)
      : matrix_(matrix), places_(matrix.n_columns, kNowhere) {}

  // Appends the r-th row to `entries`.
  Result<void> read(std::size_t r, std::vector<Interaction>& entries) {
    const auto first = static_cast<std::ptrdiff_t>(entries.size());
    const auto end = static_cast<std::size_t>(matrix_.row_begin[r + 1]);
    for (auto e = static_cast<std::size_t>(matrix_.row_begin[r]); e < end; ++e) {
      COSENO_TRY(add(r, e, entries));
    }
    for (auto entry = entries.begin() + first; entry != entries.end(); ++entry) {
      places_[offset(entry->item)] = kNowhere;
    }
    const auto zeros = std::remove_if(entries.begin() + first, entries.end(),
                                      [](const Interaction& one) { return one.value == 0; });
    entries.erase(zeros, entries.end());
    return {};
  }

 private:
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  Result<void> add(std::size_t r, std::size_t e, std::vector<Interaction>& entries) {
    const std::int32_t column = matrix_.columns[e];
    if (column < 0 || std::cmp_greater_equal(column, matrix_.n_columns)) {
      return invalid_argument("row {} has column {}, where there are {}", r, column,
                              matrix_.n_columns);
    }
    const float value = matrix_.values.empty() ? 1 : matrix_.values[e];
    std::size_t& place = places_[static_cast<std::size_t>(column)];
    if (place == kNowhere) {
      place = entries.size();
      entries.push_back({static_cast<ItemIndex>(column), value, 0});
    } else {
      entries[place].value += value;
    }
    if (std::isfinite(entries[place].value)) return {};
    return invalid_argument("row {}, column {}: value must be finite, not {}", r, column,
                            entries[place].value);
  }

  const SparseRows& matrix_;
  std::vector<std::size_t> places_;  // of each column in the row that is read
};

}  // namespace

Result<HistoryRows> history_rows(const SparseRows& matrix) {
  COSENO_TRY(check_shape(matrix));
  HistoryRows result;
  result.entries.reserve(matrix.columns.size());
  std::vector<std::size_t> begin{0};
  RowReader reader(matrix);
  for (std::size_t r = 0; r < matrix.n_rows; ++r) {
    COSENO_TRY(reader.read(r, result.entries));
    begin.push_back(result.entries.size());
  }
  for (std::size_t r = 0; r < matrix.n_rows; ++r) {
    result.rows.emplace_back(result.entries.data() + begin[r], begin[r + 1] - begin[r]);
  }
  result.has_values =
      std::ranges::any_of(result.entries, [](const Interaction& one) { return one.value != 1; });
  return result;
}

}  // namespace coseno
