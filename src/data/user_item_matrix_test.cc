#include "data/user_item_matrix.h"

#include <gtest/gtest.h>

#include <limits>

namespace coseno {
namespace {

constexpr UserIndex kAnn{0};
constexpr UserIndex kBob{1};
constexpr ItemIndex kTea{0};
constexpr ItemIndex kJam{1};

// ann: tea 1 at 10, jam 5 at 20, tea 4 at 30, tea 2 at 5 (arrives last, is oldest). bob: jam 3
// at 1.
Interactions repeated() {
  Interactions interactions;
  interactions.has_values = true;
  interactions.has_times = true;
  const auto add = [&](const char* user, const char* item, float value, std::int64_t time) {
    interactions.add(interactions.users.add(user), {interactions.items.add(item), value, time});
  };
  add("ann", "tea", 1, 10);
  add("ann", "jam", 5, 20);
  add("bob", "jam", 3, 1);
  add("ann", "tea", 4, 30);
  add("ann", "tea", 2, 5);
  return interactions;
}

std::vector<Interaction> row(const UserItemMatrix& matrix, UserIndex user) {
  return {matrix.user(user).begin(), matrix.user(user).end()};
}

using UserRow = std::vector<Interaction>;

TEST(UserItemMatrixTest, LastByTimeIsKeptAndRowsAreOldestFirst) {
  const UserItemMatrix matrix = UserItemMatrix::build(repeated(), RepeatRule::last);
  EXPECT_EQ(row(matrix, kAnn), (UserRow{{kJam, 5, 20}, {kTea, 4, 30}}));
  EXPECT_EQ(row(matrix, kBob), (UserRow{{kJam, 3, 1}}));
  EXPECT_EQ(matrix.n_entries(), 3U);
}

TEST(UserItemMatrixTest, FirstSumAndMax) {
  EXPECT_EQ(row(UserItemMatrix::build(repeated(), RepeatRule::first), kAnn),
            (UserRow{{kTea, 2, 5}, {kJam, 5, 20}}));
  EXPECT_EQ(row(UserItemMatrix::build(repeated(), RepeatRule::sum), kAnn),
            (UserRow{{kJam, 5, 20}, {kTea, 7, 30}}));
  EXPECT_EQ(row(UserItemMatrix::build(repeated(), RepeatRule::max), kAnn),
            (UserRow{{kJam, 5, 20}, {kTea, 4, 30}}));
}

TEST(UserItemMatrixTest, ItemRowsHoldTheSameEntries) {
  const UserItemMatrix matrix = UserItemMatrix::build(repeated(), RepeatRule::last);
  const auto jam = matrix.item(kJam);
  ASSERT_EQ(jam.size(), 2U);
  EXPECT_EQ(jam[0], (UserItemMatrix::UserValue{kAnn, 5}));
  EXPECT_EQ(jam[1], (UserItemMatrix::UserValue{kBob, 3}));
  EXPECT_EQ(matrix.item_size(kTea), 1U);
}

TEST(UserItemMatrixTest, EqualTimesKeepTheOrderOfArrival) {
  Interactions interactions;
  const UserIndex ann = interactions.users.add("ann");
  for (const char* item : {"c", "a", "b", "a"}) {
    interactions.add(ann, {interactions.items.add(item), 1, 0});
  }
  const UserItemMatrix matrix = UserItemMatrix::build(interactions);
  const UserRow expected = {{ItemIndex{0}, 1, 0}, {ItemIndex{2}, 1, 0}, {ItemIndex{1}, 1, 0}};
  EXPECT_EQ(row(matrix, ann), expected);
}

// Item numbers are given by ann, in another order: bob's row must not be sorted by them. Lines
// without times ("user item item ...") would lose the order in which things happened.
TEST(UserItemMatrixTest, EqualTimesKeepTheOrderOfArrivalOfEveryUser) {
  Interactions interactions;
  for (const char* item : {"a", "b", "c"}) {
    interactions.add(interactions.users.add("ann"), {interactions.items.add(item), 1, 0});
  }
  for (const char* item : {"c", "a", "b", "a"}) {
    interactions.add(interactions.users.add("bob"), {interactions.items.add(item), 1, 0});
  }
  const auto bob = [&](RepeatRule rule) {
    return row(UserItemMatrix::build(interactions, rule), kBob);
  };
  const Interaction a = {ItemIndex{0}, 1, 0};
  const Interaction b = {ItemIndex{1}, 1, 0};
  const Interaction c = {ItemIndex{2}, 1, 0};
  EXPECT_EQ(bob(RepeatRule::last), (UserRow{c, b, a}));
  EXPECT_EQ(bob(RepeatRule::first), (UserRow{c, a, b}));
  EXPECT_EQ(bob(RepeatRule::max), (UserRow{c, b, a}));
}

TEST(UserItemMatrixTest, ASumStaysFinite) {
  Interactions interactions;
  for (int i = 0; i < 2; ++i) {
    interactions.add(interactions.users.add("ann"), {interactions.items.add("tea"), 3e38F, 0});
  }
  const UserItemMatrix matrix = UserItemMatrix::build(interactions, RepeatRule::sum);
  EXPECT_EQ(row(matrix, kAnn)[0].value, std::numeric_limits<float>::max());
}

TEST(UserItemMatrixTest, EmptyHasNobody) {
  const UserItemMatrix matrix = UserItemMatrix::build(Interactions());
  EXPECT_EQ(matrix.n_users(), 0U);
  EXPECT_EQ(matrix.n_items(), 0U);
  EXPECT_EQ(UserItemMatrix().n_users(), 0U);
}

TEST(RepeatRuleTest, ByName) {
  EXPECT_EQ(repeat_rule("sum"), RepeatRule::sum);
  EXPECT_EQ(repeat_rule("mean"), std::nullopt);
}

}  // namespace
}  // namespace coseno
