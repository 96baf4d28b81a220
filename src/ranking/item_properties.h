// The properties of all items, live, and laid out for filters.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/ids.h"
#include "ranking/properties.h"
#include "ranking/property_index.h"

namespace coseno {

// An item is a row of cells, one a value; and each property has an index from its values to items
// (property_index.h). The texts and points stand in the index alone, the cells name them, so that
// the properties of an item can be given back whole.
//
//   item 7:  | genre: value 2 | genre: value 5 | title: value 9 | year: number |
//   genre:   value 2 "Drama" -> {3, 7, 8}   value 5 "War" -> {7}
//   year:    number of 3: 1990, of 7: 1994
//
// An item without properties is not in it. Items have any numbers, in any order; memory is taken
// for all numbers up to the largest, 16 bytes each.
//
// Memory: see memory_bytes(). Threads: many readers, or one writer; the caller locks.
class ItemProperties {
 public:
  // As many names may be in use at once; see check_room.
  static constexpr std::size_t kMaxNames = 1000;

  ItemProperties() = default;
  ItemProperties(ItemProperties&&) noexcept = default;
  ItemProperties& operator=(ItemProperties&&) noexcept = default;

  // Call it before a batch of puts is stored. Errors: invalid_argument where the table would have
  // properties of more than kMaxNames names; names that the batch takes out of use do not help.
  Result<void> check_room(std::span<const Properties> batch) const;

  // The item has these properties, and no others; check_room has said yes to them. Cost: that of
  // the properties that change, each about the items with that value / 64 in words.
  void put(ItemIndex item, const Properties& properties);
  // The item has none.
  void remove(ItemIndex item) { put(item, Properties()); }

  // Empty where the item has none or is unknown. To patch: get(item).patched(json), then put.
  Properties get(ItemIndex item) const;

  bool has_any(ItemIndex item) const { return !cells_of(item).empty(); }

  // Appends a key for each value that the item has of property `name`; of a list, one each in its
  // order. Two keys for one property are equal if and only if the values are, until the next
  // change of the table. Nothing is appended for a point, or where there is no value.
  void append_keys(ItemIndex item, std::string_view name, std::vector<std::uint64_t>& keys) const;

  // A text, a boolean or an element of a list, of one property.
  struct SharedValue {
    std::uint64_t key;      // of equal ones, until the next change of the table
    std::uint32_t n_items;  // that have it
  };
  // Appends those of the item that others have too, in the order of its properties.
  void append_shared(ItemIndex item, std::vector<SharedValue>& values) const;
  // Sets the bits of the items that have the value. `key`: of append_shared.
  void add_items_with(std::uint64_t key, std::span<std::uint64_t> bits) const;

  // The index of the property, or nullptr where no item has it. Valid until the next change.
  const PropertyIndex* find(std::string_view name) const;
  // Names in use, sorted by their bytes. Valid until the next change.
  std::vector<std::string_view> names() const;

  // Items that have properties.
  std::size_t n_items() const { return n_items_; }
  // Another number after every change: what was computed from the table at this number still holds.
  std::uint64_t version() const { return version_; }
  // What the table takes from the heap, with what the allocator adds, within 10%. Walks every
  // value: milliseconds a million.
  std::size_t memory_bytes() const;

 private:
  struct Row {
    std::unique_ptr<Cell[]> cells;
    std::uint32_t n_cells = 0;
  };
  using Cells = std::span<const Cell>;

  Cells cells_of(ItemIndex item) const;
  // The cells of the property at the front of `cells`.
  static Cells first_value(Cells cells);
  // Where the property stands in indexes_; a new one where no item has it.
  std::uint16_t place_of(const std::string& name);
  void take_away(ItemIndex item, Cells value);
  void set_cells(ItemIndex item, Cells cells);

  std::vector<Row> rows_;                                // by item
  std::vector<std::unique_ptr<PropertyIndex>> indexes_;  // nullptr: the place is free
  std::vector<std::uint16_t> free_;                      // places in indexes_
  // Views of the indexes' own names.
  boost::unordered_flat_map<std::string_view, std::uint16_t> places_;
  std::size_t n_items_ = 0;
  std::uint64_t version_ = 0;
};

}  // namespace coseno
