#include "models/sessions.h"

#include <gtest/gtest.h>

#include <vector>

namespace coseno {
namespace {

UserItemMatrix clicks_of(const std::vector<std::vector<Interaction>>& histories,
                         std::size_t n_items) {
  return UserItemMatrix::from_histories(histories, n_items, false);
}

std::vector<std::vector<std::uint32_t>> sessions(const UserItemMatrix& matrix, double gap_hours) {
  std::vector<std::vector<std::uint32_t>> sessions;
  for_each_session(matrix, gap_hours, [&](History acts) {
    sessions.emplace_back();
    for (const Interaction& act : acts) sessions.back().push_back(std::to_underlying(act.item));
  });
  return sessions;
}

using Sessions = std::vector<std::vector<std::uint32_t>>;

// Pauses of one and of two hours; the second user has done nothing.
TEST(SessionsTest, APauseEndsASession) {
  const UserItemMatrix matrix = clicks_of(
      {{{ItemIndex{0}, 1, 0}, {ItemIndex{1}, 1, 3600}, {ItemIndex{2}, 1, 3 * 3600}}, {}}, 3);
  EXPECT_EQ(sessions(matrix, 0), (Sessions{{0, 1, 2}}));
  EXPECT_EQ(sessions(matrix, 1), (Sessions{{0, 1}, {2}}));
  EXPECT_EQ(sessions(matrix, 0.5), (Sessions{{0}, {1}, {2}}));
  EXPECT_EQ(sessions(matrix, 2), (Sessions{{0, 1, 2}}));
}

TEST(SessionsTest, OfALongSessionTheNewestCount) {
  std::vector<Interaction> acts;
  for (std::uint32_t i = 0; i < 1500; ++i) acts.push_back({ItemIndex{i}, 1, 0});
  const Sessions all = sessions(clicks_of({acts}, 1500), 0);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].size(), kMaxSessionActs);
  EXPECT_EQ(all[0].front(), 500U);
  EXPECT_EQ(all[0].back(), 1499U);
}

// Item 0 was there twice and last; item 7 is not known.
TEST(SessionsTest, NewestItemsStandOnceWithAllTheirWeight) {
  const std::vector<Interaction> history = {{ItemIndex{0}, 1, 1},
                                            {ItemIndex{1}, 1, 2},
                                            {ItemIndex{7}, 1, 3},
                                            {ItemIndex{2}, 1, 4},
                                            {ItemIndex{0}, 3, 5}};
  const std::vector<float> weights = {1, 2, 1, 0.5F, 4};
  const KnownPart newest = newest_items({.history = history, .weights = weights}, 5, 10);
  EXPECT_EQ(newest.history, (std::vector<Interaction>{
                                {ItemIndex{0}, 3, 5}, {ItemIndex{2}, 1, 4}, {ItemIndex{1}, 1, 2}}));
  EXPECT_EQ(newest.weights, (std::vector<float>{5, 0.5F, 2}));
  const KnownPart two = newest_items({.history = history, .weights = weights}, 5, 2);
  EXPECT_EQ(two.weights, (std::vector<float>{5, 0.5F}));
  EXPECT_TRUE(newest_items({}, 5, 10).history.empty());
}

}  // namespace
}  // namespace coseno
