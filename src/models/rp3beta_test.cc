#include "models/rp3beta.h"

#include <gtest/gtest.h>

#include "models/model_testing.h"

namespace coseno {
namespace {

constexpr Rp3beta::Options kUnweighted = {
    .neighbours = 10, .alpha = 1, .beta = 0, .amplification = 1, .rating_weight = 0};

// Users have 3, 2 and 1 items. From item 0: to item 1 by 1/3 + 1/2 = 5/6, to item 2 by 1/3.
const Ratings kGraph = {{1, 1, 1}, {1, 1, 0}, {0, 1, 0}};

TEST(Rp3betaTest, WalkByHand) {
  const std::vector<float> out = scores_after(*fit<Rp3beta>(dataset_of(kGraph), kUnweighted), 0);
  EXPECT_NEAR(out[0], 0, 1e-5);
  EXPECT_NEAR(out[1], (5.0 / 6) / (5.0 / 6 + 1.0 / 3), 1e-5);
  EXPECT_NEAR(out[2], (1.0 / 3) / (5.0 / 6 + 1.0 / 3), 1e-5);
}

// Both users count alike: 2 and 1 of 3.
TEST(Rp3betaTest, WithoutAlphaAllUsersCountAlike) {
  Rp3beta::Options options = kUnweighted;
  options.alpha = 0;
  EXPECT_NEAR(scores_after(*fit<Rp3beta>(dataset_of(kGraph), options), 0)[1], 2.0 / 3, 1e-5);
}

// Item 1 has three users, item 2 has one: 5/6 / 3 = 5/18 and 1/3 = 6/18.
TEST(Rp3betaTest, BetaHoldsPopularItemsBack) {
  Rp3beta::Options options = kUnweighted;
  options.beta = 1;
  const std::vector<float> out = scores_after(*fit<Rp3beta>(dataset_of(kGraph), options), 0);
  EXPECT_NEAR(out[1], 5.0 / 11, 1e-5);
  EXPECT_NEAR(out[2], 6.0 / 11, 1e-5);
}

// 5/6 and 2/6 become 25 and 4.
TEST(Rp3betaTest, AmplificationLetsTheNearestSayMore) {
  Rp3beta::Options options = kUnweighted;
  options.amplification = 2;
  const std::vector<float> out = scores_after(*fit<Rp3beta>(dataset_of(kGraph), options), 0);
  EXPECT_NEAR(out[1], 25.0 / 29, 1e-5);
  EXPECT_NEAR(out[2], 4.0 / 29, 1e-5);
}

// Each item speaks for one: 0 for 1, 1 for 0, and 2 for 0 (as near as 1, of lower index), each with
// all its weight. For item 0 one may speak: 1, of lower index than 2.
TEST(Rp3betaTest, NeighboursAreCutOnBothSides) {
  Rp3beta::Options options = kUnweighted;
  options.neighbours = 1;
  const auto model = fit<Rp3beta>(dataset_of(kGraph), options);
  EXPECT_NEAR(scores_after(*model, 0)[1], 1, 1e-5);
  EXPECT_NEAR(scores_after(*model, 0)[2], 0, 1e-5);
  EXPECT_NEAR(scores_after(*model, 1)[0], 1, 1e-5);
  EXPECT_NEAR(scores_after(*model, 2)[0], 0, 1e-5);
}

// Items 1 and 2 are had by the same users as item 0, but who likes item 0 likes item 1.
TEST(Rp3betaTest, RatingsMoveTheWeights) {
  const Dataset dataset = dataset_of({{5, 5, 1}, {5, 5, 1}, {1, 1, 5}, {1, 1, 5}}, true);
  const std::vector<float> alike = scores_after(*fit<Rp3beta>(dataset, kUnweighted), 0, 5);
  EXPECT_FLOAT_EQ(alike[1], alike[2]);
  Rp3beta::Options options = kUnweighted;
  options.rating_weight = 0.35;
  const std::vector<float> weighted = scores_after(*fit<Rp3beta>(dataset, options), 0, 5);
  EXPECT_GT(weighted[1], weighted[2]);
}

// Item 2 speaks for items 0 and 1, but nobody would call it the nearest to item 0 for that.
TEST(Rp3betaTest, SimilarItemsAreWhereTheWalkLeads) {
  const Ranking similar =
      fit<Rp3beta>(dataset_of(kGraph), kUnweighted)->similar_items(ItemIndex{0}, 5);
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_EQ(similar[0].item, ItemIndex{1});
  EXPECT_NEAR(similar[0].score, 5.0 / 7, 1e-5);
  EXPECT_NEAR(similar[1].score, 2.0 / 7, 1e-5);
}

// A power of 10 of a small number is nothing in float, but its share is not.
TEST(Rp3betaTest, LargePowersDoNotUnderflow) {
  Rp3beta::Options options = kUnweighted;
  options.beta = 2;
  options.alpha = 2;
  options.amplification = 10;
  const Dataset dataset = dataset_of({std::vector<float>(100, 1)});
  EXPECT_NEAR(scores_after(*fit<Rp3beta>(dataset, options), 0)[1], 1.0 / 10, 1e-5);
}

}  // namespace
}  // namespace coseno
