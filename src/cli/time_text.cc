#include "cli/time_text.h"

#include <fmt/chrono.h>

#include <ctime>

namespace coseno::cli {

std::string time_text(std::int64_t time_ms) {
  constexpr std::int64_t kMsPerSecond = 1000;
  const std::int64_t seconds = time_ms / kMsPerSecond - (time_ms % kMsPerSecond < 0 ? 1 : 0);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace coseno::cli
