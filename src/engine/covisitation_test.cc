#include "engine/covisitation.h"

#include <gtest/gtest.h>

namespace coseno {
namespace {

constexpr ItemIndex kFirstItem{0};
constexpr ItemIndex kSecondItem{1};
constexpr ItemIndex kRye{2};

TEST(CovisitationTest, BothItemsOfAPairKnowEachOther) {
  Covisitation table(4);
  table.grow(3);
  table.add_pair(kFirstItem, kSecondItem, 2);
  EXPECT_EQ(table.row(kFirstItem), (std::vector<Covisitation::Neighbour>{{1, 2}}));
  EXPECT_EQ(table.row(kSecondItem), (std::vector<Covisitation::Neighbour>{{0, 2}}));
  EXPECT_TRUE(table.row(kRye).empty());
}

TEST(CovisitationTest, WhatIsTakenBackIsGone) {
  Covisitation table(4);
  table.grow(3);
  table.add_pair(kFirstItem, kSecondItem, 2);
  table.add_pair(kFirstItem, kSecondItem, -2);
  EXPECT_TRUE(table.row(kFirstItem).empty());
  table.add_pair(kFirstItem, kRye, -1);
  EXPECT_TRUE(table.row(kFirstItem).empty());
}

// The row of tea has one place. Rye takes that of jam, with its count.
TEST(CovisitationTest, AFullRowGivesThePlaceOfTheLeast) {
  Covisitation table(1);
  table.grow(3);
  table.add_pair(kFirstItem, kSecondItem, 2);
  table.add_pair(kFirstItem, kRye, 1);
  EXPECT_EQ(table.row(kFirstItem), (std::vector<Covisitation::Neighbour>{{2, 3}}));
}

// Space-Saving's promise: an item with more than 1 / width of all counts of a row is in it, and no
// count is too small.
TEST(CovisitationTest, WhatComesOftenIsKeptWhateverComesBetween) {
  Covisitation table(8);
  table.grow(1000);
  float n_jam = 0;
  for (std::uint32_t n = 3; n < 1000; ++n) {
    table.add_pair(kFirstItem, ItemIndex{n}, 1);
    if (n % 4 == 0) {
      table.add_pair(kFirstItem, kSecondItem, 1);
      ++n_jam;
    }
  }
  const auto row = table.row(kFirstItem);
  const auto jam = std::ranges::find(row, 1U, &Covisitation::Neighbour::item);
  ASSERT_NE(jam, row.end());
  EXPECT_GE(jam->count, n_jam);
  EXPECT_EQ(row.size(), 8U);
}

// s = c / (sqrt(n_tea n_jam) + 2) = 3 / (sqrt(4 * 9) + 2)
TEST(CovisitationTest, SimilarDividesByHowOftenBothWereHad) {
  Covisitation table(4);
  table.grow(3);
  table.add_act(kFirstItem, 4);
  table.add_act(kSecondItem, 9);
  table.add_act(kRye, 1);
  table.add_pair(kFirstItem, kSecondItem, 3);
  table.add_pair(kFirstItem, kRye, 3);
  const Ranking similar = table.similar(kFirstItem, 10);
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_EQ(similar[0].item, kRye);
  EXPECT_FLOAT_EQ(similar[0].score, 3.0F / 4);
  EXPECT_FLOAT_EQ(similar[1].score, 3.0F / 8);
  EXPECT_EQ(table.similar(kFirstItem, 1).size(), 1U);
  EXPECT_TRUE(table.similar(ItemIndex{7}, 10).empty());
}

}  // namespace
}  // namespace coseno
