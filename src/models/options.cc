#include "models/options.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace coseno::options_internal {
namespace {

// The whole of `text` as a number, or false.
template <class Number>
bool parse_whole(std::string_view text, Number& out) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && rest == end;
}

// A number is bounded in every option, so `nan` and `inf` are refused here too.
template <class Number>
Result<void> parse_number(std::string_view what, std::string_view text, std::string_view kind,
                          double min, double max, Number& out) {
  Number value = 0;
  if (parse_whole(text, value) && value >= min && value <= max) {
    out = value;
    return {};
  }
  return invalid_argument("{} must be {}in [{}, {}], not {}", what, kind, min, max,
                          text.empty() ? "empty" : text);
}

}  // namespace

Result<void> parse(std::string_view what, std::string_view text, double min, double max, int& out) {
  int ignored = 0;
  const std::string_view kind = parse_whole(text, ignored) ? "" : "a whole number ";
  return parse_number(what, text, kind, min, max, out);
}

Result<void> parse(std::string_view what, std::string_view text, double min, double max,
                   double& out) {
  double ignored = 0;
  const std::string_view kind = parse_whole(text, ignored) ? "" : "a number ";
  return parse_number(what, text, kind, min, max, out);
}

Result<void> parse(std::string_view what, std::string_view text, bool& out) {
  if (text != "true" && text != "false") {
    return invalid_argument("{} must be true or false, not {}", what,
                            text.empty() ? "empty" : text);
  }
  out = text == "true";
  return {};
}

Result<void> parse(std::string_view what, std::string_view text,
                   std::span<const std::string_view> choices, std::string& out) {
  if (choices.empty() && text.empty()) return invalid_argument("{} must not be empty", what);
  if (!choices.empty() && std::ranges::find(choices, text) == choices.end()) {
    return invalid_argument("{} must be {}, not {}", what, join_choices(choices),
                            text.empty() ? "empty" : text);
  }
  out = text;
  return {};
}

std::string join_choices(std::span<const std::string_view> choices) {
  if (choices.empty()) return "text";
  const auto last = choices.last(1);
  if (choices.size() == 1) return std::string(last[0]);
  return fmt::format("{} or {}", fmt::join(choices.first(choices.size() - 1), ", "), last[0]);
}

}  // namespace coseno::options_internal
