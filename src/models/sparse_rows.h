// Sparse rows in a model file, as three tensors:
//
//   <name>.begin    I64, n_rows + 1   row r holds the entries begin[r] <= e < begin[r + 1]
//   <name>.indices  U32, n_entries    rising within a row, or each once
//   <name>.weights  F32, n_entries
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/features.h"
#include "models/tensor_file.h"

namespace coseno {

// `n_rows` may pass rows.n_rows(): the rest are empty.
void save_sparse_rows(std::string_view name, const FeatureMatrix& rows, std::size_t n_rows,
                      TensorFileWriter& file);

// Whether the indices of a row rise, or their order says something.
enum class RowOrder { rising, free };

// Errors: corrupt, with the tensor's name, for any other number of rows, an index that is not
// < n_features, does not rise or stands in a row twice, and a weight past 10^6.
Result<FeatureMatrix> load_sparse_rows(const TensorFile& file, std::string_view name,
                                       std::size_t n_rows, std::size_t n_features,
                                       RowOrder order = RowOrder::rising);

// A <name>.begin alone: n_rows + 1 numbers that rise from 0 to n_entries.
Result<std::span<const std::int64_t>> load_row_begins(const TensorFile& file,
                                                      const std::string& name, std::size_t n_rows,
                                                      std::size_t n_entries);

// The length of a tensor of one dimension. Errors: corrupt.
Result<std::size_t> load_length(const TensorFile& file, std::string_view name);

}  // namespace coseno
