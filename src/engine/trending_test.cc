#include "engine/trending.h"

#include <gtest/gtest.h>

#include <vector>

namespace coseno {
namespace {

constexpr ItemIndex kTea{0};
constexpr ItemIndex kJam{1};
constexpr std::int64_t kDay = 24LL * 3600 * 1000;

std::vector<float> scores(const Trending& trending) {
  std::vector<float> out(trending.n_items());
  trending.scores(out);
  return out;
}

// After a half-life two acts weigh as one of now.
TEST(TrendingTest, AnActWeighsHalfAfterAHalfLife) {
  Trending trending(7);
  trending.grow(2);
  trending.add(kTea, 2, 0);
  trending.add(kJam, 1, 7 * kDay);
  EXPECT_EQ(scores(trending), (std::vector<float>{1, 1}));
  trending.add(kJam, 1, 7 * kDay);
  EXPECT_EQ(scores(trending), (std::vector<float>{0.5, 1}));
}

TEST(TrendingTest, ItDoesNotMatterWhichOfTwoActsIsToldFirst) {
  Trending early_first(7);
  Trending late_first(7);
  early_first.grow(2);
  late_first.grow(2);
  early_first.add(kTea, 1, 0);
  early_first.add(kJam, 1, 14 * kDay);
  late_first.add(kJam, 1, 14 * kDay);
  late_first.add(kTea, 1, 0);
  EXPECT_EQ(scores(early_first), scores(late_first));
}

TEST(TrendingTest, ThousandsOfHalfLivesLeaveTheNewestOnTop) {
  Trending trending(0.01);
  trending.grow(2);
  for (int day = 0; day < 100; ++day) trending.add(kTea, 1, day * kDay);
  trending.add(kJam, 1, 100 * kDay);
  EXPECT_LT(scores(trending)[0], 1e-20);
  EXPECT_EQ(scores(trending)[1], 1);
}

TEST(TrendingTest, WhatIsTakenBackIsGone) {
  Trending trending(7);
  trending.grow(2);
  trending.add(kTea, 3, 0);
  trending.add(kTea, -3, 0);
  EXPECT_EQ(scores(trending), (std::vector<float>{0, 0}));
}

}  // namespace
}  // namespace coseno
