#include "engine/replay.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace coseno {
namespace {

// Users of two camps, one after the other, each with the camp's six items in an order of their own.
// Half of the users come before the warm-up ends.
Interactions two_camps(int n_users) {
  Interactions interactions;
  interactions.has_times = true;
  std::int64_t time = 0;
  for (int u = 0; u < n_users; ++u) {
    const UserIndex user = interactions.users.add(fmt::format("u{}", u));
    for (int i = 0; i < 6; ++i) {
      const std::string item = fmt::format("{}{}", u % 2 == 0 ? "tea" : "jam", (u / 2 + 5 * i) % 6);
      interactions.add(user, {interactions.items.add(item), 1, ++time});
    }
  }
  return interactions;
}

Result<std::vector<ReplayResult>> run(const Interactions& interactions,
                                      const ReplayOptions& options) {
  ThreadPool pool(1);
  Progress progress;
  return replay(interactions, options, pool, progress);
}

const ReplayResult& named(const std::vector<ReplayResult>& results, std::string_view name) {
  return *std::ranges::find(results, name, &ReplayResult::name);
}

TEST(ReplayTest, WhoKnowsTheHistoryKnowsTheCamp) {
  const auto results = run(two_camps(40), {.k = 3, .training = {.model = "item_knn"}}).value();
  ASSERT_EQ(results.size(), 5U);
  const ReplayMetrics& live = named(results, "live").all;
  const ReplayMetrics& frozen = named(results, "frozen").all;
  EXPECT_EQ(live.n_judged, 120U);
  EXPECT_EQ(frozen.n_judged, 120U);
  EXPECT_GT(live.ndcg, 1.2 * frozen.ndcg);
  EXPECT_GT(live.recall, frozen.recall);
  EXPECT_EQ(named(results, "live").n_trainings, 1U);
  EXPECT_EQ(named(results, "retrained").n_trainings, 5U);
}

TEST(ReplayTest, WindowsAddUpToAll) {
  const auto results =
      run(two_camps(40), {.n_windows = 4, .training = {.model = "item_knn"}}).value();
  for (const ReplayResult& result : results) {
    ASSERT_EQ(result.windows.size(), 4U);
    double ndcg = 0;
    std::size_t n = 0;
    for (const ReplayMetrics& window : result.windows) {
      ndcg += window.ndcg * static_cast<double>(window.n_judged);
      n += window.n_judged;
    }
    EXPECT_EQ(n, result.all.n_judged);
    EXPECT_NEAR(ndcg / static_cast<double>(n), result.all.ndcg, 1e-9);
  }
}

TEST(ReplayTest, SameInputSameFigures) {
  const ReplayOptions options = {.training = {.model = "item_knn"}};
  const auto once = run(two_camps(30), options).value();
  const auto twice = run(two_camps(30), options).value();
  for (std::size_t r = 0; r < once.size(); ++r) EXPECT_EQ(once[r].all.mrr, twice[r].all.mrr);
}

TEST(ReplayTest, WrongOptionsAreRefused) {
  EXPECT_EQ(run(two_camps(2), {}).error().message, "a replay needs at least 100 events, not 12");
  EXPECT_NE(run(two_camps(40), {.warm_up = 1}).error().message.find("warm_up"), std::string::npos);
  EXPECT_NE(run(two_camps(40), {.retrain_every = 0}).error().message.find("retrain_every"),
            std::string::npos);
}

}  // namespace
}  // namespace coseno
