// Moments as the program prints them.
#pragma once

#include <cstdint>
#include <string>

namespace coseno::cli {

// "2026-02-28T23:59:59Z", of Unix milliseconds.
std::string time_text(std::int64_t time_ms);

}  // namespace coseno::cli
