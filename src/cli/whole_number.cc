#include "cli/whole_number.h"

#include <fmt/format.h>

#include <charconv>
#include <string>

namespace coseno::cli {

Check whole_number(std::uint64_t min, std::uint64_t max) {
  return [min, max](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, trouble] = std::from_chars(text.data(), end, number);
    const bool is_octal = text.starts_with('0') && text.size() > 1;
    if (trouble == std::errc() && rest == end && !is_octal && number >= min && number <= max) {
      return "";
    }
    return fmt::format("must be a whole number in [{}, {}], not {}", min, max, text);
  };
}

}  // namespace coseno::cli
