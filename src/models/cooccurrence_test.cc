#include "models/cooccurrence.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "models/item_weights.h"

namespace coseno {
namespace {

using Lists = std::vector<std::vector<Feature>>;

// Users and the items that they have.
UserItemMatrix matrix_of(const std::vector<std::vector<std::uint32_t>>& users,
                         std::size_t n_items) {
  std::vector<std::vector<Interaction>> histories;
  for (const std::vector<std::uint32_t>& items : users) {
    histories.emplace_back();
    for (const std::uint32_t i : items) histories.back().push_back({ItemIndex{i}, 1, 0});
  }
  return UserItemMatrix::from_histories(histories, n_items, false);
}

Cooccurrence::Nearness all_alike(std::size_t n_items) {
  const std::vector<float> ones(n_items, 1);
  return {.own = ones, .other = ones, .plus = {}};
}

Result<Lists> try_nearest(const Cooccurrence& cooccurrence, const Cooccurrence::Nearness& nearness,
                          std::size_t k, Progress& progress, int n_threads = 1) {
  ThreadPool pool(n_threads);
  FitContext context = {.pool = pool, .progress = progress};
  return cooccurrence.nearest(nearness, k, context, "fitting");
}

// By rising index.
Lists nearest(const Cooccurrence& cooccurrence, const Cooccurrence::Nearness& nearness,
              std::size_t k, int n_threads = 1) {
  Progress progress;
  Lists lists = try_nearest(cooccurrence, nearness, k, progress, n_threads).value();
  for (std::vector<Feature>& list : lists) std::ranges::sort(list, {}, &Feature::index);
  return lists;
}

// Items 0 and 1 have users 0 (weight 1) and 1 (weight 1/2) in common, items 0 and 2 user 0 alone;
// item 3 has nobody.
const UserItemMatrix kMatrix = matrix_of({{0, 1, 2}, {0, 1}, {1}}, 4);
const std::vector<float> kWeights = {1, 0.5F, 0.25F};

TEST(CooccurrenceTest, SumsTheWeightsOfUsersInCommon) {
  const Cooccurrence cooccurrence(kMatrix, ActWeights(), kWeights);
  EXPECT_TRUE(std::ranges::equal(cooccurrence.norms(), std::vector<float>{1.5F, 1.75F, 1, 0}));
  EXPECT_EQ(nearest(cooccurrence, all_alike(4), 9),
            (Lists{{{1, 1.5F}, {2, 1}}, {{0, 1.5F}, {2, 1}}, {{0, 1}, {1, 1}}, {}}));
}

// From item 1 to item 0: 1.5 / (2 * 4 + 0.5 + 0.25 - 1.5 / 2 + 2).
TEST(CooccurrenceTest, NearnessHasADenominator) {
  const Cooccurrence cooccurrence(kMatrix, ActWeights(), kWeights);
  const Cooccurrence::Nearness nearness = {.own = {1, 2, 1, 1},
                                           .other = {4, 1, 1, 1},
                                           .plus = {0.5F, 0.25F, 0, 0},
                                           .overlap = 0.5F,
                                           .shrink = 2};
  EXPECT_EQ(nearest(cooccurrence, nearness, 9)[1][0], (Feature{0, 1.5F / 10}));
}

// Items 0 and 1 are as near to item 2.
TEST(CooccurrenceTest, OfEqualOnesTheLowerIndexIsNearer) {
  const Cooccurrence cooccurrence(kMatrix, ActWeights(), kWeights);
  EXPECT_EQ(nearest(cooccurrence, all_alike(4), 1),
            (Lists{{{1, 1.5F}}, {{0, 1.5F}}, {{0, 1}}, {}}));
}

TEST(CooccurrenceTest, UsersThatWeighNothingSayNothing) {
  const Cooccurrence cooccurrence(kMatrix, ActWeights(), std::vector<float>{0, 1, 1});
  EXPECT_EQ(nearest(cooccurrence, all_alike(4), 9), (Lists{{{1, 1}}, {{0, 1}}, {}, {}}));
}

// More items than are taken at once, and more candidates than are kept; compared with counting.
// User u has all multiples of a number of their own.
TEST(CooccurrenceTest, ManyItemsAreTakenInParts) {
  constexpr std::uint32_t kManyItems = 70000;
  std::vector<std::vector<std::uint32_t>> users;
  for (std::uint32_t step = 100; step < 110; ++step) {
    users.emplace_back();
    for (std::uint32_t i = 0; i < kManyItems; i += step) users.back().push_back(i);
  }
  const Cooccurrence cooccurrence(matrix_of(users, kManyItems), ActWeights(),
                                  std::vector<float>(users.size(), 1));
  const Lists lists = nearest(cooccurrence, all_alike(kManyItems), 3);
  EXPECT_EQ(lists, nearest(cooccurrence, all_alike(kManyItems), 3, 2));
  for (const std::uint32_t item : {0U, 100U, 101U * 102, 104U * 105, 109U * 600}) {
    std::vector<Feature> others;
    for (std::uint32_t j = 0; j < kManyItems; ++j) {
      const auto in_common = std::ranges::count_if(users, [&](const auto& items) {
        return std::ranges::binary_search(items, item) && std::ranges::binary_search(items, j);
      });
      if (j != item && in_common > 0) others.push_back({j, static_cast<float>(in_common)});
    }
    keep_largest(others, 3);
    std::ranges::sort(others, {}, &Feature::index);
    EXPECT_EQ(lists[item], others) << item;
  }
}

TEST(CooccurrenceTest, CanBeCancelled) {
  struct Cancelled : Progress {
    bool cancelled() const override { return true; }
  } progress;
  const Cooccurrence cooccurrence(kMatrix, ActWeights(), kWeights);
  const auto lists = try_nearest(cooccurrence, all_alike(4), 9, progress);
  ASSERT_FALSE(lists.has_value());
  EXPECT_EQ(lists.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace coseno
