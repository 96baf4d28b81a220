#include "engine/recent_sessions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/checkpoint.h"
#include "engine/live_state.h"

namespace coseno {
namespace {

constexpr TypeIndex kView{0};
constexpr TypeIndex kDislike{1};

using UserList = std::vector<UserIndex>;

class RecentSessionsTest : public testing::Test {
 protected:
  RecentSessionsTest() { state_.grow(8); }

  LiveEvent event(std::uint32_t user, std::uint32_t item, TypeIndex type = kView) {
    return {UserIndex{user}, ItemIndex{item}, type, 1, ++time_ms_};
  }
  void observe(std::uint32_t user, std::uint32_t item, TypeIndex type = kView) {
    state_.apply(event(user, item, type), types_);
  }
  UserList row(std::uint32_t item) const { return state_.sessions().row(ItemIndex{item}); }

  // Scores of what neighbours say to somebody who had these, newest last.
  std::map<std::uint32_t, float> said(const std::vector<std::uint32_t>& items) const {
    std::vector<Covisitation::Weighed> history;
    for (const std::uint32_t item : items) history.push_back({ItemIndex{item}, 1});
    std::map<std::uint32_t, float> said;
    state_.sessions().score(
        history, state_.users(), state_.covisitation(), types_,
        [&](ItemIndex item, float score) { said[std::to_underlying(item)] += score; });
    return said;
  }

  TypeMeanings types_ = {
      .names = {"view", "dislike"}, .meanings = {{.weight = 1}, {.weight = 0}}, .by_name = {}};
  LiveState state_{EngineOptions()};
  std::int64_t time_ms_ = 0;
};

// UserList 0 and 1 had item 0, of two acts: 1 / 3 for both ends of what user 0 says.
TEST_F(RecentSessionsTest, NeighboursByHand) {
  observe(0, 0);
  observe(0, 1);
  observe(1, 0);
  const auto said = this->said({0});
  ASSERT_EQ(said.size(), 2U);
  EXPECT_NEAR(said.at(1), std::exp(-0.25) / std::sqrt(3.0) / std::sqrt(2.0), 1e-5);
  EXPECT_NEAR(said.at(0), 2.0 / 3, 1e-5);
}

TEST_F(RecentSessionsTest, TheLastItemAndWhatStandsNearItSayMost) {
  for (const std::uint32_t item : {0, 2, 3}) observe(0, item);
  for (const std::uint32_t item : {1, 4, 5}) observe(1, item);
  const auto after_1 = said({0, 1});
  EXPECT_GT(after_1.at(4), after_1.at(2));
  EXPECT_GT(after_1.at(4), after_1.at(5));
  const auto after_0 = said({1, 0});
  EXPECT_GT(after_0.at(2), after_0.at(4));
}

TEST_F(RecentSessionsTest, AUserStandsOnceAndNewest) {
  observe(0, 0);
  observe(1, 0);
  observe(0, 0);
  EXPECT_EQ(row(0), (UserList{UserIndex{1}, UserIndex{0}}));
}

TEST_F(RecentSessionsTest, TheOldestMakesRoom) {
  RecentSessions sessions(2);
  sessions.grow(1);
  for (const std::uint32_t user : {0, 1, 2}) sessions.add(ItemIndex{0}, UserIndex{user});
  EXPECT_EQ(sessions.row(ItemIndex{0}), (UserList{UserIndex{1}, UserIndex{2}}));
}

TEST_F(RecentSessionsTest, WhatWeighsNothingSaysNothing) {
  observe(0, 0, kDislike);
  EXPECT_TRUE(row(0).empty());
  observe(1, 0);
  observe(1, 1, kDislike);
  EXPECT_FALSE(said({0}).contains(1));
}

// The second act with item 0 keeps the user in its row.
TEST_F(RecentSessionsTest, WhatIsRetractedIsForgotten) {
  const LiveEvent first = event(0, 0);
  const LiveEvent second = event(0, 0);
  state_.apply(first, types_);
  state_.apply(second, types_);
  state_.retract(second, types_);
  EXPECT_EQ(row(0), UserList{UserIndex{0}});
  state_.retract(first, types_);
  EXPECT_TRUE(row(0).empty());
}

TEST_F(RecentSessionsTest, AUserWhoIsErasedSaysNothing) {
  observe(0, 0);
  observe(0, 1);
  state_.erase(UserIndex{0}, types_);
  EXPECT_TRUE(row(0).empty());
  EXPECT_TRUE(row(1).empty());
  EXPECT_TRUE(said({0}).empty());
}

TEST_F(RecentSessionsTest, ItemsThatNobodyHadSayNothing) {
  EXPECT_TRUE(said({}).empty());
  EXPECT_TRUE(said({3}).empty());
  EXPECT_TRUE(said({1000}).empty());
}

// An event that is older than the whole history is not kept in it: the row names a user of whom
// nothing can be found there.
TEST_F(RecentSessionsTest, AShortHistoryThatForgotTheItemSaysNothing) {
  LiveState state({.history_length = 2});
  state.grow(8);
  for (const std::uint32_t item : {0, 1, 2}) state.apply(event(0, item), types_);
  const Covisitation::Weighed asked = {ItemIndex{0}, 1};
  state.sessions().score({&asked, 1}, state.users(), state.covisitation(), types_,
                         [](ItemIndex, float) { FAIL(); });
}

TEST_F(RecentSessionsTest, ACheckpointKeepsThem) {
  for (const std::uint32_t user : {0, 1, 2}) observe(user, 0);
  observe(1, 3);
  const std::string path = testing::TempDir() + "recent_sessions_test.state";
  ASSERT_TRUE(save_checkpoint(path, {}, {}, state_, 3).has_value());
  LiveState loaded{EngineOptions()};
  const bool is_loaded = load_checkpoint(path, {}, loaded).has_value();
  std::filesystem::remove(path);
  ASSERT_TRUE(is_loaded);
  for (std::uint32_t i = 0; i < 8; ++i) {
    EXPECT_EQ(loaded.sessions().row(ItemIndex{i}), row(i));
  }
}

}  // namespace
}  // namespace coseno
