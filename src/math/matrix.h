// Dense float32 matrices, row after row.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace coseno {

// Looks at n_rows x dim floats that somebody else keeps.
struct MatrixView {
  const float* data = nullptr;  // n_rows x dim
  std::size_t n_rows = 0;
  std::size_t dim = 0;

  std::span<const float> row(std::size_t i) const { return {data + i * dim, dim}; }
};

// One vector a row.
class Factors {
 public:
  Factors() = default;
  // Zeros.
  Factors(std::size_t n_rows, std::size_t dim)
      : values_(n_rows * dim), n_rows_(n_rows), dim_(dim) {}

  std::size_t n_rows() const { return n_rows_; }
  std::size_t dim() const { return dim_; }
  std::span<float> row(std::size_t i) { return {values_.data() + i * dim_, dim_}; }
  std::span<const float> row(std::size_t i) const { return {values_.data() + i * dim_, dim_}; }
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }
  MatrixView view() const { return {values_.data(), n_rows_, dim_}; }

 private:
  std::vector<float> values_;  // n_rows x dim
  std::size_t n_rows_ = 0;
  std::size_t dim_ = 0;
};

}  // namespace coseno
