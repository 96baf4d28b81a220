// Lists that were shown: kept, read, dropped and erased, and what they are for.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "coseno/engine.h"
#include "engine/engine_fixture.h"
#include "engine/engine_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

class ShownListsEngineTest : public testing::Test {
 protected:
  ShownListsEngineTest() {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + fmt::format("coseno_shown_{}_{}", getpid(), info.name());
    fs::remove_all(folder_);
    options_.clock = &clock_;
    options_.n_threads = 1;
  }
  ~ShownListsEngineTest() override { fs::remove_all(folder_); }

  Engine open() { return Engine::open(folder_, options_).value(); }
  Engine open_beside() { return Engine::open_beside(folder_, options_).value(); }

  // Five items, tea had by most and ham by fewest.
  static void fill(Engine& engine) {
    int n_users = 5;
    for (const std::string_view item : {"tea", "jam", "rye", "oil", "ham"}) {
      for (int u = 0; u < n_users; ++u) {
        ASSERT_TRUE(engine.observe({.user = fmt::format("u{}", u), .item = item}));
      }
      --n_users;
    }
  }

  static std::string text_of_shown(const ShownList& list) {
    std::string text = fmt::format("{} {} {} {} {:a} {}:", list.time_ms, list.user, list.position,
                                   list.snapshot, list.exploration, list.seed);
    for (const RecommendedItem& item : list.items) {
      text += fmt::format(" {} {:a} {:a}", item.item, item.score, item.propensity);
    }
    return text;
  }

  // One text a list.
  static std::vector<std::string> shown(const Engine& engine,
                                        std::optional<std::int64_t> from_ms = {}) {
    std::vector<std::string> lists;
    const auto scanned = engine.scan_shown(
        [&](const ShownList& list) {
          lists.push_back(text_of_shown(list));
          return true;
        },
        from_ms);
    EXPECT_TRUE(scanned) << scanned.error().message;
    return lists;
  }

  static std::vector<std::string> users_shown(const Engine& engine) {
    std::vector<std::string> users;
    EXPECT_TRUE(engine.scan_shown([&](const ShownList& list) {
      users.push_back(list.user);
      return true;
    }));
    return users;
  }

  static void show(Engine& engine, std::string_view user) {
    const auto answer = engine.recommend({.user = user, .log_shown = true});
    ASSERT_TRUE(answer) << answer.error().message;
  }

  std::string folder_;
  ManualClock clock_{kNow};
  EngineOptions options_;
};

using Users = std::vector<std::string>;

TEST_F(ShownListsEngineTest, WhatWasShownIsKeptAsItWasAnswered) {
  std::vector<std::string> expected;
  {
    Engine engine = open();
    fill(engine);
    for (const std::uint64_t seed : {3, 4}) {
      clock_.set_ms(kNow + static_cast<std::int64_t>(seed));
      const Recommendations answer =
          engine
              .recommend(
                  {.user = "u4", .k = 3, .exploration = 0.5, .seed = seed, .log_shown = true})
              .value();
      ASSERT_EQ(answer.items.size(), 3U);
      EXPECT_LT(answer.items[0].propensity, 1);
      expected.push_back(text_of_shown({.time_ms = kNow + static_cast<std::int64_t>(seed),
                                        .user = "u4",
                                        .position = answer.position,
                                        .snapshot = answer.snapshot,
                                        .exploration = 0.5,
                                        .seed = seed,
                                        .items = answer.items}));
      // Not asked for: not kept.
      ASSERT_TRUE(engine.recommend({.user = "u4", .exploration = 0.5}));
    }
    EXPECT_EQ(shown(engine), expected);
    EXPECT_EQ(shown(engine, kNow + 4), std::vector<std::string>{expected[1]});
  }
  EXPECT_EQ(shown(open()), expected);
}

// As kill -9 leaves it: a copy of the folder while it is open.
TEST_F(ShownListsEngineTest, WhatWasAnsweredIsKeptWhenTheProcessIsKilled) {
  for (const Durability durability : {Durability::none, Durability::interval, Durability::always}) {
    fs::remove_all(folder_);
    options_.durability = durability;
    Engine engine = open();
    fill(engine);
    show(engine, "zoe");
    const std::string copy = folder_ + "_killed";
    fs::remove_all(copy);
    fs::copy(folder_, copy, fs::copy_options::recursive);
    EXPECT_EQ(users_shown(Engine::open(copy, options_).value()), Users{"zoe"});
    fs::remove_all(copy);
  }
}

TEST_F(ShownListsEngineTest, ItMovesNoPositionAndChangesNoAnswer) {
  const std::vector<std::string> users = {"u0", "u1", "u4", "stranger"};
  const std::vector<std::string> items = {"tea", "jam", "ham"};
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    before = answers_of(engine, users, items);
    for (int n = 0; n < 10; ++n) show(engine, "u1");
    EXPECT_EQ(first_difference(answers_of(engine, users, items), before), "");
  }
  EXPECT_EQ(first_difference(answers_of(open(), users, items), before), "");
}

// The number of a user who was only shown something is the same when the log is read again.
TEST_F(ShownListsEngineTest, AUserWhomNobodyKnewIsMade) {
  const std::vector<std::string> users = {"u0", "zoe", "yan"};
  const std::vector<std::string> items = {"tea", "jam"};
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    const EngineStats stats = engine.stats();
    show(engine, "zoe");
    show(engine, "yan");
    EXPECT_EQ(engine.stats().position, stats.position);
    EXPECT_EQ(engine.stats().n_users, stats.n_users + 2);
    ASSERT_TRUE(engine.observe({.user = "yan", .item = "tea"}));
    before = answers_of(engine, users, items);
    Engine reader = open_beside();
    EXPECT_EQ(first_difference(answers_of(reader, users, items), before), "");
    EXPECT_EQ(users_shown(reader), (Users{"zoe", "yan"}));
  }
  fs::remove(folder_ + "/state");
  const Engine engine = open();
  EXPECT_EQ(first_difference(answers_of(engine, users, items), before), "");
  EXPECT_EQ(users_shown(engine), (Users{"zoe", "yan"}));
  EXPECT_EQ(Engine::verify(folder_).value().n_shown_lists, 2U);
}

TEST_F(ShownListsEngineTest, WhomItIsForMustBeSaid) {
  Engine engine = open();
  fill(engine);
  EXPECT_EQ(engine.recommend({.log_shown = true}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(engine.recommend({.user = "\xff", .log_shown = true}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(engine.recommend({.user = std::string(513, 'x'), .log_shown = true}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(shown(engine).size(), 0U);
  const std::vector<Act> acts = {{.item = "tea"}};
  ASSERT_TRUE(engine.recommend({.log_shown = true, .history = acts}));
  ASSERT_TRUE(engine.recommend({.user = "u0", .log_shown = true, .history = acts}));
  EXPECT_EQ(users_shown(engine), (Users{"", "u0"}));
  // What cannot be answered is not kept either.
  EXPECT_FALSE(engine.recommend({.user = "nobody", .k = 0, .log_shown = true}));
  EXPECT_EQ(shown(engine).size(), 2U);
  EXPECT_EQ(engine.stats().n_users, 5U);
}

TEST_F(ShownListsEngineTest, AnEngineBesideReadsThemAndKeepsNone) {
  Engine engine = open();
  fill(engine);
  Engine reader = open_beside();
  EXPECT_EQ(reader.recommend({.user = "u0", .log_shown = true}).error().code, ErrorCode::conflict);
  show(engine, "u0");
  ASSERT_TRUE(engine.put_item("new", "{}"));
  show(engine, "zoe");
  EXPECT_EQ(users_shown(reader), Users());
  ASSERT_TRUE(reader.refresh());
  EXPECT_EQ(users_shown(reader), (Users{"u0", "zoe"}));
  EXPECT_EQ(shown(reader), shown(engine));
}

TEST_F(ShownListsEngineTest, AnErasedUsersListsAreGoneFromReadingAndFromDisk) {
  const std::uint64_t trace = 0x7A6F7272656C6C65;  // the bytes "ellerroz"
  const auto n_traces = [](const std::string& folder) {
    return std::ranges::count_if(
        fs::recursive_directory_iterator(folder), [](const fs::directory_entry& entry) {
          if (!entry.is_regular_file()) return false;
          std::ifstream file(entry.path(), std::ios::binary);
          return std::string(std::istreambuf_iterator<char>(file), {}).contains("ellerroz");
        });
  };
  {
    Engine engine = open();
    fill(engine);
    ASSERT_TRUE(engine.recommend({.user = "zoe", .seed = trace, .log_shown = true}));
    show(engine, "u0");
    ASSERT_TRUE(engine.back_up(folder_ + "/../backup_of_shown"));
    EXPECT_GE(n_traces(folder_), 1);
    Engine reader = open_beside();
    ASSERT_TRUE(engine.erase_user("zoe"));
    EXPECT_EQ(users_shown(engine), Users{"u0"});
    ASSERT_TRUE(reader.refresh());
    EXPECT_EQ(users_shown(reader), Users{"u0"});
    // Who comes back under the same name is somebody else.
    ASSERT_TRUE(engine.observe({.user = "zoe", .item = "tea"}));
    EXPECT_EQ(users_shown(engine), Users{"u0"});
    ASSERT_TRUE(engine.compact());
    EXPECT_EQ(n_traces(folder_), 0);
    EXPECT_EQ(users_shown(engine), Users{"u0"});
  }
  EXPECT_EQ(users_shown(open()), Users{"u0"});
  EXPECT_EQ(Engine::verify(folder_).value().n_shown_lists, 1U);
  // The backup has what there was when it was made.
  const std::string backup = folder_ + "/../backup_of_shown";
  ASSERT_TRUE(Engine::restore(backup, folder_ + "_again"));
  EXPECT_EQ(users_shown(Engine::open(folder_ + "_again", options_).value()), (Users{"zoe", "u0"}));
  fs::remove_all(backup);
  fs::remove_all(folder_ + "_again");
}

// Else the list, which their history made, would bring them back.
TEST_F(ShownListsEngineTest, WhoIsErasedWhileTheListIsMadeIsNotMadeAnew) {
  struct HookedClock : Clock {
    std::int64_t now_ms() const override {
      if (hook) std::exchange(hook, {})();
      return kNow;
    }
    mutable std::function<void()> hook;
  };
  HookedClock clock;
  options_.clock = &clock;
  Engine engine = open();
  fill(engine);
  clock.hook = [&] { EXPECT_TRUE(engine.erase_user("u0")); };
  const auto answer = engine.recommend({.user = "u0", .log_shown = true});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(engine.user("u0")->has_value());
  EXPECT_EQ(users_shown(engine), Users());
  show(engine, "u0");
  EXPECT_EQ(users_shown(engine), Users{"u0"});
}

TEST_F(ShownListsEngineTest, OldListsAreDropped) {
  options_.shown_days = 2;
  {
    Engine engine = open();
    fill(engine);
    show(engine, "a");
    clock_.set_ms(kNow + kDay);
    show(engine, "b");
    clock_.set_ms(kNow + 2 * kDay);
    show(engine, "c");  // "a" is two days old, and not more
    EXPECT_EQ(users_shown(engine), (Users{"a", "b", "c"}));
    clock_.set_ms(kNow + 3 * kDay);
    show(engine, "d");
    EXPECT_EQ(users_shown(engine), (Users{"b", "c", "d"}));
    clock_.set_ms(kNow + 3 * kDay + 1);
    show(engine, "e");  // once a day is enough
    EXPECT_EQ(users_shown(engine), (Users{"b", "c", "d", "e"}));
    ASSERT_TRUE(engine.compact());
    EXPECT_EQ(users_shown(engine), (Users{"c", "d", "e"}));
    clock_.set_ms(kNow + 5 * kDay);
  }
  EXPECT_EQ(users_shown(open()), (Users{"d", "e"}));
  options_.shown_days = 0;
  clock_.set_ms(kNow + 50000 * kDay);
  EXPECT_EQ(users_shown(open()), (Users{"d", "e"}));
  options_.shown_days = -1;
  EXPECT_EQ(Engine::open(folder_, options_).error().code, ErrorCode::invalid_argument);
  options_.shown_days = 36501;
  EXPECT_EQ(Engine::open(folder_, options_).error().code, ErrorCode::invalid_argument);
}

TEST_F(ShownListsEngineTest, ManyThreadsKeepAllWhileOthersWrite) {
  constexpr int kThreads = 4;
  constexpr int kLists = 50;
  options_.durability = Durability::always;
  Engine engine = open();
  fill(engine);
  std::vector<std::thread> threads;
  std::atomic<int> n_failed = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < kLists; ++n) {
        const std::string user = fmt::format("t{} {}", t, n % 7);
        if (!engine.recommend({.user = user, .log_shown = true})) ++n_failed;
        if (n % 10 == 0 && !engine.observe({.user = user, .item = "tea"})) ++n_failed;
        if (n % 25 == 0 && !engine.scan_shown([](const ShownList&) { return true; })) ++n_failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_failed, 0);
  std::map<std::string, int> lists;
  for (const std::string& user : users_shown(engine)) ++lists[user];
  EXPECT_EQ(lists.size(), kThreads * 7U);
  EXPECT_EQ(lists["t2 0"], 8);  // 0, 7, ... 49
  EXPECT_EQ(lists["t2 1"], 7);
}

// What another policy would have earned is estimated from lists that it did not make: each counts
// by the inverse of the chance that it had.
TEST_F(ShownListsEngineTest, InversePropensityEstimatesAnotherPolicy) {
  constexpr std::uint64_t kLists = 4000;
  const std::map<std::string, double> clicks = {
      {"tea", 0.1}, {"jam", 0.9}, {"rye", 0.3}, {"oil", 0.2}, {"ham", 0.5}};
  Engine engine = open();
  fill(engine);
  for (std::uint64_t seed = 1; seed <= kLists; ++seed) {
    ASSERT_TRUE(engine.recommend(
        {.user = "zoe", .k = 2, .exploration = 0.5, .seed = seed, .log_shown = true}));
  }
  std::size_t n_lists = 0;
  std::set<std::string> firsts;
  double as_shown = 0;      // clicks on the first item
  double jam_first = 0;     // had jam always come first
  double any_first = 0;     // had each of the five come first equally often
  double rye_then_ham = 0;  // clicks on both, had all lists been these two
  double weights = 0;       // of jam_first: 1 on average
  ASSERT_TRUE(engine.scan_shown([&](const ShownList& list) {
    ++n_lists;
    const RecommendedItem& first = list.items[0];
    const RecommendedItem& second = list.items[1];
    firsts.insert(first.item);
    as_shown += clicks.at(first.item);
    any_first += clicks.at(first.item) / 5 / first.propensity;
    if (first.item == "jam") jam_first += clicks.at("jam") / first.propensity;
    if (first.item == "jam") weights += 1 / first.propensity;
    if (first.item == "rye" && second.item == "ham") {
      rye_then_ham += (clicks.at("rye") + clicks.at("ham")) / first.propensity / second.propensity;
    }
    return true;
  }));
  ASSERT_EQ(n_lists, kLists);
  ASSERT_EQ(firsts.size(), 5U);
  const auto n = static_cast<double>(kLists);
  // Standard errors with 4000 lists are 0.02 to 0.04, by the chances of the items (0.05 to 0.4).
  EXPECT_NEAR(jam_first / n, 0.9, 0.08);
  EXPECT_NEAR(weights / n, 1, 0.08);
  EXPECT_NEAR(any_first / n, 0.4, 0.04);
  EXPECT_NEAR(rye_then_ham / n, 0.8, 0.16);
  // Without the propensities it would be far off.
  EXPECT_GT(std::abs(as_shown / n - 0.9), 0.3);
}

}  // namespace
}  // namespace coseno
