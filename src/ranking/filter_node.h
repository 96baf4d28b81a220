// A parsed filter, as a tree.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "ranking/properties.h"

namespace coseno {

// An end of a range: a number, or Unix seconds.
struct FilterBound {
  double value = 0;
  bool is_relative = false;  // `value` is seconds after now
};

struct FilterNode {
  // In order of cost: the cheap ones of an `all` go first, and leave less to do for the others.
  enum class Kind {
    exists,
    equal,  // to one of `values`, or of `numbers`
    all,
    any,
    negation,  // of the only child
    number_range,
    time_range,
    near,
  };

  Kind kind = Kind::all;
  std::vector<FilterNode> children;  // of all, any and negation

  // Of the others: a property, and where its name stands in the filter, as a JSON pointer.
  std::string name;
  std::string place;
  std::vector<Scalar> values;   // texts and booleans
  std::vector<double> numbers;  // ascending
  FilterBound from = {.value = -std::numeric_limits<double>::infinity()};
  FilterBound to = {.value = std::numeric_limits<double>::infinity()};
  GeoPoint center;
  double radius_km = 0;
};

}  // namespace coseno
