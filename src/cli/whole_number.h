// Numbers on the command line.
#pragma once

#include <cstdint>
#include <limits>

#include "cli/command_line.h"

namespace coseno::cli {

// Takes whole numbers in [min, max] in plain digits. CLI11's own reading takes -1 for 2^64 - 1, 010
// for 8, and any larger number for 2^64 - 1.
Check whole_number(std::uint64_t min,
                   std::uint64_t max = std::numeric_limits<std::uint64_t>::max());

}  // namespace coseno::cli
