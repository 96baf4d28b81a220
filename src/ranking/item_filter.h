// Which items may be in an answer, by their properties. The language is described, with examples,
// in docs/filters.md.
//
//   {"all": [F, ...]}  {"any": [F, ...]}  {"not": F}
//   {"equals": {"genre": "Drama"}}            a list: it contains the value
//   {"in": {"genre": ["Drama", "War"]}}       a list: it contains one of them
//   {"range": {"year": {"from": 1990, "to": 2000}}}     both ends included, one may be left out;
//   {"range": {"released": {"from": "now-7d"}}}         times: RFC 3339, a date, or relative to now
//   {"exists": "director"}
//   {"near": {"shop": {"lat": 52.5, "lon": 13.4, "km": 5}}}
//
// Several members of one object must all hold; {} lets every item pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ranking/filter_node.h"
#include "ranking/item_properties.h"

namespace coseno {

// Parsed once, immutable, bound to no table: names are looked up at each evaluation. Thread-safe.
class ItemFilter {
 public:
  static constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 10;
  static constexpr std::size_t kMaxDepth = 16;        // of all, any and not in one another
  static constexpr std::size_t kMaxConditions = 200;  // properties compared
  static constexpr std::size_t kMaxValues = 1000;     // of one `in`

  // Buffers of an evaluation, kept from one to the next; one a thread.
  class Scratch {
    friend class ItemFilter;
    std::deque<std::vector<std::uint64_t>> buffers_;
  };

  // Lets every item pass.
  ItemFilter() = default;

  // Errors: invalid_argument, with the place as a JSON pointer ("/any/1/range/year/from: ...").
  static Result<ItemFilter> parse(std::string_view json);

  // Errors: invalid_argument where the filter names a property that no item of the table has, with
  // its place and a name that it may have been meant to be.
  Result<void> check(const ItemProperties& table) const;

  // Bit i % 64 of word i / 64 of `out` is set where item i < n_items passes; ceil(n_items / 64)
  // words, the bits past n_items clear, as RowFilter::allowed has them (retrieval/retriever.h).
  // An item without the property passes no condition but `not`; a name that the table does not
  // know is such a property. `now_ms`: Unix time in milliseconds, for times relative to now.
  // Cost: conditions * n_items / 64 words where values are indexed; see docs/filters.md. Does not
  // allocate once `scratch` and `out` have seen such a filter.
  void evaluate(const ItemProperties& table, std::size_t n_items, std::int64_t now_ms,
                Scratch& scratch, std::vector<std::uint64_t>& out) const;

  // Whether the answer changes as time passes, the table being the same.
  bool depends_on_now() const;

 private:
  class Evaluation;

  explicit ItemFilter(FilterNode root) : root_(std::move(root)) {}

  FilterNode root_;
};

}  // namespace coseno
