// A number for some items, to be compared with bounds.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coseno {

// Kept as an array up to the last item once one item number in 4 has a value, as a hash table again
// when fewer than one in 8 have: at most 64 bytes an item that has a value, 8 where all have, and
// twice that while it grows.
//
// Bitmaps as in item_set.h. Numbers are finite. Many readers or one writer.
class NumberColumn {
 public:
  std::size_t size() const { return is_dense_ ? n_dense_ : sparse_.size(); }
  bool empty() const { return size() == 0; }

  // NaN where the item has no number.
  double at(std::uint32_t item) const;

  // Puts a number in the place of one that may be there.
  void set(std::uint32_t item, double number);
  // Nothing changes where there is none.
  void erase(std::uint32_t item);

  // Bits stay set, of those that are, where from <= number <= to. Words of zeros cost next to
  // nothing. Only where is_dense().
  bool is_dense() const { return is_dense_; }
  void narrow(double from, double to, std::span<std::uint64_t> bits) const;

  // Sets the bits of items with from <= number <= to.
  void add_range(double from, double to, std::span<std::uint64_t> bits) const;
  // Sets the bits of items with one of `numbers`, which ascend.
  void add_any(std::span<const double> numbers, std::span<std::uint64_t> bits) const;

  // On the heap.
  std::size_t heap_bytes() const;

 private:
  // Calls body(item, number) for all.
  template <class Body>
  void for_each(const Body& body) const;
  void make_dense();
  void make_sparse();

  bool is_dense_ = false;
  std::size_t n_dense_ = 0;
  std::size_t end_ = 0;        // one past the largest item so far, of the sparse form
  std::vector<double> dense_;  // NaN where there is no number
  boost::unordered_flat_map<std::uint32_t, double> sparse_;
};

}  // namespace coseno
