#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "offline/offline_testing.h"

namespace coseno {
namespace {

// Four users who have tea, jam and last of all rum, which eve has had from the start.
Ratings with_times() {
  std::string lines = "user,item,rating,timestamp\neve,rum,5,1\n";
  for (const char* user : {"ann", "bob", "cat", "dan"}) {
    lines += fmt::format("{0},tea,5,1\n{0},jam,4,2\n{0},rum,3,3\n", user);
  }
  return *Ratings::parse(lines);
}

TEST(EvaluateRatingsTest, EveryModelThatCanIsJudgedAndPopularityAmongThem) {
  const auto judged = evaluate(two_tastes(), {.k = 3, .protocol = "leave-last-out"});
  ASSERT_TRUE(judged) << message(judged);
  std::vector<std::string> models;
  for (const ModelQuality& one : *judged) models.push_back(one.model);
  EXPECT_EQ(models.front(), "popularity");
  EXPECT_NE(std::ranges::find(models, "biased_mf"), models.end());
  EXPECT_EQ(std::ranges::find(models, "content"), models.end());  // no properties
}

TEST(EvaluateRatingsTest, NamedModelsAreJudgedWithTheirSettings) {
  EvaluateRequest request{.models = {"biased_mf"},
                          .settings = {{"biased_mf", fast("biased_mf").settings}},
                          .protocol = "leave-last-out"};
  const auto judged = evaluate(two_tastes(), request);
  ASSERT_TRUE(judged) << message(judged);
  ASSERT_EQ(judged->size(), 2);
  EXPECT_EQ(judged->front().metrics.front().first, "precision");
  EXPECT_EQ(judged->front().metrics.back().first, "mae");
  // The yardstick predicts no ratings, so it has no error of them.
  EXPECT_NE(judged->back().metrics.back().first, "mae");
  EXPECT_GT(judged->front().fit_s, 0);
}

TEST(EvaluateRatingsTest, TimesAreKept) {
  const auto judged = evaluate(
      with_times(), {.models = {"popularity"}, .k = 1, .protocol = "temporal", .fraction = 0.31});
  ASSERT_TRUE(judged) << message(judged);
  // The four of rum are held out, and it is all that there is left for each.
  const auto& metrics = judged->front().metrics;
  const auto hits = std::ranges::find(metrics, "hit_rate", &std::pair<std::string, double>::first);
  ASSERT_NE(hits, metrics.end());
  EXPECT_EQ(hits->second, 1);
  EXPECT_FALSE(evaluate(two_tastes(), {.models = {"popularity"}, .protocol = "temporal"}));
}

TEST(EvaluateRatingsTest, WhatCannotBeIsRefused) {
  const Ratings ratings = two_tastes();
  EXPECT_EQ(message(evaluate(ratings, {.k = 0})), "k must be at least 1, not 0");
  EXPECT_EQ(evaluate(ratings, {.models = {"als"}}).error().code, ErrorCode::not_found);
  EXPECT_EQ(message(evaluate(ratings, {.models = {"ease", "ease"}})), "models has ease twice");
  EXPECT_EQ(message(evaluate(ratings, {.models = {"ease"}, .settings = {{"ials", {}}}})),
            "there are settings for ials, which is not judged");
  EXPECT_EQ(message(evaluate(ratings, {.models = {"ease"}, .by_cosine = true})),
            "ease has no vectors to rank by cosine");
  EXPECT_EQ(message(evaluate(ratings, {.protocol = "loo"})),
            "protocol must be random, leave-last-out, temporal, k-fold or strong, not loo");
  EXPECT_EQ(message(evaluate(ratings, {.relevant_from = std::nanf("")})),
            "relevant_from must be a number, not nan");
  EXPECT_EQ(evaluate(ratings, {.fraction = 2}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(evaluate(ratings, {.watch = {.cancelled = [] { return true; }}}).error().code,
            ErrorCode::cancelled);
}

}  // namespace
}  // namespace coseno
