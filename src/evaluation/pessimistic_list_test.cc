#include "evaluation/pessimistic_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "base/rng.h"
#include "math/top_k.h"

namespace coseno {
namespace {

using List = std::vector<ItemIndex>;

// Sorts everything.
List plain_list(const std::vector<float>& scores, const std::vector<char>& is_relevant,
                std::size_t k) {
  List items;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] != kNeverScore) items.push_back(static_cast<ItemIndex>(i));
  }
  std::ranges::sort(items, {}, [&](ItemIndex item) {
    return std::tuple(-scores[offset(item)], is_relevant[offset(item)], offset(item));
  });
  items.resize(std::min(k, items.size()));
  return items;
}

// Items 0 and 3 are relevant and tie with 1; 2 is behind.
TEST(PessimisticListTest, OfEqualScoresTheRelevantComeLast) {
  const std::vector<float> scores = {1, 1, 0, 1};
  const std::vector<char> is_relevant = {1, 0, 0, 1};
  EXPECT_EQ(*pessimistic_list(scores, is_relevant, 2), (List{ItemIndex{1}, ItemIndex{0}}));
}

// Few different scores: nearly every comparison is a tie, also across the threshold.
TEST(PessimisticListTest, IsWhatSortingEverythingGives) {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    const std::size_t n = rng.below(200);
    const std::uint64_t n_scores = 1 + rng.below(6);
    std::vector<float> scores(n);
    std::vector<char> is_relevant(n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t score = rng.below(n_scores);
      scores[i] = rng.below(10) == 0 ? kNeverScore : static_cast<float>(score);
      is_relevant[i] = rng.below(3) == 0 ? '\1' : '\0';
    }
    for (const std::size_t k : {1U, 3U, 10U, 250U}) {
      const auto list = pessimistic_list(scores, is_relevant, k);
      ASSERT_TRUE(list);
      EXPECT_EQ(*list, plain_list(scores, is_relevant, k));
    }
  }
}

TEST(PessimisticListTest, IsEmptyWhereNothingMayBeListed) {
  EXPECT_EQ(*pessimistic_list({}, {}, 3), List{});
  const std::vector<float> scores(40, kNeverScore);
  EXPECT_EQ(*pessimistic_list(scores, std::vector<char>(40), 3), List{});
}

// Also far behind the best, where nothing else would have been looked at closer.
TEST(PessimisticListTest, ANumberThatIsNoneIsFoundWhereverItStands) {
  for (const float broken : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (std::size_t place = 0; place < 100; ++place) {
      std::vector<float> scores(100);
      for (std::size_t i = 0; i < 100; ++i) scores[i] = 100 - static_cast<float>(i);
      scores[place] = broken;
      EXPECT_FALSE(pessimistic_list(scores, std::vector<char>(100), 2));
    }
  }
}

}  // namespace
}  // namespace coseno
