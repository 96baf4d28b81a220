#include "engine/trending.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"
#include "engine/engine_fixture.h"

namespace coseno {
namespace {

constexpr ItemIndex kTea{0};
constexpr ItemIndex kJam{1};

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

// What a plain look at all counts gives.
void expect_sums_of_counts(const Trending& trending) {
  double largest = 0;
  double sum = 0;
  for (std::uint32_t i = 0; i < trending.n_items(); ++i) {
    const double count = trending.count(ItemIndex{i});
    largest = std::max(largest, count);
    sum += count;
  }
  const double mean = sum / static_cast<double>(trending.n_items());
  double squares = 0;
  for (std::uint32_t i = 0; i < trending.n_items(); ++i) {
    const double distance = trending.count(ItemIndex{i}) / largest - mean / largest;
    squares += distance * distance;
  }
  const double deviation = largest * std::sqrt(squares / static_cast<double>(trending.n_items()));
  const Trending::Reading reading(trending);
  EXPECT_EQ(reading.largest(), largest);
  EXPECT_NEAR(reading.mean() / mean, 1, 1e-9);
  EXPECT_NEAR(reading.deviation() / deviation, 1, 1e-6);
  std::size_t n_above = 0;
  reading.for_each_above(
      [&] { return largest / 2; },
      [&](std::size_t item) { n_above += reading[item] >= largest / 2 ? 1 : 0; });
  std::size_t expected = 0;
  for (std::uint32_t i = 0; i < trending.n_items(); ++i) {
    expected += trending.count(ItemIndex{i}) >= largest / 2 ? 1 : 0;
  }
  EXPECT_EQ(n_above, expected);
}

// Acts that come and are taken back, a landmark that moves on, and a restored state.
TEST(TrendingTest, BlocksKeepTheSumsOfTheirItems) {
  Trending trending(7);
  trending.grow(1500);
  Rng rng(1);
  for (std::int64_t n = 0; n < 5000; ++n) {
    const auto item = static_cast<ItemIndex>(rng.below(1500));
    trending.add(item, rng.uniform() < 0.2 ? -1 : 3, n * kDay);
    if (n % 500 == 0) expect_sums_of_counts(trending);
  }
  expect_sums_of_counts(trending);
  std::vector<double> counts;
  for (std::uint32_t i = 0; i < 1500; ++i) counts.push_back(trending.count(ItemIndex{i}));
  Trending restored(7);
  restored.grow(1500);
  restored.restore(trending.landmark_ms(), counts);
  const Trending::Reading before(trending);
  const Trending::Reading after(restored);
  EXPECT_EQ(after.mean(), before.mean());
  EXPECT_EQ(after.deviation(), before.deviation());
}

}  // namespace
}  // namespace coseno
