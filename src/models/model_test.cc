#include "models/model.h"

#include <gtest/gtest.h>

#include <limits>

namespace coseno {
namespace {

constexpr ItemIndex kTea{0};
constexpr ItemIndex kJam{1};
constexpr ItemIndex kRye{2};

TEST(AddSharesTest, AddsSharesOfTheLargestTimesTheWeight) {
  std::vector<float> scores = {1, kNeverScore, kNeverScore};
  add_shares({{kTea, 8}, {kJam, 2}}, 0.5F, scores);
  EXPECT_EQ(scores, (std::vector<float>{1.5F, 0.125F, kNeverScore}));
}

TEST(AddSharesTest, TheLargestMayBeTheOneFurthestBelowZero) {
  std::vector<float> scores(2);
  add_shares({{kTea, std::numeric_limits<float>::denorm_min()}, {kJam, -2}}, 1, scores);
  EXPECT_EQ(scores, (std::vector<float>{0, -1}));
}

TEST(AddSharesTest, ItemsOfNoShareAreListedAllTheSame) {
  std::vector<float> scores(2, kNeverScore);
  add_shares({{kTea, 0}}, 1, scores);
  EXPECT_EQ(scores, (std::vector<float>{0, kNeverScore}));
}

TEST(AddSharesTest, PassesOverOtherItemsAndNoWeight) {
  std::vector<float> scores(2, kNeverScore);
  add_shares({{kRye, 1}}, 1, scores);
  add_shares({{kTea, 1}}, 0, scores);
  EXPECT_EQ(scores, std::vector<float>(2, kNeverScore));
}

}  // namespace
}  // namespace coseno
