#include "cli/json_text.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace coseno::cli {
namespace {

namespace json = boost::json;

void append(const json::value& value, std::string& text);

void append(const json::object& object, std::string& text) {
  text += '{';
  for (std::string_view comma; const auto& [key, value] : object) {
    text += comma;
    text += json::serialize(key);
    text += ": ";
    append(value, text);
    comma = ", ";
  }
  text += '}';
}

void append(const json::array& array, std::string& text) {
  text += '[';
  for (std::string_view comma; const json::value& value : array) {
    text += comma;
    append(value, text);
    comma = ", ";
  }
  text += ']';
}

void append(const json::value& value, std::string& text) {
  if (value.is_object()) return append(value.get_object(), text);
  if (value.is_array()) return append(value.get_array(), text);
  if (!value.is_double()) {
    text += json::serialize(value);
    return;
  }
  COSENO_CHECK(std::isfinite(value.get_double()));
  text += fmt::format("{}", value.get_double());
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string text;
  append(value, text);
  return text;
}

double shortest(float number) {
  const std::string text = fmt::format("{}", number);
  double same = 0;
  std::from_chars(text.data(), text.data() + text.size(), same);
  return same;
}

}  // namespace coseno::cli
