// From the values of one property to the items that have them.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ranking/item_set.h"
#include "ranking/number_column.h"
#include "ranking/properties.h"

namespace coseno {

// A part of an item's row: which property, and where its value stands in that property's index. A
// list is a run of cells.
struct Cell {
  enum class Kind : std::uint8_t {
    scalar,      // a text or a boolean: value number `value`
    number,      // in column(Ordered::numbers)
    point,       // in latitudes() and longitudes()
    element,     // of a list, whatever it is: value number `value`
    empty_list,  // a list of none
  };

  std::uint16_t property;
  Kind kind;
  std::uint32_t value;

  bool operator==(const Cell&) const = default;
};

// Texts, booleans and the elements of lists are interned: each different one has a number and the
// set of its items. Numbers, times and points that stand alone are in columns. A text that is a
// time is both interned and in a column.
//
// Values that no item has any more are forgotten, and their numbers given anew. An index with many
// values takes about 90 bytes a value, the bytes of a text that is longer than 15, and what
// item_set.h says. Many readers or one writer.
class PropertyIndex {
 public:
  explicit PropertyIndex(std::string name)
      : name_(std::move(name)), places_(0, HashScalar{&values_}, EqualScalar{&values_}) {}
  PropertyIndex(const PropertyIndex&) = delete;
  PropertyIndex& operator=(const PropertyIndex&) = delete;

  const std::string& name() const { return name_; }

  // Items that have the property, an empty list included.
  const ItemSet& items() const { return items_; }

  // Items that have the value of the cell; nullptr of numbers that stand alone, points and empty
  // lists.
  const ItemSet* items_with(const Cell& cell) const;
  // Items whose value equals `value`, or whose list has an element that does; numbers that stand
  // alone are not among them. Or nullptr.
  const ItemSet* find(const Scalar& value) const;

  // What can be compared with bounds: numbers, and times in Unix seconds (property_time).
  enum class Ordered { numbers, times };
  // Those that stand alone.
  const NumberColumn& column(Ordered ordered) const {
    return ordered == Ordered::numbers ? numbers_ : times_;
  }
  // Those in lists. Sets the bits of items with an element that is in from <= element <= to.
  // Cost: log n, and the sets in question.
  void add_listed(Ordered ordered, double from, double to, std::span<std::uint64_t> bits) const;
  bool has_listed(Ordered ordered) const { return !listed(ordered).empty(); }

  // Of points, degrees; an item is in both or in none.
  const NumberColumn& latitudes() const { return latitudes_; }
  const NumberColumn& longitudes() const { return longitudes_; }

  // Gives the item, which has none, the value, and appends its cells, of property number
  // `property`.
  using Value = decltype(NamedValue::value);
  void add(std::uint32_t item, const Value& value, std::uint16_t property,
           std::vector<Cell>& cells);
  // Takes the value from the item; `cells` are those that add() appended for it.
  void remove(std::uint32_t item, std::span<const Cell> cells);
  // The value that add() was given.
  Value value(std::uint32_t item, std::span<const Cell> cells) const;

  // A number for the value of a cell; equal numbers for equal values, see ItemProperties.
  // Not for points and empty lists.
  std::uint64_t key(std::uint32_t item, const Cell& cell) const;

  std::size_t memory_bytes() const;

 private:
  struct Interned {
    Scalar value;
    ItemSet items;
    std::uint32_t n_cells = 0;     // 0: the place is free
    std::uint32_t n_elements = 0;  // of those, elements of lists
  };
  using Values = std::deque<Interned>;
  using Order = std::multimap<double, std::uint32_t>;

  // Numbers of values hashed and compared as the values are, so that a value stands once.
  struct HashScalar {
    using is_transparent = void;
    const Values* values;
    std::size_t operator()(const Scalar& value) const { return std::hash<Scalar>()(value); }
    std::size_t operator()(std::uint32_t number) const { return (*this)((*values)[number].value); }
  };
  struct EqualScalar {
    using is_transparent = void;
    const Values* values;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(const Scalar& a, std::uint32_t b) const { return a == (*values)[b].value; }
    bool operator()(std::uint32_t a, const Scalar& b) const { return (*values)[a].value == b; }
  };

  std::uint32_t intern(const Scalar& value);
  void add_cell(std::uint32_t item, const Scalar& value, Cell::Kind kind, std::uint16_t property,
                std::vector<Cell>& cells);
  void release(std::uint32_t item, const Cell& cell);
  // The order that the value has a place in as an element, and that place; nullptr where in none.
  std::pair<Order*, double> order_of(const Scalar& value);
  const Order& listed(Ordered ordered) const {
    return ordered == Ordered::numbers ? listed_numbers_ : listed_times_;
  }

  std::string name_;
  ItemSet items_;
  Values values_;
  std::vector<std::uint32_t> free_;  // places in values_
  boost::unordered_flat_set<std::uint32_t, HashScalar, EqualScalar> places_;
  Order listed_numbers_;
  Order listed_times_;
  NumberColumn numbers_;
  NumberColumn times_;
  NumberColumn latitudes_;
  NumberColumn longitudes_;
};

}  // namespace coseno
