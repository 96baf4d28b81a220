#include "models/markov.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "models/model_testing.h"

namespace coseno {
namespace {

constexpr Markov::Options kPlainRules = {.neighbours = 10,
                                         .steps = 10,
                                         .recency = 1,
                                         .backward = 0,
                                         .item_acts = 0,
                                         .repeat = 0,
                                         .session_gap_hours = 0,
                                         .rating_weight = 0};

// What each user had, in order.
Dataset in_order(const std::vector<std::vector<std::uint32_t>>& users, std::size_t n_items) {
  Dataset dataset;
  std::vector<std::vector<Interaction>> histories;
  for (const std::vector<std::uint32_t>& items : users) {
    histories.emplace_back();
    for (const std::uint32_t item : items) {
      const auto time = static_cast<std::int64_t>(histories.back().size()) * 3600;
      histories.back().push_back({ItemIndex{item}, 1, time});
    }
    dataset.users.add(fmt::format("u{}", histories.size()));
  }
  for (std::size_t i = 0; i < n_items; ++i) dataset.items.add(fmt::format("i{}", i));
  dataset.matrix = UserItemMatrix::from_histories(histories, n_items, false);
  return dataset;
}

// 0 1 2: of item 0, item 1 comes one act later and item 2 two. Nothing comes before item 0.
TEST(MarkovTest, RulesByHand) {
  const auto model = fit<Markov>(in_order({{0, 1, 2}}, 3), kPlainRules);
  EXPECT_NEAR(scores_after(*model, 0)[1], 1, 1e-5);
  EXPECT_NEAR(scores_after(*model, 0)[2], 0.5, 1e-5);
  EXPECT_NEAR(scores_after(*model, 0)[0], 0, 1e-5);
  EXPECT_NEAR(scores_after(*model, 2)[0], 0, 1e-5);
}

TEST(MarkovTest, StepsEndTheRules) {
  Markov::Options options = kPlainRules;
  options.steps = 1;
  EXPECT_NEAR(scores_after(*fit<Markov>(in_order({{0, 1, 2}}, 3), options), 0)[2], 0, 1e-5);
}

TEST(MarkovTest, BackwardCountsWhatCameBefore) {
  Markov::Options options = kPlainRules;
  options.backward = 0.5;
  EXPECT_NEAR(scores_after(*fit<Markov>(in_order({{0, 1, 2}}, 3), options), 2)[0], 0.25, 1e-5);
}

// Two sessions have item 0: each of what follows comes after half of them.
TEST(MarkovTest, ItemActsMakesSharesOfCounts) {
  Markov::Options options = kPlainRules;
  options.item_acts = 1;
  const auto model = fit<Markov>(in_order({{0, 1}, {0, 2}}, 3), options);
  EXPECT_NEAR(scores_after(*model, 0)[1], 0.5, 1e-5);
}

TEST(MarkovTest, AnItemSpeaksForItselfByRepeatAlone) {
  Markov::Options options = kPlainRules;
  options.repeat = 0.25;
  const auto model = fit<Markov>(in_order({{0, 1}, {0, 2}}, 3), options);
  EXPECT_NEAR(scores_after(*model, 0)[0], 0.5, 1e-5);  // 0.25 of two acts
}

// The order decides: after 0 1 comes 2, after 1 0 comes 3.
TEST(MarkovTest, TheLastItemSaysMost) {
  const auto model = fit<Markov>(in_order({{1, 2}, {0, 3}}, 4), kPlainRules);
  const std::vector<Interaction> forth = {{ItemIndex{0}, 1, 0}, {ItemIndex{1}, 1, 0}};
  const std::vector<Interaction> back = {{ItemIndex{1}, 1, 0}, {ItemIndex{0}, 1, 0}};
  EXPECT_NEAR(scores(*model, {.history = forth})[2], 1, 1e-5);
  EXPECT_NEAR(scores(*model, {.history = forth})[3], std::exp(-1), 1e-5);
  EXPECT_NEAR(scores(*model, {.history = back})[3], 1, 1e-5);
}

// An hour lies between acts.
TEST(MarkovTest, NothingFollowsOverAPause) {
  Markov::Options options = kPlainRules;
  options.session_gap_hours = 0.5;
  EXPECT_NEAR(scores_after(*fit<Markov>(in_order({{0, 1}}, 2), options), 0)[1], 0, 1e-5);
  options.session_gap_hours = 1;
  EXPECT_NEAR(scores_after(*fit<Markov>(in_order({{0, 1}}, 2), options), 0)[1], 1, 1e-5);
}

// Item 1 follows twice and item 2 once.
TEST(MarkovTest, TheLargestRulesAreKept) {
  Markov::Options options = kPlainRules;
  options.neighbours = 1;
  const auto model = fit<Markov>(in_order({{0, 1}, {0, 1}, {0, 2}}, 3), options);
  EXPECT_NEAR(scores_after(*model, 0)[1], 2, 1e-5);
  EXPECT_NEAR(scores_after(*model, 0)[2], 0, 1e-5);
}

// More pairs of an item than are kept before they are joined.
TEST(MarkovTest, ManyPairsAreCountedOnce) {
  std::vector<std::vector<std::uint32_t>> users;
  for (std::uint32_t n = 0; n < 1000; ++n) users.push_back({0, 1 + n % 100});
  Markov::Options options = kPlainRules;
  options.neighbours = 1000;
  const auto model = fit<Markov>(in_order(users, 101), options);
  for (std::uint32_t i = 1; i <= 100; ++i) EXPECT_NEAR(scores_after(*model, 0)[i], 10, 1e-4);
}

TEST(MarkovTest, AHistoryOfTenThousandIsScored) {
  const auto model = fit<Markov>(in_order({{0, 1, 2}}, 3), kPlainRules);
  std::vector<Interaction> history(10000, {ItemIndex{2}, 1, 0});
  history.push_back({ItemIndex{0}, 1, 0});
  EXPECT_NEAR(scores(*model, {.history = history})[1], 1, 1e-3);
}

}  // namespace
}  // namespace coseno
