#include "data/json_trouble.h"

#include <fmt/format.h>

namespace coseno {

std::string json_trouble(const boost::json::error_code& error, bool is_at_end) {
  if (is_at_end) {
    return "the JSON ends too early: the file may be cut short";
  }
  return fmt::format("not valid JSON ({})", error.message());
}

}  // namespace coseno
