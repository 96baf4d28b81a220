#include "models/item_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace coseno {
namespace {

ItemIndex item(std::uint32_t i) { return ItemIndex{i}; }

// Item 0 speaks for items 1 (2) and 2 (-3), item 1 for item 0 (0.5).
ItemWeights three_items() {
  const std::vector<std::vector<Feature>> speakers = {{{1, 0.5F}}, {{0, 2}}, {{0, -3}}};
  return {speakers, {1, 4, 2}, ActWeights()};
}

std::vector<float> scores(const ItemWeights& weights, History history) {
  std::vector<float> out(weights.n_items());
  weights.score({.history = history}, out);
  return out;
}

TEST(ItemWeightsTest, ScoresAreSumsOverTheHistory) {
  const std::vector<Interaction> history = {{item(0), 1, 0}, {item(1), 1, 0}};
  const std::vector<float> out = scores(three_items(), history);
  EXPECT_NEAR(out[0], 0.5, 1e-5);
  EXPECT_NEAR(out[1], 2, 1e-5);
  EXPECT_NEAR(out[2], -3, 1e-5);
}

TEST(ItemWeightsTest, WithoutHistoryAMillionthOfPopularityIsLeft) {
  EXPECT_EQ(scores(three_items(), {}), (std::vector<float>{0.25e-6F, 1e-6F, 0.5e-6F}));
}

// As no model counts, but a file may tell.
TEST(ItemWeightsTest, PopularityTooSmallToDivideByLeavesNothing) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  const std::vector<std::vector<Feature>> speakers(2);
  const ItemWeights weights(speakers, {tiny, 0}, ActWeights());
  EXPECT_EQ(scores(weights, {}), (std::vector<float>{0, 0}));
}

// Ratings 5 and 1 about a mean of 3, with deviation 2: at c = 1/2 they weigh 1 + 1/2 d / 2, where d
// is the distance to the user's mean, 3.
TEST(ItemWeightsTest, RatingsWeighTheItemsOfAHistory) {
  const std::vector<std::vector<Feature>> speakers = {{}, {}, {{0, 1}}, {{1, 1}}};
  const ItemWeights weights(speakers, {1, 1, 1, 1}, ActWeights(3, 0.25F));
  const std::vector<Interaction> history = {{item(0), 5, 0}, {item(1), 1, 0}};
  const std::vector<float> out = scores(weights, history);
  EXPECT_NEAR(out[2], 1.5, 1e-5);
  EXPECT_NEAR(out[3], 0.5, 1e-5);
}

// Both of items 0 and 1 speak for the other: 2 and 0.5. A weight below 0 tells of unlike items.
TEST(ItemWeightsTest, SimilarItemsAreThoseOfTheLargerWeightAboveZero) {
  const ItemWeights weights = three_items();
  EXPECT_EQ(weights.similar(item(0), 9), (Ranking{{item(1), 2}}));
  EXPECT_EQ(weights.similar(item(1), 9), (Ranking{{item(0), 2}}));
  EXPECT_TRUE(weights.similar(item(2), 9).empty());
  EXPECT_TRUE(weights.similar(item(3), 9).empty());
}

TEST(ItemWeightsTest, SimilarityMayBeDerivedFromTheWeight) {
  const Ranking similar =
      three_items().similar(item(0), 9, [](ItemIndex from, ItemIndex to, float weight) {
        EXPECT_NE(from, to);
        return from == ItemIndex{0} ? -weight : 0;
      });
  EXPECT_EQ(similar, (Ranking{{item(2), 3}}));
}

TEST(ItemWeightsTest, TheLargestGoByAbsoluteValueAndTiesByLowerIndex) {
  std::vector<Feature> entries = {{4, 1}, {3, -2}, {2, 0.5F}, {1, -1}, {0, 1}};
  keep_largest(entries, 3);
  EXPECT_EQ(entries.back(), (Feature{1, -1}));
  std::ranges::sort(entries, {}, &Feature::index);
  EXPECT_EQ(entries, (std::vector<Feature>{{0, 1}, {1, -1}, {3, -2}}));
  keep_largest(entries, 9);
  EXPECT_EQ(entries.size(), 3U);
}

}  // namespace
}  // namespace coseno
