// Vectors of another program in a safetensors file, as NumPy, PyTorch and TensorFlow.js write it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "models/tensor_file.h"

namespace coseno {

// A file with
//
//   item_vectors  F32, n_items x dim       metadata "item_ids": JSON, a list of n_items texts
//   item_biases   F32, n_items             may be absent
//   user_vectors  F32, n_users x dim       may be absent; else metadata "user_ids", likewise
//
// Other tensors and metadata are nobody's business. Sizes fit one another and numbers are finite;
// ids are as they stand, to be checked by who takes them.
class VectorsFile {
 public:
  // Errors: io, corrupt with the tensor or key.
  static Result<VectorsFile> read(const std::string& path);
  static Result<VectorsFile> from(TensorFile file);

  // Views live as long as the file, moves included.
  std::size_t dim() const { return dim_; }
  std::span<const std::string> items() const { return items_; }
  std::span<const std::string> users() const { return users_; }
  std::span<const float> item_vectors() const { return item_vectors_; }
  std::span<const float> item_biases() const { return item_biases_; }
  std::span<const float> user_vectors() const { return user_vectors_; }

 private:
  explicit VectorsFile(TensorFile file) : file_(std::move(file)) {}
  Result<std::span<const float>> rows(std::string_view name, std::size_t n_rows) const;

  TensorFile file_;
  std::size_t dim_ = 0;
  std::vector<std::string> items_;
  std::vector<std::string> users_;
  std::span<const float> item_vectors_;
  std::span<const float> item_biases_;
  std::span<const float> user_vectors_;
};

}  // namespace coseno
