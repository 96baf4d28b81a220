#include "math/quantized_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "base/check.h"
#include "base/huge_pages.h"

namespace coseno {
namespace {

// A page.
constexpr std::align_val_t kAlignment{4096};

// A code is a whole number v plus kZeroCode.
constexpr int kZeroCode = 128;
constexpr int kLargestWhole = 127;
// What the upper half of a code stands for: the middle of the 16 codes that have it.
constexpr double kMiddle = 7.5;

// About a millisecond of work.
constexpr std::size_t kRowsEncodedAtOnce = 1024;

// Unit of rounding of float32.
constexpr double kRounding = 0x1.0p-24;

double norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

// The value of one step of 8 bits; 0 for a vector of zeros.
float step_of(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  if (largest == 0) return 0;
  return std::max(largest / kLargestWhole, std::numeric_limits<float>::min());
}

int whole(float value, float step) {
  if (step == 0) return 0;
  const auto nearest = static_cast<int>(std::lrint(value / step));
  return std::clamp(nearest, -kLargestWhole, kLargestWhole);
}

// Where the planes keep a number of a row: the byte, were the row's bytes in one piece, and whether
// in its upper bits.
struct Place {
  std::size_t byte;
  bool is_second;
};
Place place_of(std::size_t column) { return {column / 8 * 4 + column % 4, column % 8 >= 4}; }

}  // namespace

ScannedBytes::ScannedBytes(std::size_t n) {
  bytes_.reset(static_cast<std::uint8_t*>(::operator new(n, kAlignment)));
  prefer_huge_pages(bytes_.get(), n);
  std::fill_n(bytes_.get(), n, std::uint8_t{0});
}

void ScannedBytes::Free::operator()(std::uint8_t* bytes) const {
  ::operator delete(bytes, kAlignment);
}

QuantizedRows::QuantizedRows(MatrixView rows, ThreadPool* pool)
    : n_rows_(rows.n_rows),
      dim_(rows.dim),
      width_((rows.dim + kCodePad - 1) / kCodePad * kCodePad),
      high_(n_blocks() * kBlockRows * width_ / 2),
      low_(n_rows_ * width_ / 2),
      scales_(n_blocks() * kBlockRows, std::numeric_limits<float>::quiet_NaN()) {
  COSENO_CHECK(dim_ <= kMaxCodeWidth);
  encode_all(rows, pool);
}

void QuantizedRows::Precision::raise(const Precision& other) {
  error = std::max(error, other.error);
  norm = std::max(norm, other.norm);
}

void QuantizedRows::encode_all(MatrixView rows, ThreadPool* pool) {
  std::vector<Precisions> parts((n_rows_ + kRowsEncodedAtOnce - 1) / kRowsEncodedAtOnce);
  const auto encode_part = [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      encode(row, rows.row(row), parts[begin / kRowsEncodedAtOnce]);
    }
  };
  if (pool != nullptr) {
    pool->parallel_for(n_rows_, kRowsEncodedAtOnce, encode_part);
  } else {
    ThreadPool(1).parallel_for(n_rows_, kRowsEncodedAtOnce, encode_part);
  }
  for (const Precisions& part : parts) {
    precisions_.coarse.raise(part.coarse);
    precisions_.fine.raise(part.fine);
  }
}

void QuantizedRows::encode(std::size_t row, std::span<const float> values, Precisions& precisions) {
  COSENO_CHECK(std::isfinite(norm(values)));
  const float scale = scales_[row] = step_of(values);
  if (scale == 0) return;
  double coarse_error = 0;
  double coarse_norm = 0;
  double fine_error = 0;
  double fine_norm = 0;
  for (std::size_t column = 0; column < dim_; ++column) {
    const int fine = whole(values[column], scale);
    const auto code = static_cast<std::uint8_t>(fine + kZeroCode);
    set_code(row, column, code);
    const double coarse = (code & 0xF0) + kMiddle - kZeroCode;
    const double exact = static_cast<double>(values[column]) / scale;
    coarse_error += (exact - coarse) * (exact - coarse);
    coarse_norm += coarse * coarse;
    fine_error += (exact - fine) * (exact - fine);
    fine_norm += static_cast<double>(fine) * fine;
  }
  precisions.coarse.raise({std::sqrt(coarse_error), std::sqrt(coarse_norm)});
  precisions.fine.raise({std::sqrt(fine_error), std::sqrt(fine_norm)});
}

void QuantizedRows::set_code(std::size_t row, std::size_t column, std::uint8_t code) {
  const auto [byte, is_second] = place_of(column);
  const std::size_t block = row / kBlockRows * kBlockRows * width_ / 2;
  std::uint8_t& high =
      high_.data()[block + byte / 4 * 4 * kBlockRows + row % kBlockRows * 4 + byte % 4];
  std::uint8_t& low = low_.data()[row * width_ / 2 + byte];
  const int shift = is_second ? 4 : 0;
  high = static_cast<std::uint8_t>(high | (code >> 4) << shift);
  low = static_cast<std::uint8_t>(low | (code & 15) << shift);
}

std::size_t QuantizedRows::size_bytes() const {
  return (n_blocks() * kBlockRows + n_rows_) * width_ / 2 + scales_.size() * sizeof(float);
}

void QuantizedRows::quantize(std::span<const float> vector, Query& query) const {
  COSENO_CHECK(vector.size() == dim_);
  const double length = norm(vector);
  COSENO_CHECK(std::isfinite(length));
  const float step = step_of(vector);
  query.first_.assign(width_ / 2, 0);
  query.second_.assign(width_ / 2, 0);
  int sum = 0;
  int absolute_sum = 0;
  double error = 0;
  for (std::size_t column = 0; column < dim_; ++column) {
    const int code = whole(vector[column], step);
    const auto [byte, is_second] = place_of(column);
    (is_second ? query.second_ : query.first_)[byte] = static_cast<std::int8_t>(code);
    sum += code;
    absolute_sum += std::abs(code);
    const double left = vector[column] - static_cast<double>(step) * code;
    error += left * left;
  }
  error = std::sqrt(error);

  const auto& [coarse, fine] = precisions_;
  // What float32 rounds: in dot() at most dim + 1 times (each relative to the sum of absolute
  // products), and 8 times in the bound, whose parts are at most 256 step |x^| summed.
  const double dot_rounding =
      static_cast<double>(dim_ + 2) * kRounding * length * (fine.norm + fine.error);
  const double bound_rounding = 8 * kRounding * 256 * step * absolute_sum;
  const auto slack = [&](const Precision& precision) {
    const double of_codes = length * precision.error + error * precision.norm;
    return (of_codes + dot_rounding + bound_rounding) * (1 + 16 * kRounding);
  };
  query.step_ = step;
  query.coarse_.slope = 16 * step;
  query.coarse_.offset = static_cast<float>((kMiddle - kZeroCode) * step * sum + slack(coarse));
  query.fine_offset_ = -static_cast<double>(kZeroCode) * step * sum + slack(fine);
}

std::size_t QuantizedRows::rows_above(const Query& query, float threshold, std::size_t first_block,
                                      std::size_t last_block, std::span<RowHit> hits) const {
  COSENO_CHECK(last_block <= n_blocks() && hits.size() >= (last_block - first_block) * kBlockRows);
  return coseno::rows_above({high_.data(), scales_.data(), width_}, query.codes(), query.coarse_,
                            threshold, first_block, last_block, hits.data());
}

double QuantizedRows::bound(const Query& query, RowHit hit) const {
  const int sum = 16 * hit.sum + low_sum(low_row(hit.row), query.codes(), width_);
  return scales_[hit.row] * (query.step_ * sum + query.fine_offset_);
}

}  // namespace coseno
