// Long work on a data folder: what it tells, and what it leaves when it is told to stop.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "coseno/engine.h"
#include "engine/engine_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

class EngineCancelTest : public testing::Test {
 protected:
  EngineCancelTest() {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    root_ =
        fs::path(testing::TempDir()) / fmt::format("coseno_cancel_{}_{}", getpid(), info.name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~EngineCancelTest() override { fs::remove_all(root_); }

  std::string path(std::string_view name) const { return (root_ / name).string(); }
  Engine open(std::string_view name) const {
    return Engine::open(path(name), {.n_threads = 1, .clock = &clock_}).value();
  }

  // Nine users, of whom u8 is erased, a retraction, a type of weight 3, and a model.
  Engine filled() const {
    Engine engine = open("data");
    EventTypes types = default_event_types();
    types["sing"] = {.weight = 3};
    EXPECT_TRUE(engine.set_event_types(types));
    for (int u = 0; u < 9; ++u) {
      for (int i = 0; i < 4; ++i) {
        EXPECT_TRUE(engine.observe({.user = fmt::format("u{}", u),
                                    .item = fmt::format("i{}", (u * i + u + i) % 7),
                                    .type = i == 2 ? "sing" : "view",
                                    .time_ms = 1'700'000'000'000 + u,
                                    .id = fmt::format("{} {}", u, i)}));
      }
    }
    EXPECT_TRUE(engine.retract("3 1"));
    EXPECT_TRUE(engine.train({.model = "item_knn"}));
    EXPECT_TRUE(engine.erase_user("u8"));
    return engine;
  }

  static std::string answers(const Engine& engine) {
    std::vector<std::string> users;
    std::vector<std::string> items;
    for (int n = 0; n < 9; ++n) users.push_back(fmt::format("u{}", n));
    for (int n = 0; n < 7; ++n) items.push_back(fmt::format("i{}", n));
    return answers_of(engine, users, items);
  }

  // Stops the work in this stage.
  class StopIn {
   public:
    explicit StopIn(std::string_view stage) : stop_in_(stage) {}
    ProgressOptions options() {
      return {.progress = [this](std::string_view stage, double) { stages_.emplace(stage); },
              .cancelled = [this] { return stages_.contains(stop_in_); }};
    }
    const std::set<std::string>& stages() const { return stages_; }

   private:
    std::string stop_in_;
    std::set<std::string> stages_;
  };

  ManualClock clock_{1'700'000'100'000};
  fs::path root_;
};

using Stages = std::set<std::string>;

TEST_F(EngineCancelTest, CompactionAndRestoringTellTheirStages) {
  Engine engine = filled();
  StopIn never("never");
  ASSERT_TRUE(engine.compact(never.options()));
  EXPECT_EQ(never.stages(), (Stages{"compacting", "counting anew"}));
  ASSERT_TRUE(engine.back_up(path("backup")));
  StopIn never_either("never");
  ASSERT_TRUE(Engine::restore(path("backup"), path("again"), never_either.options()));
  EXPECT_EQ(never_either.stages(), (Stages{"restoring", "restoring the snapshot"}));
}

TEST_F(EngineCancelTest, ACancelledCompactionChangesNoAnswerAndIsDoneTheNextTime) {
  std::string compacted;
  {
    static_cast<void>(filled());
    fs::copy(path("data"), path("copy"), fs::copy_options::recursive);
    Engine engine = open("copy");
    ASSERT_TRUE(engine.compact());
    compacted = answers(engine);
  }
  Engine engine = open("data");
  const std::string before = answers(engine);
  for (const std::string_view stage : {"compacting", "counting anew"}) {
    StopIn stop(stage);
    const auto stopped = engine.compact(stop.options());
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code, ErrorCode::cancelled) << stopped.error().message;
    EXPECT_EQ(first_difference(answers(engine), before), "");
    EXPECT_TRUE(Engine::verify(path("data")));
    EXPECT_EQ(engine.event_types().at("sing").weight, 3);
  }
  ASSERT_TRUE(engine.compact());
  EXPECT_EQ(first_difference(answers(engine), compacted), "");
}

// Counting on from what was put back gives what counting from the beginning gives.
TEST_F(EngineCancelTest, AfterACancelledCompactionEventsCountAsBefore) {
  std::string counted;
  for (const bool is_cancelled : {false, true}) {
    fs::remove_all(root_ / "data");
    Engine engine = filled();
    StopIn stop("counting anew");
    if (is_cancelled) {
      EXPECT_FALSE(engine.compact(stop.options()));
    }
    const std::uint64_t n_events = engine.stats().n_events;
    ASSERT_TRUE(engine.observe(
        {.user = "u1", .item = "i0", .type = "sing", .time_ms = 1'700'000'000'500, .id = "late"}));
    ASSERT_TRUE(engine.retract("2 1"));
    EXPECT_EQ(engine.stats().n_events, n_events);
    if (is_cancelled) {
      EXPECT_EQ(first_difference(answers(engine), counted), "");
    } else {
      counted = answers(engine);
    }
  }
}

// What was asked to stop before it began does not begin.
TEST_F(EngineCancelTest, WhatIsCancelledBeforehandDoesNothing) {
  Engine engine = filled();
  const std::string before = answers(engine);
  EXPECT_EQ(engine.compact({.cancelled = [] { return true; }}).error().code, ErrorCode::cancelled);
  EXPECT_EQ(first_difference(answers(engine), before), "");
  EXPECT_EQ(Engine::verify(path("data")).value().n_events, 36U);
}

TEST_F(EngineCancelTest, ACancelledRestoreLeavesTheFolderAsItWas) {
  ASSERT_TRUE(filled().back_up(path("backup")));
  fs::create_directory(root_ / "there");
  for (const std::string_view stage : {"restoring", "restoring the snapshot"}) {
    for (const std::string_view name : {"missing", "there"}) {
      StopIn stop(stage);
      const auto stopped = Engine::restore(path("backup"), path(name), stop.options());
      ASSERT_FALSE(stopped);
      EXPECT_EQ(stopped.error().code, ErrorCode::cancelled) << stopped.error().message;
    }
    EXPECT_FALSE(fs::exists(root_ / "missing"));
    EXPECT_TRUE(fs::is_empty(root_ / "there"));
  }
  ASSERT_TRUE(Engine::restore(path("backup"), path("there")));
  EXPECT_EQ(first_difference(answers(open("there")), answers(open("data"))), "");
}

}  // namespace
}  // namespace coseno
