#include "cli/progress_bar.h"

#include <gtest/gtest.h>

namespace coseno::cli {
namespace {

constexpr std::size_t kWide = 200;

TEST(ProgressMeterTest, QuickWorkShowsNothing) {
  ProgressMeter meter;
  EXPECT_EQ(meter.update("reading", 0, 10, "", 0.0, kWide), std::nullopt);
  EXPECT_EQ(meter.update("reading", 9, 10, "", 0.49, kWide), std::nullopt);
}

// A quarter took one second, so the rest takes three.
TEST(ProgressMeterTest, LineHasStageShareNoteAndTimeLeft) {
  ProgressMeter meter;
  meter.update("fitting", 0, 40, "", 0.0, kWide);
  EXPECT_EQ(meter.update("fitting", 10, 40, "rmse 0.91", 1.0, kWide),
            "fitting [#####               ]  25%  3 s left  rmse 0.91");
}

TEST(ProgressMeterTest, TenLinesASecondAtMost) {
  ProgressMeter meter;
  EXPECT_NE(meter.update("fitting", 1, 9, "", 1.00, kWide), std::nullopt);
  EXPECT_EQ(meter.update("fitting", 2, 9, "", 1.05, kWide), std::nullopt);
  EXPECT_NE(meter.update("fitting", 3, 9, "", 1.11, kWide), std::nullopt);
}

// The second stage has run for two seconds of ten, whatever the first took.
TEST(ProgressMeterTest, EachStageHasItsOwnTimeLeft) {
  ProgressMeter meter;
  meter.update("reading", 1, 1, "", 100.0, kWide);
  meter.update("fitting", 0, 10, "", 100.0, kWide);
  EXPECT_EQ(meter.update("fitting", 2, 10, "", 102.0, kWide),
            "fitting [####                ]  20%  8 s left");
}

TEST(ProgressMeterTest, UnknownEndShowsOnlyWhatIsDone) {
  ProgressMeter meter;
  EXPECT_EQ(meter.update("reading", 7000, 0, "", 1.0, kWide), "reading 7000");
}

TEST(ProgressMeterTest, MoreThanAllIsAll) {
  ProgressMeter meter;
  EXPECT_EQ(meter.update("reading", 12, 10, "", 1.0, kWide), "reading [####################] 100%");
}

TEST(ProgressMeterTest, LineFitsTheTerminal) {
  ProgressMeter meter;
  EXPECT_EQ(meter.update("reading", 5, 10, "", 1.0, 12), "reading [###");
}

TEST(ProgressMeterTest, LongWaitsAreInMinutesAndHours) {
  ProgressMeter meter;
  meter.update("fitting", 0, 1000, "", 0.0, kWide);
  EXPECT_TRUE(meter.update("fitting", 1, 1000, "", 1.0, kWide)->ends_with("17 min left"));
  EXPECT_TRUE(meter.update("fitting", 2, 1000, "", 100.0, kWide)->ends_with("14 h left"));
}

}  // namespace
}  // namespace coseno::cli
