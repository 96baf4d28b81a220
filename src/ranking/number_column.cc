#include "ranking/number_column.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "math/range_bits.h"
#include "ranking/heap_size.h"

namespace coseno {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// One value for so many item numbers makes the array worth its room; half of that, and it is given
// up.
constexpr std::size_t kNumbersPerValue = 4;
constexpr std::size_t kNumbersPerValueAtMost = 8;

// Below this a hash table is as good as an array.
constexpr std::size_t kFewestDense = 16;

void set_bit(std::span<std::uint64_t> bits, std::uint32_t item) {
  if (item / 64 < bits.size()) bits[item / 64] |= std::uint64_t{1} << (item % 64);
}

}  // namespace

double NumberColumn::at(std::uint32_t item) const {
  if (is_dense_) return item < dense_.size() ? dense_[item] : kNone;
  const auto found = sparse_.find(item);
  return found == sparse_.end() ? kNone : found->second;
}

void NumberColumn::set(std::uint32_t item, double number) {
  if (is_dense_ && item >= dense_.size()) {
    if (item / kNumbersPerValueAtMost > n_dense_) {
      make_sparse();
    } else {
      dense_.resize(std::size_t{item} + 1, kNone);
    }
  }
  if (is_dense_) {
    if (std::isnan(dense_[item])) ++n_dense_;
    dense_[item] = number;
    return;
  }
  sparse_.insert_or_assign(item, number);
  end_ = std::max(end_, std::size_t{item} + 1);
  if (sparse_.size() >= kFewestDense && sparse_.size() * kNumbersPerValue > end_) make_dense();
}

void NumberColumn::erase(std::uint32_t item) {
  if (!is_dense_) {
    sparse_.erase(item);
    return;
  }
  if (item >= dense_.size() || std::isnan(dense_[item])) return;
  dense_[item] = kNone;
  --n_dense_;
  if (n_dense_ < kFewestDense / 2 || n_dense_ * kNumbersPerValueAtMost < dense_.size()) {
    make_sparse();
  }
}

void NumberColumn::narrow(double from, double to, std::span<std::uint64_t> bits) const {
  keep_in_range(dense_, from, to, bits);
}

void NumberColumn::add_range(double from, double to, std::span<std::uint64_t> bits) const {
  for_each([&](std::uint32_t item, double number) {
    if (from <= number && number <= to) set_bit(bits, item);
  });
}

void NumberColumn::add_any(std::span<const double> numbers, std::span<std::uint64_t> bits) const {
  if (numbers.empty()) return;
  const double from = numbers.front();
  const double to = numbers.back();
  for_each([&](std::uint32_t item, double number) {
    if (from <= number && number <= to && std::ranges::binary_search(numbers, number)) {
      set_bit(bits, item);
    }
  });
}

std::size_t NumberColumn::heap_bytes() const { return vector_bytes(dense_) + table_bytes(sparse_); }

// One of the two forms is empty.
template <class Body>
void NumberColumn::for_each(const Body& body) const {
  for (std::size_t item = 0; item < dense_.size(); ++item) {
    if (!std::isnan(dense_[item])) body(static_cast<std::uint32_t>(item), dense_[item]);
  }
  for (const auto& [item, number] : sparse_) body(item, number);
}

void NumberColumn::make_dense() {
  dense_.assign(end_, kNone);
  for (const auto& [item, number] : sparse_) dense_[item] = number;
  n_dense_ = sparse_.size();
  sparse_ = {};
  is_dense_ = true;
}

void NumberColumn::make_sparse() {
  end_ = 0;
  for_each([&](std::uint32_t item, double number) {
    sparse_.emplace(item, number);
    end_ = std::size_t{item} + 1;
  });
  dense_ = {};
  n_dense_ = 0;
  is_dense_ = false;
}

}  // namespace coseno
