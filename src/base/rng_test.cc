#include "base/rng.h"

#include <gtest/gtest.h>

namespace coseno {
namespace {

TEST(RngTest, SameKeySameNumbers) {
  Rng a(7, 3, 1);
  Rng b(7, 3, 1);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(a(), b());
}

TEST(RngTest, EveryPartOfTheKeyCounts) {
  const std::uint64_t first = Rng(7, 3, 1)();
  EXPECT_NE(first, Rng(8, 3, 1)());
  EXPECT_NE(first, Rng(7, 4, 1)());
  EXPECT_NE(first, Rng(7, 3, 2)());
  EXPECT_NE(Rng(7, 1, 2)(), Rng(7, 2, 1)());
}

// The mean of n uniforms has standard deviation 1 / sqrt(12 n): 0.0009 here.
TEST(RngTest, UniformsFillTheUnitInterval) {
  Rng rng(1);
  double sum = 0;
  for (int i = 0; i < 100000; ++i) {
    const double x = rng.uniform();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
    sum += x;
  }
  EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

TEST(RngTest, BelowStaysBelow) {
  Rng rng(1);
  bool seen[3] = {};
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t x = rng.below(3);
    ASSERT_LT(x, 3U);
    seen[x] = true;
  }
  EXPECT_TRUE(seen[0] && seen[1] && seen[2]);
}

}  // namespace
}  // namespace coseno
