// Compiled once for each instruction set, as kernels.cc is.
#include "math/range_bits.h"

#include <algorithm>
#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/range_bits.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway demands.
#include <hwy/highway.h>

#include "math/kernels_plain.h"

HWY_BEFORE_NAMESPACE();
namespace coseno::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The bits of 64 values.
template <class Tag>
std::uint64_t bits_in_range(Tag tag, const double* values, hn::Vec<Tag> from, hn::Vec<Tag> to) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 64; i += hn::Lanes(tag)) {
    const auto value = hn::LoadU(tag, values + i);
    // NaN fails both comparisons.
    const auto is_in_range = hn::And(hn::Ge(value, from), hn::Le(value, to));
    std::uint8_t lanes[8];
    hn::StoreMaskBits(tag, is_in_range, lanes);
    bits |= std::uint64_t{lanes[0]} << i;
  }
  return bits;
}

void keep_in_range(std::span<const double> values, double from, double to,
                   std::span<std::uint64_t> bits) {
  const hn::CappedTag<double, 8> tag;
  const auto from_lanes = hn::Set(tag, from);
  const auto to_lanes = hn::Set(tag, to);
  const std::size_t n_whole = std::min(bits.size(), values.size() / 64);
  for (std::size_t word = 0; word < n_whole; ++word) {
    if (bits[word] == 0) continue;
    bits[word] &= bits_in_range(tag, values.data() + 64 * word, from_lanes, to_lanes);
  }
  plain::keep_in_range(values.subspan(64 * n_whole), from, to, bits.subspan(n_whole));
}

}  // namespace coseno::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coseno {
namespace {

HWY_EXPORT(keep_in_range);

}  // namespace

void keep_in_range(std::span<const double> values, double from, double to,
                   std::span<std::uint64_t> bits) {
  HWY_DYNAMIC_DISPATCH(keep_in_range)(values, from, to, bits);
}

}  // namespace coseno
#endif  // HWY_ONCE
