// JSON as the program prints it.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace coseno::cli {

// `value` on one line, members in their order, and every number as short as reads back to the same
// double. Ours, because Boost prints 4.5 as 4.5E0. All doubles are finite.
std::string json_text(const boost::json::value& value);

// The double with the same shortest text as `number`: 4.1f is printed as 4.1, not 4.0999999.
double shortest(float number);

}  // namespace coseno::cli
