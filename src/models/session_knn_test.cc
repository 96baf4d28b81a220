#include "models/session_knn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "models/model_testing.h"

namespace coseno {
namespace {

constexpr std::int64_t kDay = 24 * 3600;

// Everything that weighs turned off, but what a session shares.
SessionKnn::Options plain_scores() {
  return {.neighbours = 10,
          .sample = 10,
          .weighting = "stan",
          .recency = 1,
          .position = 0,
          .half_life_days = 0,
          .session_length = 0,
          .idf = 0,
          .session_gap_hours = 0,
          .rating_weight = 0};
}

// One act a day.
struct Session {
  std::vector<std::uint32_t> items;
  std::int64_t first_day = 0;
};

Dataset dataset_of_sessions(const std::vector<Session>& sessions, std::size_t n_items) {
  Dataset dataset;
  std::vector<std::vector<Interaction>> histories;
  for (const Session& session : sessions) {
    std::vector<Interaction>& history = histories.emplace_back();
    for (const std::uint32_t item : session.items) {
      const auto day = session.first_day + static_cast<std::int64_t>(history.size());
      history.push_back({ItemIndex{item}, 1, day * kDay});
    }
    dataset.users.add(fmt::format("u{}", histories.size()));
  }
  for (std::size_t i = 0; i < n_items; ++i) dataset.items.add(fmt::format("i{}", i));
  dataset.matrix = UserItemMatrix::from_histories(histories, n_items, false);
  return dataset;
}

std::vector<Interaction> history_of_clicks(const std::vector<std::uint32_t>& items,
                                           std::int64_t day = 0) {
  std::vector<Interaction> history;
  for (const std::uint32_t item : items) history.push_back({ItemIndex{item}, 1, day * kDay});
  return history;
}

std::vector<float> scores_of(const std::vector<Session>& sessions, std::size_t n_items,
                             const SessionKnn::Options& options,
                             const std::vector<Interaction>& history) {
  const auto model = fit<SessionKnn>(dataset_of_sessions(sessions, n_items), options);
  return scores(*model, {.history = history});
}

const std::vector<Session> kSessions = {{{0, 1, 2}, 0}, {{1, 3}, 10}};

// The first session shares both items, of which one is a step back; the second shares the last.
TEST(SessionKnnTest, StanByHand) {
  const std::vector<float> out = scores_of(kSessions, 4, plain_scores(), history_of_clicks({0, 1}));
  const double first = 1 + std::exp(-1);
  EXPECT_NEAR(out[2], first, 1e-5);
  EXPECT_NEAR(out[3], 1, 1e-5);
  EXPECT_NEAR(out[1], first + 1, 1e-5);
}

// Items weigh 1 and 1/2; the newest shared item is the last in both sessions.
TEST(SessionKnnTest, VsKnnByHand) {
  SessionKnn::Options options = plain_scores();
  options.weighting = "vsknn";
  std::vector<float> out = scores_of(kSessions, 4, options, history_of_clicks({0, 1}));
  EXPECT_NEAR(out[2], 1.5, 1e-5);
  EXPECT_NEAR(out[3], 1, 1e-5);
  // 1 0: the second session's item is a step back, so half is left of its half.
  out = scores_of(kSessions, 4, options, history_of_clicks({1, 0}));
  EXPECT_NEAR(out[2], 1.5, 1e-5);
  EXPECT_NEAR(out[3], 0.25, 1e-5);
}

TEST(SessionKnnTest, WhatStandsFartherFromTheSharedItemCountsLess) {
  SessionKnn::Options options = plain_scores();
  options.position = 2;
  const std::vector<float> out = scores_of({{{0, 1, 2}}}, 3, options, history_of_clicks({0}));
  EXPECT_NEAR(out[1], std::exp(-0.5), 1e-5);
  EXPECT_NEAR(out[2], std::exp(-1), 1e-5);
}

// Its last act was on day 2, four days before the one that asks.
TEST(SessionKnnTest, OldSessionsCountLess) {
  SessionKnn::Options options = plain_scores();
  options.half_life_days = 4;
  EXPECT_NEAR(scores_of({{{0, 1, 2}}}, 3, options, history_of_clicks({0}, 6))[1], 0.5, 1e-5);
  // One from the future is no older than today's.
  EXPECT_NEAR(scores_of({{{0, 1, 2}}}, 3, options, history_of_clicks({0}, 0))[1], 1, 1e-5);
}

TEST(SessionKnnTest, LongSessionsCountLess) {
  SessionKnn::Options options = plain_scores();
  options.session_length = 0.5;
  EXPECT_NEAR(scores_of({{{0, 1, 2, 3}}}, 4, options, history_of_clicks({0}))[1], 0.5, 1e-5);
}

// Item 0 is in both sessions, item 1 in one of two.
TEST(SessionKnnTest, RareItemsCountMore) {
  SessionKnn::Options options = plain_scores();
  options.idf = 1;
  const std::vector<float> out =
      scores_of({{{0, 1}}, {{0, 2}}}, 3, options, history_of_clicks({0}));
  EXPECT_NEAR(out[1], 1 + std::log(2), 1e-5);
}

// The newest of three.
TEST(SessionKnnTest, OnlyTheNewestSessionsAreSampled) {
  SessionKnn::Options options = plain_scores();
  options.sample = 1;
  const std::vector<float> out =
      scores_of({{{0, 1}, 5}, {{0, 2}, 20}, {{0, 3}, 1}}, 4, options, history_of_clicks({0}));
  EXPECT_NEAR(out[1], 0, 1e-5);
  EXPECT_NEAR(out[2], 1, 1e-5);
  EXPECT_NEAR(out[3], 0, 1e-5);
}

// Of equally near ones the newer speaks.
TEST(SessionKnnTest, OnlyTheNearestSpeak) {
  SessionKnn::Options options = plain_scores();
  options.neighbours = 1;
  EXPECT_NEAR(scores_of(kSessions, 4, options, history_of_clicks({0, 1}))[3], 0, 1e-5);
  EXPECT_NEAR(scores_of(kSessions, 4, options, history_of_clicks({1}))[3], 1, 1e-5);
  EXPECT_NEAR(scores_of(kSessions, 4, options, history_of_clicks({1}))[2], 0, 1e-5);
}

// A day lies between acts.
TEST(SessionKnnTest, APauseEndsASession) {
  SessionKnn::Options options = plain_scores();
  options.session_gap_hours = 12;
  EXPECT_NEAR(scores_of({{{0, 1, 2}}}, 3, options, history_of_clicks({0}))[1], 0, 1e-5);
}

TEST(SessionKnnTest, AHistoryOfTenThousandIsScored) {
  std::vector<std::uint32_t> items(10000, 2);
  items.push_back(0);
  const std::vector<float> out = scores_of(kSessions, 4, plain_scores(), history_of_clicks(items));
  EXPECT_NEAR(out[1], 1 + 10000 * std::exp(-1), 1);
}

TEST(SessionKnnTest, WhatNobodyHadIsOrderedByPopularity) {
  const std::vector<float> out = scores_of(kSessions, 5, plain_scores(), {});
  EXPECT_GT(out[1], out[2]);
  EXPECT_GT(out[2], out[4]);
  EXPECT_LT(out[1], 1e-5);
}

}  // namespace
}  // namespace coseno
