// What an engine does where something is wrong: with its callers, its folder, its disk or its
// clock.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "coseno/engine.h"
#include "engine/engine_fixture.h"
#include "engine/engine_testing.h"
#include "storage/disk_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

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

  // Users and items of fill(), and what the engine says of them.
  static std::string answers(const Engine& engine) {
    std::vector<std::string> users = {"stranger"};
    std::vector<std::string> items;
    for (int n = 0; n < 12; ++n) {
      users.push_back(fmt::format("u{}", n));
      items.push_back(fmt::format("i{}", n));
    }
    return answers_of(engine, users, items);
  }
  static void fill(Engine& engine) {
    for (int u = 0; u < 12; ++u) {
      for (int i = 0; i < 6; ++i) {
        see(engine, fmt::format("u{}", u), fmt::format("i{}", (u % 3 + 2 * i + u * i % 2) % 12));
      }
    }
    ASSERT_TRUE(engine.put_item("i3", R"({"genre":["Drama","War"],"year":1994})"));
    ASSERT_TRUE(engine.erase_user("u11"));
  }

  static std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write_file(const fs::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
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

// --- callers

TEST_F(EngineTroubleTest, EveryKindOfBadEventIsRefusedByFieldAndLeavesNothing) {
  Engine engine = open();
  const std::uint64_t before = engine.stats().position;
  const std::string too_long(513, 'x');
  const float infinity = std::numeric_limits<float>::infinity();
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::pair<Event, std::string>> bad = {
      {{.user = "", .item = "tea"}, "user"},
      {{.user = too_long, .item = "tea"}, "user"},
      {{.user = "a\xff", .item = "tea"}, "user"},
      {{.user = "a\xed\xa0\x80", .item = "tea"}, "user"},  // a surrogate
      {{.user = "ann", .item = ""}, "item"},
      {{.user = "ann", .item = too_long}, "item"},
      {{.user = "ann", .item = "\xc0\x80"}, "item"},  // overlong
      {{.user = "ann", .item = "tea", .type = ""}, "type"},
      {{.user = "ann", .item = "tea", .type = "glance"}, "type"},
      {{.user = "ann", .item = "tea", .value = NAN}, "value"},
      {{.user = "ann", .item = "tea", .value = infinity}, "value"},
      {{.user = "ann", .item = "tea", .value = -infinity}, "value"},
      {{.user = "ann", .item = "tea", .time_ms = kFirst}, "time_ms"},
      {{.user = "ann", .item = "tea", .time_ms = kLast}, "time_ms"},
      {{.user = "ann", .item = "tea", .time_ms = kNow + kDay + 1}, "time_ms"},
      {{.user = "ann", .item = "tea", .id = too_long}, "id"},
      {{.user = "ann", .item = "tea", .id = "\xf8"}, "id"},
  };
  for (const auto& [event, field] : bad) {
    const auto refused = engine.observe(event);
    ASSERT_FALSE(refused) << field;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(refused.error().message.contains(field)) << refused.error().message;
    const std::vector<Event> batch = {{.user = "bob", .item = "jam"}, event};
    const auto batch_refused = engine.observe(batch);
    ASSERT_FALSE(batch_refused) << field;
    EXPECT_TRUE(batch_refused.error().message.starts_with("event 2 of 2: "));
  }
  const std::vector<Event> too_many(100001, Event{.user = "ann", .item = "tea"});
  EXPECT_EQ(engine.observe(too_many).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(engine.observe(std::span<const Event>())->position, before);
  for (const std::string_view id : {std::string_view(""), std::string_view(too_long),
                                    std::string_view("\xff"), std::string_view("\0", 1)}) {
    EXPECT_EQ(engine.retract(id).error().code, ErrorCode::not_found);
    EXPECT_EQ(engine.erase_user(id).error().code, ErrorCode::not_found);
    EXPECT_EQ(engine.delete_item(id).error().code, ErrorCode::not_found);
    EXPECT_EQ(engine.similar(id, 5).error().code, ErrorCode::not_found);
  }
  for (const std::string_view json :
       {"", "{", "[]", "1", R"({"a":{}})", R"({"a":1,"a":2})", R"({"":1})"}) {
    EXPECT_EQ(engine.put_item("tea", json).error().code, ErrorCode::invalid_argument) << json;
    EXPECT_EQ(engine.patch_item("tea", json).error().code, ErrorCode::invalid_argument) << json;
    EXPECT_EQ(engine.put_user("ann", json).error().code, ErrorCode::invalid_argument) << json;
  }
  const EngineStats stats = engine.stats();
  EXPECT_EQ(stats.position, before);
  EXPECT_EQ(stats.n_users + stats.n_items + stats.n_events, 0U);
}

TEST_F(EngineTroubleTest, TheMostAndTheLeastThatIsAllowedIsKept) {
  const std::string longest(512, 'x');
  constexpr std::int64_t kYear1 = -62135596800000;
  constexpr float kLargest = std::numeric_limits<float>::max();
  const std::vector<Event> events = {
      {.user = longest, .item = longest, .value = kLargest, .time_ms = kYear1, .id = longest},
      {.user = longest, .item = "\xf0\x9f\x8d\xb5", .value = -kLargest, .time_ms = kNow + kDay}};
  std::string before;
  {
    Engine engine = open();
    ASSERT_EQ(engine.observe(events)->n_new, 2U);
    before = text_of(engine.history(longest));
  }
  Engine engine = open();
  EXPECT_EQ(text_of(engine.history(longest)), before);
  EXPECT_EQ(engine.history(longest).front().time_ms, kYear1);
  EXPECT_EQ(engine.observe(events[0])->n_repeated, 1U);
  EXPECT_TRUE(engine.recommend({.user = longest, .include_seen = true, .explain = true}));
}

// They ended the process when a training began.
TEST_F(EngineTroubleTest, ThreadsThatNobodyCanHaveAreRefusedAtTheDoor) {
  for (const int n_threads : {-1, 1025}) {
    options_.n_threads = n_threads;
    const Result<Engine> opened = Engine::open(folder_, options_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message,
              fmt::format("n_threads must be in [0, 1024], not {}", n_threads));
  }
}

TEST_F(EngineTroubleTest, AUserWithAHundredThousandEventsHasABoundedHistory) {
  constexpr std::size_t kEvents = 100000;
  constexpr std::size_t kBatch = 1000;
  options_.history_length = 1000;
  std::vector<std::string> items;
  for (int n = 0; n < 5000; ++n) items.push_back(fmt::format("i{}", n));
  {
    Engine engine = open();
    Rng rng(1);
    std::vector<std::int64_t> times;
    for (std::size_t done = 0; done < kEvents; done += kBatch) {
      std::vector<Event> events;
      for (std::size_t n = 0; n < kBatch; ++n) {
        times.push_back(kNow - static_cast<std::int64_t>(rng.below(1 << 30)));
        events.push_back(
            {.user = "robot", .item = items[rng.below(items.size())], .time_ms = times.back()});
      }
      ASSERT_TRUE(engine.observe(events));
    }
    // The newest, in their order.
    std::ranges::sort(times);
    const std::vector<PastEvent> history = engine.history("robot");
    ASSERT_EQ(history.size(), options_.history_length);
    for (std::size_t n = 0; n < history.size(); ++n) {
      EXPECT_EQ(history[n].time_ms, times[kEvents - history.size() + n]);
    }
    const EngineStats stats = engine.stats();
    EXPECT_EQ(stats.n_kept_events, options_.history_length);
    EXPECT_EQ(stats.n_events, kEvents);
    EXPECT_LT(stats.users_bytes, 1U << 20);
    EXPECT_EQ(engine.recommend({.user = "robot", .k = 100})->items.size(), 100U);
    ASSERT_TRUE(engine.erase_user("robot"));
    EXPECT_EQ(engine.stats().n_kept_events, 0U);
    ASSERT_TRUE(engine.compact());
    EXPECT_EQ(engine.stats().n_events, 0U);
  }
  EXPECT_EQ(open().stats().n_kept_events, 0U);
}

// --- clocks

TEST_F(EngineTroubleTest, AClockThatGoesBackwardsLosesNothing) {
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    EventTypes types = engine.event_types();
    types["view"].half_life_days = 1;
    types["view"].hides_days = 5;
    ASSERT_TRUE(engine.set_event_types(types));
    see(engine, "u0", "early");
    clock_.advance_ms(-10 * kDay);
    see(engine, "u0", "late");
    const std::vector<PastEvent> history = engine.history("u0");
    ASSERT_GE(history.size(), 2U);
    EXPECT_EQ(history.front().item, "late");  // by its time it is the oldest
    EXPECT_EQ(history.back().item, "early");
    const Recommendations answer = engine.recommend({.user = "u0", .k = 100}).value();
    for (const RecommendedItem& item : answer.items) {
      EXPECT_TRUE(std::isfinite(item.score));
      EXPECT_NE(item.item, "early");
      EXPECT_NE(item.item, "late");
    }
    // What is known of the future stays; more of it is refused.
    EXPECT_FALSE(engine.observe({.user = "u0", .item = "tea", .time_ms = kNow}));
    before = answers(engine);
  }
  EXPECT_EQ(first_difference(answers(open()), before), "");
}

// --- damaged files

// Derived: where it is not what was written, the log is read in its place.
TEST_F(EngineTroubleTest, ADamagedCheckpointIsBuiltAnew) {
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    before = answers(engine);
  }
  const fs::path path = folder_ + "/state";
  const std::string good = read_file(path);
  ASSERT_GT(good.size(), 1000U);
  const auto expect_rebuilt = [&](const std::string& bytes, const std::string& trouble) {
    write_file(path, bytes);
    EXPECT_EQ(first_difference(answers(open()), before), "") << trouble;
    EXPECT_EQ(read_file(path), good) << trouble;
  };
  for (std::size_t at = 0; at < good.size(); at += at < 32 ? 3 : good.size() / 12) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    expect_rebuilt(bytes, fmt::format("byte {}", at));
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{15}, std::size_t{16}, good.size() / 2, good.size() - 1}) {
    expect_rebuilt(good.substr(0, size), fmt::format("{} bytes", size));
  }
  expect_rebuilt(good + "x", "a byte more");
  expect_rebuilt("", "nothing");
}

// Derived as it is, it keeps no engine from opening; the next training replaces it.
TEST_F(EngineTroubleTest, ADamagedSnapshotIsToldAndGoneWithout) {
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    ASSERT_TRUE(engine.train({.model = "item_knn"}));
    before = answers(engine);
  }
  const fs::path snapshots = folder_ + "/snapshots";
  std::size_t n_told = 0;
  for (const char* const name : {"CURRENT", "000001/snapshot.json", "000001/model.safetensors"}) {
    const std::string good = read_file(snapshots / name);
    ASSERT_FALSE(good.empty()) << name;
    const auto expect_told = [&](const std::string& bytes, const std::string& trouble) {
      write_file(snapshots / name, bytes);
      const auto opened = Engine::open(folder_, options_);
      ASSERT_TRUE(opened) << name << ": " << trouble << ": " << opened.error().message;
      const EngineStats stats = opened->stats();
      if (stats.snapshot_trouble.empty()) {
        EXPECT_EQ(first_difference(answers(*opened), before), "") << name << ": " << trouble;
        return;
      }
      ++n_told;
      EXPECT_EQ(stats.snapshot, 0U) << name << ": " << trouble;
      EXPECT_TRUE(stats.snapshot_trouble.contains(folder_)) << stats.snapshot_trouble;
      EXPECT_FALSE(Engine::verify(folder_)) << name << ": " << trouble;
      EXPECT_TRUE(opened->recommend({.user = "u1"})) << name << ": " << trouble;
    };
    for (std::size_t at = 0; at < good.size(); at += good.size() / 10 + 1) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
      expect_told(bytes, fmt::format("byte {} of {}", at, good.size()));
    }
    expect_told(good.substr(0, good.size() / 2), "half of it");
    write_file(snapshots / name, good);
  }
  EXPECT_GT(n_told, 15U);
  EXPECT_EQ(first_difference(answers(open()), before), "");

  write_file(snapshots / "CURRENT", "000009\n");
  Engine engine = open();
  EXPECT_TRUE(engine.stats().snapshot_trouble.contains("names snapshot 9, which is not there"));
  EXPECT_EQ(engine.refresh().error().code, ErrorCode::corrupt);
  ASSERT_TRUE(engine.train({.model = "item_knn"}));
  EXPECT_EQ(engine.stats().snapshot, 2U);
  EXPECT_EQ(engine.stats().snapshot_trouble, "");

  // Beside a writer too.
  write_file(snapshots / "CURRENT", "000009\n");
  Engine beside = Engine::open_beside(folder_, options_).value();
  ASSERT_TRUE(beside.train({.model = "item_knn"}));
  EXPECT_EQ(beside.stats().snapshot, 3U);
}

// One that lies in the folder of another store knows what never happened there.
TEST_F(EngineTroubleTest, AStateOfAnotherStoreIsNotRead) {
  std::string before;
  std::string other;
  {
    Engine engine = open();
    fill(engine);
  }
  other = read_file(folder_ + "/state");
  fs::remove_all(folder_);
  {
    Engine engine = open();
    ASSERT_TRUE(engine.observe({.user = "u1", .item = "another"}));
    ASSERT_TRUE(engine.observe({.user = "u2", .item = "another"}));
    fill(engine);
    before = answers(engine);
  }
  write_file(folder_ + "/state", other);
  EXPECT_EQ(first_difference(answers(open()), before), "");
}

// --- disks and folders

TEST_F(EngineTroubleTest, AReadOnlyFolderIsForReaders) {
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    before = answers(engine);
  }
  const auto allow_writing = [&](bool is_allowed) {
    for (const std::string& path : {folder_, folder_ + "/store"}) {
      ASSERT_EQ(chmod(path.c_str(), is_allowed ? 0755 : 0555), 0);
    }
  };
  allow_writing(false);
  {
    const UnprivilegedUser user;
    const auto writer = Engine::open(folder_, options_);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::io) << writer.error().message;
    const auto new_one = Engine::open(folder_ + "/new", options_);
    ASSERT_FALSE(new_one);
    EXPECT_EQ(new_one.error().code, ErrorCode::io) << new_one.error().message;
    Result<Engine> reader = Engine::open_beside(folder_, options_);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ(first_difference(answers(*reader), before), "");
    EXPECT_TRUE(reader->refresh());
  }
  allow_writing(true);
  EXPECT_EQ(first_difference(answers(open()), before), "");
}

TEST_F(EngineTroubleTest, AFullDiskRefusesWhatItCannotKeepAndNothingElse) {
  const SmallDisk disk(folder_, 80);
  if (!disk.is_there()) GTEST_SKIP() << "cannot mount a small file system: " << disk.reason();
  const std::string ballast = folder_ + "/ballast";
  write_file(ballast, std::string(74 << 20, 'x'));
  folder_ += "/data";
  std::string before;
  std::size_t n_seen = 0;
  {
    Engine engine = open();
    fill(engine);
    const auto see_next = [&] {
      const std::string id = fmt::format("{:0>500}", n_seen);
      const auto seen = engine.observe({.user = "u0", .item = id, .id = id});
      if (seen) ++n_seen;
      return seen;
    };
    while (see_next() && n_seen < 20000) {
    }
    const auto refused = see_next();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::io) << refused.error().message;
    before = answers(engine);
    // Nothing is true that could not be stored.
    EventTypes types = engine.event_types();
    types["listen"] = {.weight = 2};
    EXPECT_EQ(engine.set_event_types(types).error().code, ErrorCode::io);
    EXPECT_EQ(engine.put_item("new", "{}").error().code, ErrorCode::io);
    EXPECT_EQ(engine.put_user("u1", R"({"age":3})").error().code, ErrorCode::io);
    EXPECT_EQ(engine.erase_user("u1").error().code, ErrorCode::io);
    EXPECT_EQ(first_difference(answers(engine), before), "");
    EXPECT_FALSE(engine.event_types().contains("listen"));

    // RocksDB wants as much room as its largest memtable before it goes on, 32 MiB.
    fs::remove(ballast);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Result<Acknowledged> seen = see_next();
    while (!seen && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      seen = see_next();
    }
    ASSERT_TRUE(seen) << seen.error().message;
    ASSERT_TRUE(engine.set_event_types(types));
    ASSERT_TRUE(engine.observe({.user = "u1", .item = "i1", .type = "listen"}));
    before = answers(engine);
  }
  EXPECT_EQ(first_difference(answers(open()), before), "");
  EXPECT_EQ(open().history("u1").back().type, "listen");
  fs::remove(folder_ + "/state");
  EXPECT_EQ(first_difference(answers(open()), before), "");
}

}  // namespace
}  // namespace coseno
