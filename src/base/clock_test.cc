#include "base/clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <ctime>

namespace coseno {
namespace {

TEST(ClockTest, SystemClockCountsMillisecondsSince1970) {
  const std::int64_t before_s = std::time(nullptr);
  const std::int64_t now_ms = Clock().now_ms();
  const std::int64_t after_s = std::time(nullptr);
  // time() may lag the precise clock by one of its ticks.
  EXPECT_GE(now_ms, before_s * 1000);
  EXPECT_LT(now_ms, (after_s + 2) * 1000);
}

TEST(ClockTest, ManualClockShowsWhatItIsTold) {
  ManualClock clock(1000);
  const Clock& seen = clock;
  EXPECT_EQ(seen.now_ms(), 1000);
  clock.advance_ms(500);
  EXPECT_EQ(seen.now_ms(), 1500);
  clock.advance_ms(-700);
  EXPECT_EQ(seen.now_ms(), 800);
  clock.set_ms(5);
  EXPECT_EQ(seen.now_ms(), 5);
}

}  // namespace
}  // namespace coseno
