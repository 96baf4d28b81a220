// One JSON text as a value, with what Boost.JSON lets pass refused.
#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace coseno {

// `text` as RFC 8259 has it, every number a double: the nearest to what is written, 0 for -0.
// Errors: invalid_argument, with the place as a JSON pointer where there is one, where it is not
// valid JSON, not valid UTF-8, longer than `max_bytes` or nested deeper than `max_depth`, has a
// name twice in an object, a number out of a double's range, or a whole number that no double
// equals. Never throws. The value lives in `storage`.
Result<boost::json::value> parse_json_document(std::string_view text, std::size_t max_bytes,
                                               std::size_t max_depth,
                                               boost::json::storage_ptr storage = {});

// `parent` with one step more, as RFC 6901 has it: "/range" and "year" are "/range/year". A long
// name is cut, and control characters are shown as '?': it is for messages.
std::string json_pointer(std::string_view parent, std::string_view name);
std::string json_pointer(std::string_view parent, std::size_t place);

// "a number", "an object" and so on.
std::string_view json_kind(const boost::json::value& value);

}  // namespace coseno
