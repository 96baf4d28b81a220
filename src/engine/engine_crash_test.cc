// Processes that are killed while they write, and files as a power cut leaves them.
//
// The child is this program again, so that no thread and no lock of the parent is in it. What it
// does is drawn from seed, thread and number alone, so parent and child need not tell each other
// what; the child says only which are done. COSENO_CRASH_KILLS says how many are killed.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "coseno/engine.h"
#include "engine/engine_fixture.h"
#include "engine/engine_testing.h"
#include "engine/plain_engine.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWriterThreads = 3;
constexpr std::size_t kUsersOfThread = 3;  // of a thread, which alone changes them
constexpr std::size_t kItemsOfThread = 5;  // the same
constexpr std::size_t kMarkedItem = kItemsOfThread;
constexpr std::size_t kSharedItems = 20;
constexpr std::size_t kHistoryLength = 10000;  // nothing is dropped from one

using Counts = std::array<std::size_t, kWriterThreads>;  // deeds done by each thread

EngineOptions options_with(const Clock& clock) {
  return {.history_length = kHistoryLength, .n_threads = 1, .clock = &clock};
}

// --- deeds

struct OwnedEvent {
  std::string user;
  std::string item;
  float value;
  std::int64_t time_ms;
  std::string id;

  Event view() const {
    return {.user = user, .item = item, .value = value, .time_ms = time_ms, .id = id};
  }
};

struct Deed {
  enum class Kind { observe, retract, put_item, delete_item, put_user, erase_user };
  Kind kind;
  std::vector<OwnedEvent> events = {};
  std::string id = {};  // of an event, item or user
  std::uint64_t n = 0;
};

std::string user_of(std::size_t thread, std::size_t n) { return fmt::format("t{}u{}", thread, n); }
std::string item_of(std::size_t thread, std::size_t n) { return fmt::format("t{}i{}", thread, n); }
std::string shared_item(std::size_t n) { return fmt::format("s{}", n); }
std::string event_id(std::size_t thread, std::size_t n) { return fmt::format("t{}e{}", thread, n); }

// The n-th deed of a thread. Every other one leaves a mark that no later one takes back, so that
// what a thread has left tells how far it came.
Deed deed(std::uint64_t seed, std::size_t thread, std::size_t n) {
  if (n % 2 == 1) {
    return {.kind = Deed::Kind::put_item, .id = item_of(thread, kMarkedItem), .n = n};
  }
  Rng rng(seed, thread, n);
  const std::string user = user_of(thread, rng.below(kUsersOfThread));
  const std::string item = item_of(thread, rng.below(kItemsOfThread));
  const auto earlier = [&] { return event_id(thread, n - std::min(n, 2 + 2 * rng.below(10))); };
  const std::uint64_t what = rng.below(100);
  if (what < 8) return {.kind = Deed::Kind::retract, .id = earlier()};
  if (what < 16) return {.kind = Deed::Kind::put_item, .id = item, .n = n};
  if (what < 20) return {.kind = Deed::Kind::delete_item, .id = item};
  if (what < 24) return {.kind = Deed::Kind::put_user, .id = user, .n = n};
  if (what < 26) return {.kind = Deed::Kind::erase_user, .id = user};
  Deed result = {.kind = Deed::Kind::observe};
  const std::size_t n_events = rng.below(4) == 0 ? 1 + rng.below(5) : 1;
  for (std::size_t e = 0; e < n_events; ++e) {
    result.events.push_back(
        {.user = user_of(thread, rng.below(kUsersOfThread)),
         .item = rng.below(3) == 0 ? item : shared_item(rng.below(kSharedItems)),
         .value = static_cast<float>(8 * n + e),
         .time_ms = kNow - static_cast<std::int64_t>(rng.below(1000)),
         .id = e == 0 ? event_id(thread, n) : ""});
  }
  if (rng.below(10) == 0) result.events[0].id = earlier();
  return result;
}

// As the engine and the plain one want it; whatever they say of what is not there is fine.
template <class T>
Result<void> done(const Result<T>& result) {
  if (result || result.error().code == ErrorCode::not_found) return {};
  return std::unexpected(result.error());
}

Result<void> perform(const Deed& deed, Engine& engine) {
  switch (deed.kind) {
    case Deed::Kind::observe: {
      std::vector<Event> events;
      for (const OwnedEvent& event : deed.events) events.push_back(event.view());
      return done(engine.observe(events));
    }
    case Deed::Kind::retract:
      return done(engine.retract(deed.id));
    case Deed::Kind::put_item:
      return done(engine.put_item(deed.id, fmt::format(R"({{"n":{}}})", deed.n)));
    case Deed::Kind::delete_item:
      return done(engine.delete_item(deed.id));
    case Deed::Kind::put_user:
      return done(engine.put_user(deed.id, fmt::format(R"({{"n":{}}})", deed.n)));
    case Deed::Kind::erase_user:
      return done(engine.erase_user(deed.id));
  }
  return {};
}

void perform(const Deed& deed, PlainEngine& plain) {
  switch (deed.kind) {
    case Deed::Kind::observe:
      for (const OwnedEvent& event : deed.events) plain.observe(event.view(), kNow);
      return;
    case Deed::Kind::retract:
      plain.retract(deed.id);
      return;
    case Deed::Kind::put_item:
      plain.put_item(deed.id, {{"n", {{fmt::format("{}", deed.n)}}}});
      return;
    case Deed::Kind::delete_item:
      plain.delete_item(deed.id);
      return;
    case Deed::Kind::put_user:
      plain.put_user(deed.id, fmt::format(R"({{"n":{}}})", deed.n));
      return;
    case Deed::Kind::erase_user:
      plain.erase_user(deed.id);
      return;
  }
}

// --- the child

std::size_t number_in(const char* name, std::size_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? otherwise : std::stoull(text);
}

constexpr int kPipe = 3;  // the child's end

void say(const std::string& line) {
  if (write(kPipe, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

// Writes from several threads, and closes and opens now and then; a line "THREAD NUMBER" a deed.
TEST(CrashWriter, DISABLED_WritesUntilItIsKilled) {
  const std::string folder = std::getenv("COSENO_CRASH_FOLDER");  // NOLINT(concurrency-mt-unsafe)
  const std::uint64_t seed = number_in("COSENO_CRASH_SEED", 0);
  Counts counts;
  for (std::size_t t = 0; t < kWriterThreads; ++t) {
    counts[t] = number_in(fmt::format("COSENO_CRASH_DONE{}", t).c_str(), 0);
  }
  const ManualClock clock(kNow);
  for (Rng rng(seed, counts[0]);;) {
    Result<Engine> engine = Engine::open(folder, options_with(clock));
    if (!engine) return say(engine.error().message + "\n");
    const std::size_t n_deeds = 50 + rng.below(1000);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kWriterThreads; ++t) {
      threads.emplace_back([&, t] {
        for (const std::size_t end = counts[t] + n_deeds; counts[t] < end; ++counts[t]) {
          const Result<void> result = perform(deed(seed, t, counts[t]), *engine);
          say(result ? fmt::format("{} {}\n", t, counts[t]) : result.error().message + "\n");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

// --- the parent

class CrashTest : public testing::Test {
 protected:
  CrashTest() { start_anew(); }
  ~CrashTest() override { fs::remove_all(folder_); }

  void start_anew() {
    fs::remove_all(folder_);
    counts_ = {};
    plain_.assign(kWriterThreads, PlainEngine(kHistoryLength));
    ++seed_;
  }

  Engine open() {
    Result<Engine> engine = Engine::open(folder_, options_with(clock_));
    if (!engine) throw std::runtime_error(engine.error().message);
    return std::move(*engine);
  }

  pid_t start_child(int pipe_end) const {
    std::vector<std::string> environment = {"COSENO_CRASH_FOLDER=" + folder_,
                                            fmt::format("COSENO_CRASH_SEED={}", seed_)};
    for (std::size_t t = 0; t < kWriterThreads; ++t) {
      environment.push_back(fmt::format("COSENO_CRASH_DONE{}={}", t, counts_[t]));
    }
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    std::vector<std::string> arguments = {"crash_writer", "--gtest_filter=CrashWriter.*",
                                          "--gtest_also_run_disabled_tests"};
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> result;
      for (std::string& text : texts) result.push_back(text.data());
      result.push_back(nullptr);
      return result;
    };
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_end, kPipe);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, "/proc/self/exe", &actions, nullptr, pointers(arguments).data(),
                          pointers(environment).data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  // Reads lines until there are `n_lines`, or the end of the pipe.
  void read_acknowledgements(int pipe_end, std::size_t n_lines, Counts& counts) {
    std::size_t n = 0;
    std::array<char, 4096> buffer;
    while (n < n_lines) {
      const ssize_t n_read = read(pipe_end, buffer.data(), buffer.size());
      if (n_read <= 0) break;
      unread_.append(buffer.data(), static_cast<std::size_t>(n_read));
      for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos; ++n) {
        std::size_t thread = kWriterThreads;
        std::size_t number = 0;
        const char* const last = unread_.data() + end;
        const auto first = std::from_chars(unread_.data(), last, thread);
        const bool is_good = first.ec == std::errc() && first.ptr != last &&
                             std::from_chars(first.ptr + 1, last, number).ptr == last;
        ASSERT_TRUE(is_good && thread < kWriterThreads) << unread_.substr(0, end);
        ASSERT_EQ(number, counts[thread]++);
        unread_.erase(0, end + 1);
      }
    }
  }

  // How many deeds of each thread were acknowledged by a child that was killed.
  Counts write_and_kill(std::size_t n_acknowledged) {
    std::array<int, 2> ends;
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    const pid_t child = start_child(ends[1]);
    close(ends[1]);
    Counts counts = counts_;
    unread_.clear();
    read_acknowledgements(ends[0], n_acknowledged, counts);
    std::this_thread::sleep_for(std::chrono::microseconds(rng_.below(20000)));
    kill(child, SIGKILL);
    read_acknowledgements(ends[0], SIZE_MAX, counts);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child came to an end by itself";
    close(ends[0]);
    return counts;
  }

  // What one thread alone changes.
  template <class Source, class User, class Item>
  static std::string view(const Source& source, std::size_t thread, const User& user,
                          const Item& item) {
    std::string text;
    for (std::size_t u = 0; u < kUsersOfThread; ++u) {
      const std::string id = user_of(thread, u);
      text +=
          fmt::format("{} {} {}", id, user(id).value_or("nothing"), text_of(source.history(id)));
    }
    for (std::size_t i = 0; i <= kMarkedItem; ++i) {
      const std::string id = item_of(thread, i);
      text += fmt::format("{} {}\n", id, item(id).value_or("nothing"));
    }
    return text;
  }
  static std::string view(const Engine& engine, std::size_t thread) {
    return view(
        engine, thread, [&](const std::string& id) { return engine.user(id).value(); },
        [&](const std::string& id) { return engine.item(id).value(); });
  }
  static std::string view(const PlainEngine& plain, std::size_t thread) {
    return view(
        plain, thread, [&](const std::string& id) { return plain.user_json(id); },
        [&](const std::string& id) { return plain.item_json(id); });
  }

  // The engine holds what the first so many deeds of the thread do, for a number in [least, most];
  // the plain one is brought there.
  void find_prefix(const Engine& engine, std::size_t thread, std::size_t least, std::size_t most) {
    PlainEngine& plain = plain_[thread];
    const std::string found = view(engine, thread);
    for (;; ++counts_[thread]) {
      if (counts_[thread] >= least && view(plain, thread) == found) return;
      if (counts_[thread] == most) break;
      perform(deed(seed_, thread, counts_[thread]), plain);
    }
    ADD_FAILURE() << fmt::format("thread {} of seed {} is in no state of {} to {} deeds: {}",
                                 thread, seed_, least, most,
                                 first_difference(found, view(plain, thread)));
  }

  void check_totals(const Engine& engine) const {
    std::uint64_t position = 1;  // what types mean
    std::uint64_t n_events = 0;
    for (const PlainEngine& plain : plain_) {
      position += plain.position() - 1;
      n_events += plain.n_events();
    }
    EXPECT_EQ(engine.stats().position, position);
    EXPECT_EQ(engine.stats().n_events, n_events);
  }

  // Nothing is applied a second time.
  void repeat(Engine& engine) const {
    const std::uint64_t before = engine.stats().position;
    for (std::size_t t = 0; t < kWriterThreads; ++t) {
      for (std::size_t n = counts_[t] - std::min<std::size_t>(counts_[t], 50); n < counts_[t];
           ++n) {
        const std::string id = event_id(t, n);
        if (!plain_[t].knows_event(id)) continue;
        EXPECT_EQ(engine.observe({.user = "nobody", .item = "nothing", .id = id})->n_repeated, 1U);
      }
    }
    EXPECT_EQ(engine.stats().position, before);
  }

  static std::string answers(const Engine& engine) {
    std::vector<std::string> users = {"stranger"};
    std::vector<std::string> items;
    for (std::size_t n = 0; n < kSharedItems; ++n) items.push_back(shared_item(n));
    for (std::size_t t = 0; t < kWriterThreads; ++t) {
      for (std::size_t u = 0; u < kUsersOfThread; ++u) users.push_back(user_of(t, u));
      for (std::size_t i = 0; i <= kMarkedItem; ++i) items.push_back(item_of(t, i));
    }
    return answers_of(engine, users, items);
  }

  // Opens, and checks everything. What was acknowledged is there where the disk was not cut; of
  // each thread one more deed may be, wholly.
  void check(const Counts& acknowledged, bool is_cut) {
    std::string before;
    {
      Engine engine = open();
      for (std::size_t t = 0; t < kWriterThreads; ++t) {
        find_prefix(engine, t, is_cut ? counts_[t] : acknowledged[t], acknowledged[t] + 1);
      }
      check_totals(engine);
      repeat(engine);
      before = answers(engine);
    }
    // With the checkpoint, without it, or both.
    if (rng_.below(2) == 0) fs::remove(folder_ + "/state");
    EXPECT_EQ(first_difference(answers(open()), before), "");
    if (rng_.below(2) == 0) fs::remove(folder_ + "/state");
  }

  // Makes the newest write-ahead log shorter: what had not reached the disk. Those before it are
  // there before RocksDB builds on them.
  bool cut_power() {
    fs::path log;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_ + "/store")) {
      if (entry.path().extension() == ".log") log = std::max(log, entry.path());
    }
    if (log.empty() || fs::file_size(log) == 0) return false;
    fs::resize_file(log, rng_.below(fs::file_size(log)));
    return true;
  }

  std::string folder_ = testing::TempDir() + fmt::format("coseno_crash_{}", getpid());
  ManualClock clock_{kNow};
  Rng rng_{1};
  std::uint64_t seed_ = 0;
  Counts counts_;
  std::vector<PlainEngine> plain_;
  std::string unread_;
};

TEST_F(CrashTest, WhatWasAcknowledgedIsThereOnceWhateverIsKilled) {
  const std::size_t n_kills = number_in("COSENO_CRASH_KILLS", 20);
  std::size_t n_acknowledged = 0;
  for (std::size_t n = 0; n < n_kills && !HasFailure(); ++n) {
    SCOPED_TRACE(fmt::format("kill {}", n));
    if (n % 5 == 0) start_anew();
    const Counts before = counts_;
    const Counts acknowledged = write_and_kill(rng_.below(3000));
    check(acknowledged, false);
    for (std::size_t t = 0; t < kWriterThreads; ++t) n_acknowledged += acknowledged[t] - before[t];
  }
  EXPECT_GT(n_acknowledged, 100 * n_kills);
}

// What is lost is the end: of each thread, and of the log.
TEST_F(CrashTest, APowerCutLeavesWhatWasThereAtOneMoment) {
  const std::size_t n_kills = number_in("COSENO_CRASH_KILLS", 20);
  std::size_t n_cuts = 0;
  std::size_t n_lost = 0;
  for (std::size_t n = 0; n < n_kills && !HasFailure(); ++n) {
    SCOPED_TRACE(fmt::format("cut {}", n));
    if (n % 5 == 0) start_anew();
    const Counts acknowledged = write_and_kill(rng_.below(600));
    if (cut_power()) ++n_cuts;
    check(acknowledged, true);
    for (std::size_t t = 0; t < kWriterThreads; ++t) n_lost += acknowledged[t] + 1 - counts_[t];
  }
  EXPECT_GT(n_cuts, n_kills / 4);
  EXPECT_GT(n_lost, 10 * n_kills);
}

}  // namespace
}  // namespace coseno
