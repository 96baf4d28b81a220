// What an engine does where something is wrong: with its callers, its folder, its disk or its
// clock.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "coseno/engine.h"
#include "engine/engine_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr std::int64_t kDay = 24LL * 3600 * 1000;

class EngineTroubleTest : public testing::Test {
 protected:
  EngineTroubleTest() {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + fmt::format("coseno_trouble_{}_{}", getpid(), info.name());
    fs::remove_all(folder_);
    options_.clock = &clock_;
    options_.n_threads = 1;
  }
  ~EngineTroubleTest() override { fs::remove_all(folder_); }

  Engine open() { return Engine::open(folder_, options_).value(); }

  static void see(Engine& engine, std::string_view user, std::string_view item,
                  std::string_view id = {}) {
    const auto seen = engine.observe({.user = user, .item = item, .id = id});
    ASSERT_TRUE(seen) << seen.error().message;
  }

  std::string folder_;
  ManualClock clock_{kNow};
  EngineOptions options_;
};

// --- what has been compacted away

TEST_F(EngineTroubleTest, ARetractionOfADroppedEventCountsForNothing) {
  Engine engine = open();
  see(engine, "ann", "tea", "e1");
  see(engine, "bob", "tea");
  ASSERT_TRUE(engine.retract("e1"));
  ASSERT_TRUE(engine.erase_user("ann"));
  EXPECT_EQ(engine.stats().n_events, 1U);
  ASSERT_TRUE(engine.compact());
  EXPECT_EQ(engine.stats().n_events, 1U);
}

// --- event types

TEST_F(EngineTroubleTest, TypesThatCannotBeReadAgainAreRefused) {
  {
    Engine engine = open();
    EXPECT_EQ(engine.set_event_types({{"\xff", {}}}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine.set_event_types({{"", {}}}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine.set_event_types({{"view", {.weight = NAN}}}).error().code,
              ErrorCode::invalid_argument);
  }
  EXPECT_EQ(open().event_types(), default_event_types());
}

// Numbers of types are never given back: events of the past have them.
TEST_F(EngineTroubleTest, AThousandTypesAreAllThatThereCanBeInTheLifeOfALog) {
  Engine engine = open();
  const auto some = [](std::string_view letter) {
    EventTypes types;
    for (int n = 0; n < 600; ++n) types.emplace(fmt::format("{}{}", letter, n), EventType());
    return types;
  };
  ASSERT_TRUE(engine.set_event_types(some("a")));
  const auto refused = engine.set_event_types(some("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(engine.event_types(), some("a"));
  EXPECT_TRUE(engine.observe({.user = "ann", .item = "tea", .type = "a599"}));
  EXPECT_TRUE(engine.set_event_types(default_event_types()));
}

// --- readers

TEST_F(EngineTroubleTest, AReaderKnowsWhoWasErasedAndCameBack) {
  Engine engine = open();
  see(engine, "ann", "tea");
  Engine reader = Engine::open_beside(folder_, options_).value();
  ASSERT_TRUE(engine.erase_user("ann"));
  see(engine, "bob", "rye");
  see(engine, "ann", "jam");
  ASSERT_TRUE(reader.refresh());
  EXPECT_EQ(text_of(reader.history("ann")), text_of(engine.history("ann")));
  EXPECT_EQ(text_of(reader.history("bob")), text_of(engine.history("bob")));
}

// A reader answers while it takes up events of types, users and items that it has not heard of.
TEST_F(EngineTroubleTest, AReaderAnswersWhileItRefreshes) {
  Engine engine = open();
  see(engine, "ann", "tea");
  Engine reader = Engine::open_beside(folder_, options_).value();
  std::atomic<bool> is_done = false;
  std::thread asker([&] {
    while (!is_done) {
      ASSERT_TRUE(reader.recommend({.user = "ann", .explain = true}));
      ASSERT_TRUE(reader.user("ann"));
      ASSERT_FALSE(reader.history("ann").empty());
    }
  });
  for (int n = 0; n < 60; ++n) {
    EventTypes types = engine.event_types();
    const std::string type = fmt::format("type{}", n);
    types[type] = {.weight = 2};
    ASSERT_TRUE(engine.set_event_types(types));
    ASSERT_TRUE(engine.observe({.user = "ann", .item = fmt::format("i{}", n), .type = type}));
    ASSERT_TRUE(engine.put_user("ann", fmt::format(R"({{"n":{}}})", n)));
    ASSERT_TRUE(reader.refresh());
    EXPECT_EQ(text_of(reader.history("ann")), text_of(engine.history("ann")));
  }
  is_done = true;
  asker.join();
}

}  // namespace
}  // namespace coseno
