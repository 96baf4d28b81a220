#include "evaluation/auto_model.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace coseno {
namespace {

// Users of two camps, each with some of the camp's items and now and then another: popularity
// cannot tell the camps apart, item_knn and ials can.
Dataset two_camps(int n_users) {
  Rng rng(5);
  Interactions interactions;
  for (int u = 0; u < n_users; ++u) {
    const UserIndex user = interactions.users.add(fmt::format("u{}", u));
    for (int i = 0; i < 40; ++i) {
      const bool is_own = i % 2 == u % 2;
      if (rng.uniform() >= (is_own ? 0.5 : 0.03)) continue;
      interactions.add(user, {interactions.items.add(fmt::format("i{}", i)), 1, 0});
    }
  }
  return make_dataset(std::move(interactions), RepeatRule::last, {}, {});
}

Result<AutoChoice> choose(const Dataset& dataset, double seconds, int n_threads = 1) {
  ThreadPool pool(n_threads);
  Progress progress;
  return choose_model(dataset, {.seconds = seconds}, pool, progress);
}

TEST(AutoModelTest, WhatIsChosenBeatsTheYardstickAndCanBeFitted) {
  const Dataset dataset = two_camps(100);
  const AutoChoice choice = choose(dataset, 1).value();
  EXPECT_NE(choice.model, "popularity");
  ASSERT_GE(choice.considered.size(), 2U);
  EXPECT_EQ(choice.considered.front().model, choice.model);
  for (const Considered& other : choice.considered) {
    EXPECT_LE(other.ndcg, choice.ndcg);
    EXPECT_GE(other.n_trials, 1U);
    if (other.model == "popularity") {
      EXPECT_LT(other.ndcg, choice.ndcg);
    }
  }
  const ModelInfo& info = *find_model(choice.model).value();
  EXPECT_TRUE(info.check(choice.settings).has_value());
}

// Without time the defaults of the first two models are compared, and no more.
TEST(AutoModelTest, NoTimeStillGivesAnAnswerTheSameForAnyNumberOfThreads) {
  const Dataset dataset = two_camps(60);
  const AutoChoice one = choose(dataset, 0).value();
  const AutoChoice two = choose(dataset, 0, 2).value();
  EXPECT_EQ(one.model, two.model);
  EXPECT_EQ(one.settings, two.settings);
  EXPECT_EQ(one.ndcg, two.ndcg);
  for (const Considered& considered : one.considered) EXPECT_EQ(considered.n_trials, 1U);
}

TEST(AutoModelTest, TooFewInteractionsTakeTheDefault) {
  Interactions interactions;
  interactions.add(interactions.users.add("ann"), {interactions.items.add("tea"), 1, 0});
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  const AutoChoice choice = choose(dataset, 1).value();
  EXPECT_EQ(choice.model, kDefaultModel);
  EXPECT_TRUE(choice.considered.empty());
}

class CancelAtOnce : public Progress {
 public:
  bool cancelled() const override { return true; }
};

TEST(AutoModelTest, CancellingEndsIt) {
  ThreadPool pool(1);
  CancelAtOnce progress;
  const auto choice = choose_model(two_camps(20), {.seconds = 5}, pool, progress);
  ASSERT_FALSE(choice.has_value());
  EXPECT_EQ(choice.error().code, ErrorCode::cancelled);
}

TEST(AutoModelTest, ItStandsWhereAModelMay) {
  const ModelInfo& info = auto_model();
  EXPECT_TRUE(info.check({{"seconds", "3"}}).has_value());
  EXPECT_FALSE(info.check({{"seconds", "-1"}}).has_value());
  EXPECT_FALSE(info.check({{"dim", "3"}}).has_value());
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  const Dataset dataset = two_camps(60);
  const auto model = info.fit(dataset, {{"seconds", "0"}}, context);
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ((*model)->n_items(), dataset.items.size());
}

}  // namespace
}  // namespace coseno
