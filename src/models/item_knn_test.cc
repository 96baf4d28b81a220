#include "models/item_knn.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/model_testing.h"

namespace coseno {
namespace {

// Without anything that bends it.
ItemKnn::Options plain(const char* similarity) {
  return {.neighbours = 10,
          .shrink = 0,
          .popularity = 0.5,
          .user_length = 0,
          .rating_weight = 0,
          .similarity = similarity};
}

// Item 0 has two users, item 1 has three, two in common: 2 / sqrt(2 * 3). Item 2 has one of item
// 0's: 1 / sqrt(2 * 1).
const Ratings kActs = {{1, 1, 1}, {1, 1, 0}, {0, 1, 0}};

TEST(ItemKnnTest, PlainCosineByHand) {
  const Dataset dataset = dataset_of(kActs);
  const auto model = fit<ItemKnn>(dataset, plain("cosine"));
  const std::vector<float> out = scores_after(*model, 0);
  EXPECT_NEAR(out[0], 0, 1e-5);
  EXPECT_NEAR(out[1], 2 / std::sqrt(6.0), 1e-5);
  EXPECT_NEAR(out[2], 1 / std::sqrt(2.0), 1e-5);
}

// The cosine's denominator sqrt(6) gets 1 more.
TEST(ItemKnnTest, ShrinkageDrawsToZero) {
  const Dataset dataset = dataset_of(kActs);
  ItemKnn::Options options = plain("cosine");
  options.shrink = 1;
  EXPECT_NEAR(scores_after(*fit<ItemKnn>(dataset, options), 0)[1], 2 / (std::sqrt(6.0) + 1), 1e-5);
}

// From item 0 (norm 2) to item 1 (norm 3): 2 / (2^0.8 3^0.2).
TEST(ItemKnnTest, PopularityIsAnExponent) {
  const Dataset dataset = dataset_of(kActs);
  ItemKnn::Options options = plain("cosine");
  options.popularity = 0.8;
  EXPECT_NEAR(scores_after(*fit<ItemKnn>(dataset, options), 0)[1],
              2 / (std::pow(2.0, 0.8) * std::pow(3.0, 0.2)), 1e-5);
}

// With exponent 1 the users count 1/3, 1/2 and 1: common 5/6, norms 5/6 and 11/6.
TEST(ItemKnnTest, UsersWithManyItemsCountLess) {
  const Dataset dataset = dataset_of(kActs);
  ItemKnn::Options options = plain("cosine");
  options.user_length = 1;
  EXPECT_NEAR(scores_after(*fit<ItemKnn>(dataset, options), 0)[1],
              (5.0 / 6) / std::sqrt(5.0 / 6 * 11.0 / 6), 1e-5);
}

// Items 0 and 1: two users of three in common; items 0 and 2: one of two.
TEST(ItemKnnTest, JaccardAndDiceByHand) {
  const Dataset dataset = dataset_of(kActs);
  const std::vector<float> jaccard = scores_after(*fit<ItemKnn>(dataset, plain("jaccard")), 0);
  EXPECT_NEAR(jaccard[1], 2.0 / 3, 1e-5);
  EXPECT_NEAR(jaccard[2], 1.0 / 2, 1e-5);
  const std::vector<float> dice = scores_after(*fit<ItemKnn>(dataset, plain("dice")), 0);
  EXPECT_NEAR(dice[1], 2 * 2.0 / (2 + 3), 1e-5);
  EXPECT_NEAR(dice[2], 2 * 1.0 / (2 + 1), 1e-5);
}

// Of three items the users have 3, 2 and 1: they count 0, (1 - ln 3 / ln 4)^2 and 1/4. The first
// has everything, and tells nothing.
TEST(ItemKnnTest, TfidfByHand) {
  const Dataset dataset = dataset_of(kActs);
  const double second = std::pow(1 - std::log(3) / std::log(4), 2);
  const auto model = fit<ItemKnn>(dataset, plain("tfidf"));
  const std::vector<float> out = scores_after(*model, 0);
  EXPECT_NEAR(out[1], second / std::sqrt(second * (second + 0.25)), 1e-5);
  EXPECT_NEAR(out[2], 0, 1e-5);
  EXPECT_EQ(model->similar_items(ItemIndex{0}, 5).size(), 1U);
}

// Two users in the mean: items of length 1 and 1.4 (the second has three), so the denominator is
// 1 times (1 + 100 * 1.4) / 101. d_u as above.
TEST(ItemKnnTest, Bm25ByHand) {
  const Dataset dataset = dataset_of(kActs);
  const double second = std::pow(1 - std::log(3) / std::log(4), 2);
  const std::vector<float> out = scores_after(*fit<ItemKnn>(dataset, plain("bm25")), 0);
  EXPECT_NEAR(out[1], second / (1 * 141.0 / 101), 1e-5);
}

TEST(ItemKnnTest, SimilarItemsGoByTheSimilarityThatWasChosen) {
  const Dataset dataset = dataset_of(kActs);
  const Ranking similar = fit<ItemKnn>(dataset, plain("jaccard"))->similar_items(ItemIndex{0}, 5);
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_NEAR(similar[0].score, 2.0 / 3, 1e-5);
  EXPECT_NEAR(similar[1].score, 1.0 / 2, 1e-5);
}

// Item 1 may hear one item only: of item 0 (0.82) and item 2 (0.58), item 0.
TEST(ItemKnnTest, OnlyTheNearestSpeakForAnItem) {
  const Dataset dataset = dataset_of(kActs);
  ItemKnn::Options options = plain("cosine");
  options.neighbours = 1;
  const auto model = fit<ItemKnn>(dataset, options);
  EXPECT_NEAR(scores_after(*model, 0)[1], 2 / std::sqrt(6.0), 1e-5);
  EXPECT_NEAR(scores_after(*model, 2)[1], 0, 1e-5);
}

// Items 1 and 2 are had by the same users as item 0, but who likes item 0 likes item 1.
TEST(ItemKnnTest, RatingsMoveTheWeights) {
  const Dataset dataset = dataset_of({{5, 5, 1}, {5, 5, 1}, {1, 1, 5}, {1, 1, 5}}, true);
  ItemKnn::Options options = plain("cosine");
  const std::vector<float> alike = scores_after(*fit<ItemKnn>(dataset, options), 0, 5);
  EXPECT_FLOAT_EQ(alike[1], alike[2]);
  options.rating_weight = 0.35;
  const std::vector<float> weighted = scores_after(*fit<ItemKnn>(dataset, options), 0, 5);
  EXPECT_GT(weighted[1], weighted[2]);
}

// Plain acts have no opinion, whatever their value (counts, when repeats were summed).
TEST(ItemKnnTest, ValuesOfPlainActsAreNotRatings) {
  const Dataset ones = dataset_of({{1, 1, 0}, {1, 0, 1}});
  const Dataset counts = dataset_of({{9, 1, 0}, {2, 0, 5}});
  EXPECT_EQ(scores(*fit<ItemKnn>(ones, {}), profile_of(ones, UserIndex{0})),
            scores(*fit<ItemKnn>(counts, {}), profile_of(counts, UserIndex{0})));
}

// Nobody speaks for items to a user without history: the popular come first.
TEST(ItemKnnTest, NewcomersGetThePopularItems) {
  const Dataset dataset = dataset_of(kActs);
  const std::vector<float> out = scores(*fit<ItemKnn>(dataset, {}), {});
  EXPECT_GT(out[1], out[0]);
  EXPECT_GT(out[0], out[2]);
  EXPECT_GT(out[2], 0);
}

TEST(ItemKnnTest, SimilarItemsGoByThePlainCosine) {
  const Dataset dataset = dataset_of(kActs);
  ItemKnn::Options options = plain("cosine");
  options.popularity = 0.9;
  const Ranking similar = fit<ItemKnn>(dataset, options)->similar_items(ItemIndex{0}, 5);
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_EQ(similar[0].item, ItemIndex{1});
  EXPECT_NEAR(similar[0].score, 2 / std::sqrt(6.0), 1e-5);
  EXPECT_NEAR(similar[1].score, 1 / std::sqrt(2.0), 1e-5);
}

// Item 3 has nobody.
TEST(ItemKnnTest, ItemsWithoutUsersAreLikeNothing) {
  const Dataset dataset = dataset_of({{1, 1, 1, 0}, {1, 1, 0, 0}});
  const auto model = fit<ItemKnn>(dataset, {});
  EXPECT_TRUE(model->similar_items(ItemIndex{3}, 5).empty());
  EXPECT_TRUE(model->similar_items(ItemIndex{99}, 5).empty());
  EXPECT_EQ(scores_after(*model, 0)[3], 0);
}

}  // namespace
}  // namespace coseno
