#include "models/sparse_rows.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace coseno {
namespace {

std::string begin_name(std::string_view name) { return fmt::format("{}.begin", name); }
std::string indices_name(std::string_view name) { return fmt::format("{}.indices", name); }
std::string weights_name(std::string_view name) { return fmt::format("{}.weights", name); }

bool has_twice(std::span<const std::uint32_t> indices) {
  std::vector<std::uint32_t> sorted(indices.begin(), indices.end());
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) != sorted.end();
}

}  // namespace

void save_sparse_rows(std::string_view name, const FeatureMatrix& rows, std::size_t n_rows,
                      TensorFileWriter& file) {
  std::vector<std::int64_t> begin = {0};
  std::vector<std::uint32_t> indices;
  std::vector<float> weights;
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (const Feature& entry : rows.row(r)) {
      indices.push_back(entry.index);
      weights.push_back(entry.weight);
    }
    begin.push_back(static_cast<std::int64_t>(indices.size()));
  }
  const std::size_t n_entries = indices.size();
  file.add(begin_name(name), {n_rows + 1}, std::move(begin));
  file.add(indices_name(name), {n_entries}, std::move(indices));
  file.add(weights_name(name), {n_entries}, std::move(weights));
}

// Far above what any model keeps; sums over whole histories stay finite.
constexpr float kMaxWeight = 1e6F;

Result<FeatureMatrix> load_sparse_rows(const TensorFile& file, std::string_view name,
                                       std::size_t n_rows, std::size_t n_features, RowOrder order) {
  COSENO_ASSIGN(n_entries, load_length(file, indices_name(name)));
  COSENO_ASSIGN(begin, load_row_begins(file, begin_name(name), n_rows, n_entries));
  COSENO_ASSIGN(indices, file.uint32s(indices_name(name), {n_entries}));
  COSENO_ASSIGN(weights, file.floats(weights_name(name), {n_entries}));
  std::vector<std::vector<Feature>> rows(n_rows);
  for (std::size_t r = 0; r < n_rows; ++r) {
    const auto first = static_cast<std::size_t>(begin[r]);
    const auto last = static_cast<std::size_t>(begin[r + 1]);
    if (order == RowOrder::free && has_twice(indices.subspan(first, last - first))) {
      return make_error(ErrorCode::corrupt, "{}: tensor '{}': row {} has an index twice",
                        file.path(), indices_name(name), r);
    }
    for (std::size_t e = first; e < last; ++e) {
      const bool falls =
          order == RowOrder::rising && !rows[r].empty() && indices[e] <= rows[r].back().index;
      if (indices[e] >= n_features || falls) {
        return make_error(ErrorCode::corrupt, "{}: tensor '{}': row {} {} below {}", file.path(),
                          indices_name(name), r,
                          order == RowOrder::rising ? "does not rise" : "has an index not",
                          n_features);
      }
      if (std::abs(weights[e]) > kMaxWeight) {
        return make_error(ErrorCode::corrupt, "{}: tensor '{}' holds {}, more than {}", file.path(),
                          weights_name(name), weights[e], kMaxWeight);
      }
      rows[r].push_back({indices[e], weights[e]});
    }
  }
  return FeatureMatrix(rows, n_features);
}

Result<std::span<const std::int64_t>> load_row_begins(const TensorFile& file,
                                                      const std::string& name, std::size_t n_rows,
                                                      std::size_t n_entries) {
  COSENO_ASSIGN(begin, file.int64s(name, {n_rows + 1}));
  if (begin.front() != 0 || std::cmp_not_equal(begin.back(), n_entries) ||
      !std::ranges::is_sorted(begin)) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' does not rise from 0 to {}", file.path(),
                      name, n_entries);
  }
  return begin;
}

Result<std::size_t> load_length(const TensorFile& file, std::string_view name) {
  COSENO_ASSIGN(shape, file.shape(name));
  if (shape.size() != 1) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is no list", file.path(), name);
  }
  return shape[0];
}

}  // namespace coseno
