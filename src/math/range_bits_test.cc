// The kernel against its plain version, on every instruction set that this processor has.
#include "math/range_bits.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/rng.h"
#include "math/kernels_plain.h"
#include "math/target_testing.h"

namespace coseno {
namespace {

using Bits = std::vector<std::uint64_t>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_plain_bits() {
  Rng rng(1);
  for (const std::size_t n : {0, 1, 63, 64, 65, 128, 300}) {
    std::vector<double> values(n);
    for (double& value : values) {
      value = rng.below(5) == 0 ? kNaN : static_cast<double>(rng.below(9)) - 4;
    }
    for (const std::size_t n_words : {std::size_t{0}, std::size_t{1}, n / 64 + 2}) {
      for (const auto& [from, to] : std::vector<std::pair<double, double>>{
               {-2, 2}, {1, 1}, {2, 1}, {-kInfinity, kInfinity}, {-kInfinity, 0}}) {
        Bits bits(n_words);
        for (std::uint64_t& word : bits) word = rng.below(3) == 0 ? 0 : rng();
        Bits expected = bits;
        plain::keep_in_range(values, from, to, expected);
        keep_in_range(values, from, to, bits);
        ASSERT_EQ(bits, expected) << n << " values, " << n_words << " words, " << from;
      }
    }
  }
}

TEST(KeepInRangeTest, EqualsPlainForEverySize) { on_every_target(expect_plain_bits); }

TEST(KeepInRangeTest, BothEndsAreInAndNotANumberIsOut) {
  const std::vector<double> values = {0, 1, 2, 3, kNaN, 2};
  Bits bits = {0b11111111, 1};
  keep_in_range(values, 1, 2, bits);
  EXPECT_EQ(bits, (Bits{0b100110, 0}));
}

}  // namespace
}  // namespace coseno
