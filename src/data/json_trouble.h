// What the JSON parser complains about, in our words.
#pragma once

#include <boost/json/error.hpp>

#include <string>

namespace coseno {

// `is_at_end`: the text ended where the error is.
std::string json_trouble(const boost::json::error_code& error, bool is_at_end);

}  // namespace coseno
