#include "evaluation/breakdown.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace coseno {
namespace {

// tea has two users, jam and ham one each; ann is judged by ham and by fig, which training does not
// know, zoe, who has no history, by tea.
Split split_of_three() {
  Interactions train;
  for (const auto& [user, items] : {std::pair("ann", "tj"), std::pair("bob", "th")}) {
    for (const char* item = items; *item != 0; ++item) {
      train.add(train.users.add(user), {train.items.add(std::string(1, *item)), 1, 0});
    }
  }
  Interactions test;
  test.users = train.users;
  test.items = train.items;
  test.add(UserIndex{0}, {ItemIndex{2}, 1, 0});
  test.add(UserIndex{0}, {test.items.add("f"), 1, 0});
  test.add(test.users.add("zoe"), {ItemIndex{0}, 1, 0});
  return *given_split(std::move(train), test, RepeatRule::last, {}, {});
}

TEST(BreakdownTest, CountsUsersByHistoryAndItemsByPopularity) {
  const Breakdown breakdown =
      break_down(split_of_three(), {{ItemIndex{2}}, {}, {ItemIndex{1}}}, {.k = 1});
  const std::vector<Group>& history = breakdown.by_history;
  EXPECT_EQ(history[0].name, "0");  // zoe, without a hit
  EXPECT_EQ(history[0].n, 1U);
  EXPECT_EQ(history[0].sum, 0);
  EXPECT_EQ(history[1].name, "1-4");  // ann, with a hit at rank 1
  EXPECT_EQ(history[1].n, 1U);
  EXPECT_EQ(history[1].mean(), 1);
  EXPECT_EQ(history.back().name, "200+");
  EXPECT_EQ(history.back().mean(), 0);
  // Of three items the first is tea's, from 0%, the third ham's, from 66%.
  const std::vector<Group>& items = breakdown.by_popularity;
  EXPECT_EQ(items[0].n, 1U);
  EXPECT_EQ(items[0].sum, 0);
  EXPECT_EQ(items[6].name, "7");
  EXPECT_EQ(items[6].n, 1U);
  EXPECT_EQ(items[6].sum, 1);
  EXPECT_EQ(items.back().name, "new");
  EXPECT_EQ(items.back().n, 1U);
}

TEST(BreakdownTest, GroupsOfSplitsAreJoined) {
  const Breakdown one =
      break_down(split_of_three(), {{ItemIndex{2}}, {}, {ItemIndex{1}}}, {.k = 1});
  Breakdown sum;
  add(sum, one);
  add(sum, one);
  EXPECT_EQ(sum.by_history[1].n, 2U);
  EXPECT_EQ(sum.by_popularity[6].sum, 2);
}

}  // namespace
}  // namespace coseno
