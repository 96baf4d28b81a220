// Which of many numbers are in a range, as a bitmap.
#pragma once

#include <cstdint>
#include <span>

namespace coseno {

// Bit i % 64 of bits[i / 64] stays as it is where from <= values[i] <= to, and is cleared
// elsewhere: where values[i] is NaN, and past the end of `values`. Words that are 0 are not looked
// into. Cost: about the reading of the values. The plain version is in kernels_plain.h.
void keep_in_range(std::span<const double> values, double from, double to,
                   std::span<std::uint64_t> bits);

}  // namespace coseno
