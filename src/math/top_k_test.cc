#include "math/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace coseno {
namespace {

using List = std::vector<Scored>;

TEST(TopKTest, BestFirstTiesByLowerIndex) {
  const std::vector<float> scores = {1, 3, 2, 3, 0};
  EXPECT_EQ(top_k(scores, 3), (List{{1, 3}, {3, 3}, {2, 2}}));
}

TEST(TopKTest, LeavesOutWhatMustNotBeInAList) {
  const std::vector<float> scores = {kNeverScore, 1, kNeverScore};
  EXPECT_EQ(top_k(scores, 3), (List{{1, 1}}));
}

TEST(TopKTest, EdgesOfK) {
  const std::vector<float> scores = {1, 2};
  EXPECT_TRUE(top_k(scores, 0).empty());
  EXPECT_TRUE(top_k({}, 5).empty());
  EXPECT_EQ(top_k(scores, 9).size(), 2U);
  EXPECT_EQ(top_k(scores, static_cast<std::size_t>(-1)).size(), 2U);
}

// Few distinct values, so that ties cross the cut.
TEST(TopKTest, EqualsASort) {
  Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    List all;
    std::vector<float> scores;
    for (std::uint32_t i = 0; i < rng.below(100); ++i) {
      scores.push_back(static_cast<float>(rng.below(10)));
      all.push_back({i, scores.back()});
    }
    std::ranges::stable_sort(all, std::greater<>(), &Scored::score);
    const std::size_t k = rng.below(30);
    all.resize(std::min(k, all.size()));
    EXPECT_EQ(top_k(scores, k), all);
  }
}

}  // namespace
}  // namespace coseno
