// A set of item numbers, small where it is sparse and fast where it is dense.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

namespace coseno {

// Kept in the smallest of four forms: nothing, one item in place, a sorted list (4 bytes an item),
// a bitmap up to the last item (1/8 byte an item number). A list turns into a bitmap when that is
// smaller, past one item in 32, and back at one in 128: so a set takes at most 16 bytes an item
// beside its own 32 (twice that while it grows), however sparse it is.
//
// Bitmaps that are passed in have bit i % 64 of word i / 64 for item i; items past their end are
// left out. Many readers or one writer.
class ItemSet {
 public:
  std::size_t size() const;
  bool contains(std::uint32_t item) const;

  // False, and nothing changes, where it is there already (insert) or is not there (erase). Cost:
  // in a list the items behind it move, at most (last item) / 32 of them; none for the largest so
  // far.
  bool insert(std::uint32_t item);
  bool erase(std::uint32_t item);

  // bits &= set, and bits |= set.
  void narrow(std::span<std::uint64_t> bits) const;
  void add_to(std::span<std::uint64_t> bits) const;

  // On the heap.
  std::size_t heap_bytes() const;

 private:
  using Nothing = std::monostate;
  using One = std::uint32_t;
  using List = std::vector<std::uint32_t>;
  struct Bitmap {
    std::vector<std::uint64_t> words;
    std::size_t n_items = 0;
  };

  void make_bitmap();
  void make_list();

  std::variant<Nothing, One, List, std::unique_ptr<Bitmap>> form_;
};

}  // namespace coseno
