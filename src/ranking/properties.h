// The properties of one item, or of one user: a small JSON object, checked.
//
//   {"title": "Tea", "price": 4.5, "new": true, "tags": ["hot", "leaf"],
//    "released": "2026-02-28T12:00:00Z", "shop": {"lat": 52.52, "lon": 13.4}}
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace coseno {

// Degrees: latitude in [-90, 90], longitude in [-180, 180].
struct GeoPoint {
  double latitude = 0;
  double longitude = 0;

  bool operator==(const GeoPoint&) const = default;
};

// A number is finite, and 0 where it was -0. A text that is a time (property_time) is a text all
// the same.
using Scalar = std::variant<bool, double, std::string>;

struct NamedValue {
  std::string name;
  std::variant<Scalar, std::vector<Scalar>, GeoPoint> value;

  bool operator==(const NamedValue&) const = default;
};

// Unix seconds of a time as RFC 3339 has it, or of a date; fractions of a second are dropped.
// Nothing where `text` is anything else, a plain number included.
std::optional<std::int64_t> property_time(std::string_view text);

// A value type. Reading is thread-safe while nobody changes it.
class Properties {
 public:
  static constexpr std::size_t kMaxProperties = 100;
  static constexpr std::size_t kMaxNameBytes = 128;
  static constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 10;

  Properties() = default;

  // From one JSON object. A member that is null is as if it were not there.
  // Errors: invalid_argument, with the place as a JSON pointer ("/shop/lat: ..."), where it is not
  // one JSON object, has a name twice or one that is not of 1 to kMaxNameBytes bytes, a value that
  // is none of those above, a whole number that a double cannot hold, or more than the bounds.
  static Result<Properties> parse(std::string_view json);

  // A copy, changed as RFC 7396 (JSON merge patch) has it: a member that is null takes the property
  // away, any other replaces the whole value, a geographic point included.
  // Errors: those of parse, for the patch as for the result.
  Result<Properties> patched(std::string_view json) const;

  // The canonical text: names in order of their bytes, no blanks, and every number as short as
  // reads back to the same. parse() of it gives an equal object. At most kMaxJsonBytes.
  std::string json() const;

  // By name, in order of bytes, no name twice.
  std::span<const NamedValue> values() const { return values_; }
  bool empty() const { return values_.empty(); }
  // Or nullptr. Valid until this object changes.
  const NamedValue* find(std::string_view name) const;

  bool operator==(const Properties&) const = default;

 private:
  friend class ItemProperties;  // makes them from what it has checked before

  std::vector<NamedValue> values_;
};

}  // namespace coseno
