#include "ranking/calibration.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace coseno {
namespace {

using Item = std::vector<ValueGroups::Member>;

// As the paper has it, over all groups of all items.
double plain_divergence(const std::vector<double>& history, const std::vector<Item>& list) {
  double sum = 0;
  for (const double weight : history) sum += weight;
  double n_items = 0;
  std::vector<double> mass(history.size());
  for (const Item& item : list) {
    if (!item.empty()) ++n_items;
    for (const auto& [group, share] : item) mass[group] += share;
  }
  double divergence = 0;
  for (std::size_t g = 0; g < history.size(); ++g) {
    const double p = sum > 0 ? history[g] / sum : 0;
    const double q = n_items > 0 ? mass[g] / n_items : 0;
    if (p > 0) divergence += p * std::log(p / (0.99 * q + 0.01 * p));
  }
  return divergence;
}

// 70 of 100 romance, 30 action, as in the paper's example; a list of romance only says nothing of
// action: 0.7 log(0.7 / 0.997) + 0.3 log(0.3 / 0.003).
TEST(ListDivergenceTest, ForgettingATasteCosts) {
  ListDivergence divergence({70, 30});
  const Item romance = {{0, 1.0F}};
  const Item action = {{1, 1.0F}};
  EXPECT_NEAR(divergence.value(), std::log(100), 1e-12);
  EXPECT_NEAR(divergence.with(romance), 0.7 * std::log(0.7 / 0.997) + 0.3 * std::log(100), 1e-12);
  for (int i = 0; i < 7; ++i) divergence.add(romance);
  for (int i = 0; i < 3; ++i) divergence.add(action);
  EXPECT_NEAR(divergence.value(), 0, 1e-12);
}

TEST(ListDivergenceTest, ItemsWithoutGroupsHaveNoPart) {
  ListDivergence divergence({1, 1});
  divergence.add(Item{{0, 1.0F}});
  const double before = divergence.value();
  EXPECT_EQ(divergence.with({}), before);
  divergence.add({});
  EXPECT_EQ(divergence.value(), before);
}

TEST(ListDivergenceTest, WithoutHistoryThereIsNothingToBeNearTo) {
  ListDivergence divergence({0, 0});
  EXPECT_EQ(divergence.value(), 0);
  EXPECT_EQ(divergence.with(Item{{1, 1.0F}}), 0);
  EXPECT_EQ(ListDivergence({}).value(), 0);
}

TEST(ListDivergenceTest, IsAsThePlainSumAsTheListGrows) {
  Rng rng(3);
  for (int round = 0; round < 30; ++round) {
    std::vector<double> history(1 + rng.below(8));
    for (double& weight : history) weight = static_cast<double>(rng.below(4));
    ListDivergence divergence(history);
    std::vector<Item> list;
    for (int step = 0; step < 12; ++step) {
      Item item;
      const std::size_t n = rng.below(history.size() + 1);
      for (std::uint32_t g = 0; g < n; ++g) item.push_back({g, 1.0F / static_cast<float>(n)});
      list.push_back(item);
      ASSERT_NEAR(divergence.with(item), plain_divergence(history, list), 1e-9);
      divergence.add(item);
      ASSERT_NEAR(divergence.value(), plain_divergence(history, list), 1e-9);
    }
  }
}

}  // namespace
}  // namespace coseno
