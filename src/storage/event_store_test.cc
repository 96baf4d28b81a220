#include "storage/event_store.h"

#include <rocksdb/perf_context.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

#include "base/rng.h"
#include "storage/disk_testing.h"
#include "storage/event_store_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

using Kind = LogRecord::Kind;

// Memtables of 128 KiB: files are written, moved and merged all the time.
constexpr std::size_t kTinyMemoryBytes = 1 << 20;

constexpr const char* kEverything =
    "user 0 ann\n"
    "item 0 tea\n"
    "item 1 jam\n"
    "type 0 view\n"
    "user properties 0 {\"age\":30}\n"
    "item properties 0 {\"hot\":true}\n"
    "erased 1 \n"
    "setting weights [1]\n"
    "log 1 1 0 0 0 0.5 1000 true 0 \n"
    "log 2 1 1 0 0 0.5 2000 true 0 \n"
    "log 3 1 0 1 0 0.5 3000 false 0 \n"
    "log 4 2 0 0 0 1 0 false 3 \n"
    "log 5 4 0 0 0 1 0 false 0 {\"view\":1}\n"
    "log 6 3 1 0 0 1 0 false 0 \n"
    "shown 100 0 0 1 0 7 0.5 0:2:0.75 1:1:1\n"
    "event first 1 0\n"
    "position 7\n";

TEST_F(EventStoreTest, NewStoreIsEmpty) {
  const auto store = open(path("a/b"));
  ASSERT_TRUE(store);
  EXPECT_EQ(dump(*store), "position 0\n");
  EXPECT_EQ(fault(*store), "");
}

TEST_F(EventStoreTest, WhatIsWrittenComesBack) {
  for (const Durability durability : {Durability::none, Durability::interval, Durability::always}) {
    const std::string folder = path(fmt::format("a{}", std::to_underlying(durability)));
    {
      const auto store = open(folder, {.durability = durability});
      ASSERT_TRUE(store);
      ASSERT_TRUE(store->write(something_of_everything()));
      EXPECT_EQ(dump(*store), kEverything);
      EXPECT_TRUE(store->sync());
    }
    const auto again = open(folder);
    ASSERT_TRUE(again);
    EXPECT_EQ(dump(*again), kEverything);
    Progress progress;
    EXPECT_EQ(again->verify(progress), (StoreCounts{.n_events = 3,
                                                    .n_retractions = 1,
                                                    .n_erasures = 1,
                                                    .n_settings_records = 1,
                                                    .n_event_ids = 2,
                                                    .n_users = 1,
                                                    .n_erased_users = 1,
                                                    .n_items = 2,
                                                    .n_types = 1,
                                                    .n_item_properties = 1,
                                                    .n_user_properties = 1,
                                                    .n_shown_lists = 2}));
  }
}

TEST_F(EventStoreTest, BatchIsUsedAgainAfterClear) {
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  StoreBatch batch = something_of_everything();
  EXPECT_FALSE(batch.empty());
  EXPECT_GT(batch.size_bytes(), 200U);
  ASSERT_TRUE(store->write(batch));
  batch.clear();
  EXPECT_TRUE(batch.empty());
  ASSERT_TRUE(store->write(batch));
  EXPECT_EQ(dump(*store), kEverything);
  batch.add(event(8, kAnn, kTea), "third");
  ASSERT_TRUE(store->write(batch));
  EXPECT_EQ(positions(*store, 6), (std::vector<std::uint64_t>{6, 8}));
}

TEST_F(EventStoreTest, LogIsReadFromAnywhere) {
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  StoreBatch batch = names();
  // Numbers whose bytes, were they little-endian, would come in another order.
  for (const std::uint64_t position : {1, 255, 256, 257, 65536}) {
    batch.add(event(position, kAnn, kTea));
  }
  ASSERT_TRUE(store->write(batch));
  EXPECT_EQ(positions(*store), (std::vector<std::uint64_t>{1, 255, 256, 257, 65536}));
  EXPECT_EQ(positions(*store, 256), (std::vector<std::uint64_t>{256, 257, 65536}));
  EXPECT_EQ(positions(*store, 258), (std::vector<std::uint64_t>{65536}));
  EXPECT_EQ(positions(*store, 65537), std::vector<std::uint64_t>());
  EXPECT_EQ(store->read(257), event(257, kAnn, kTea));
  EXPECT_EQ(store->read(258), std::nullopt);
  int n_visited = 0;
  ASSERT_TRUE(store->scan(0, [&](const LogRecord&) { return ++n_visited < 2; }));
  EXPECT_EQ(n_visited, 2);
}

TEST_F(EventStoreTest, PropertiesAndSettingsAreReplacedAndDeleted) {
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->write(something_of_everything()));
  StoreBatch batch;
  batch.put_item(kJam, "{}");
  batch.put_item(kJam, R"({"sweet":1})");
  batch.delete_item(kTea);
  batch.delete_user(kAnn);
  batch.put_setting("weights", "");
  batch.set_position(8);
  ASSERT_TRUE(store->write(batch));
  const std::string text = dump(*store);
  EXPECT_TRUE(text.contains("item properties 1 {\"sweet\":1}\n"));
  EXPECT_FALSE(text.contains("item properties 0"));
  EXPECT_FALSE(text.contains("user properties"));
  EXPECT_EQ(store->setting("weights"), "");
  EXPECT_EQ(store->setting("nothing"), std::nullopt);
  EXPECT_EQ(store->last_position(), 8U);
}

// The id may come again with a person who comes back under a new number.
TEST_F(EventStoreTest, EventIdsOfErasedUsersAreFree) {
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->write(something_of_everything()));
  EXPECT_EQ(store->find_event("second"), std::nullopt);
  StoreBatch batch;
  const UserIndex bob_again{2};
  batch.add_user(bob_again, "bob");
  batch.add(event(8, bob_again, kTea), "second");
  ASSERT_TRUE(store->write(batch));
  EXPECT_EQ(store->find_event("second"), (EventKey{.position = 8, .user = bob_again}));
  EXPECT_EQ(fault(*store), "");
  ASSERT_TRUE(store->compact(progress_));
  EXPECT_EQ(store->find_event("second"), (EventKey{.position = 8, .user = bob_again}));
  EXPECT_EQ(fault(*store), "");
}

// --- who may open what
// ----------------------------------------------------------------------------

TEST_F(EventStoreTest, SecondWriterIsRefusedByName) {
  auto first = open(path("a"));
  ASSERT_TRUE(first);
  const auto second = EventStore::open(path("a"), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_EQ(second.error().message, path("a") +
                                        ": another process writes this event store, and it takes "
                                        "one writer at a time");
  ASSERT_TRUE(first->write(something_of_everything()));
  first.reset();
  EXPECT_TRUE(open(path("a")));
}

TEST_F(EventStoreTest, NewerFormatIsRefusedByNumber) {
  ASSERT_TRUE(open(path("a")));
  write_file(path("a/FORMAT"), "coseno event store, format 12\n");
  for (const auto& opened : {EventStore::open(path("a"), {}), EventStore::open_beside(path("a"))}) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_EQ(opened.error().message, path("a") +
                                          ": this event store has format 12, and this coseno reads "
                                          "format 2: use a newer coseno");
  }
}

TEST_F(EventStoreTest, FolderOfOtherThingsIsRefusedAndLeftAlone) {
  fs::create_directory(path("a"));
  write_file(path("a/thesis.txt"), "chapter 1");
  for (const auto& opened : {EventStore::open(path("a"), {}), EventStore::open_beside(path("a"))}) {
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::conflict);
    EXPECT_EQ(opened.error().message, path("a") + ": holds 'thesis.txt' and is no event store");
  }
  EXPECT_EQ(files(path("a")).size(), 1U);
}

TEST_F(EventStoreTest, ReaderMakesNoStore) {
  fs::create_directory(path("empty"));
  for (const char* name : {"missing", "empty"}) {
    const auto opened = EventStore::open_beside(path(name));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::not_found);
  }
  EXPECT_FALSE(fs::exists(path("missing")));
  EXPECT_TRUE(fs::is_empty(path("empty")));
}

// A process that was killed while it made the store, at any of three moments.
TEST_F(EventStoreTest, StoreThatWasNotFinishedIsMadeAgain) {
  fs::create_directory(path("a"));
  write_file(path("a/WRITER"), "");
  ASSERT_TRUE(open(path("a")));
  write_file(path("a/FORMAT"), "coseno event store, format 1, unfinished\n");
  const auto reader = EventStore::open_beside(path("a"));
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::unavailable);
  ASSERT_TRUE(open(path("a")));
  fs::remove_all(path("a"));
  fs::create_directory(path("a"));
  write_file(path("a/FORMAT"), "coseno event store, format 1, unfinished\n");
  ASSERT_TRUE(open(path("a")));
  EXPECT_EQ(read_file(path("a/FORMAT")), "coseno event store, format 2\n");
}

TEST_F(EventStoreTest, FolderThatCannotBeMadeIsAnIoError) {
  write_file(path("file"), "");
  const auto opened = EventStore::open(path("file/store"), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::io);
}

// --- readers
// --------------------------------------------------------------------------------------

TEST_F(EventStoreTest, ReaderSeesWhatWasWrittenBeforeItCaughtUp) {
  const auto writer = open(path("a"));
  ASSERT_TRUE(writer);
  const auto reader = open_beside(path("a"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(dump(*reader), "position 0\n");
  ASSERT_TRUE(writer->write(something_of_everything()));
  EXPECT_EQ(dump(*reader), "position 0\n");
  ASSERT_TRUE(reader->catch_up());
  EXPECT_EQ(dump(*reader), kEverything);
  EXPECT_EQ(fault(*reader), "");
  ASSERT_TRUE(writer->compact(progress_));
  EXPECT_EQ(dump(*reader), kEverything);
  ASSERT_TRUE(reader->catch_up());
  EXPECT_EQ(fault(*reader), "");
  const auto later = open_beside(path("a"));
  ASSERT_TRUE(later);
  EXPECT_FALSE(dump(*later).contains("log 2 "));
  EXPECT_EQ(fault(*later), "");
}

TEST_F(EventStoreTest, ReaderOutlivesTheWriterAndReadsWhatNobodyWrites) {
  auto writer = open(path("a"));
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->write(something_of_everything()));
  const auto beside = open_beside(path("a"));
  writer.reset();
  const auto alone = open_beside(path("a"));
  ASSERT_TRUE(beside && alone);
  EXPECT_EQ(dump(*beside), kEverything);
  EXPECT_EQ(dump(*alone), kEverything);
  ASSERT_TRUE(beside->catch_up());
  EXPECT_EQ(dump(*beside), kEverything);
}

// What a reader has once read of a write-ahead log must not hide what came later and has gone to
// files, which compactions rewrite, in the meantime.
TEST_F(EventStoreTest, ReaderSeesWhatIsNewAfterTheWriterWasOpenedAgain) {
  ASSERT_TRUE(open(path("a"))->write(names()));
  const auto reader = open_beside(path("a"));
  ASSERT_TRUE(reader);
  const auto put = [](EventStore& store, std::string_view json) {
    StoreBatch batch;
    batch.put_item(kTea, json);
    ASSERT_TRUE(store.write(batch));
  };
  for (std::uint64_t n = 1; n <= 8; ++n) {
    auto writer = open(path("a"));
    put(*writer, fmt::format("early {}", n));
    ASSERT_TRUE(reader->catch_up());
    put(*writer, fmt::format("late {}", n));
    writer.reset();
    writer = open(path("a"));
    StoreBatch batch;
    batch.add(event(n, kAnn, kJam));
    ASSERT_TRUE(writer->write(batch));
    ASSERT_TRUE(reader->catch_up());
    EXPECT_TRUE(dump(*reader).contains(fmt::format("item properties 0 late {}\n", n))) << n;
  }
}

TEST_F(EventStoreTest, ReaderNeedsNoRightToWrite) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(something_of_everything()));
    fs::copy(path("a"), path("crashed"), fs::copy_options::recursive);
  }
  for (const char* name : {"a", "crashed"}) {
    ASSERT_EQ(chmod(path(name).c_str(), 0555), 0);
    {
      const UnprivilegedUser user;
      const auto reader = open_beside(path(name));
      ASSERT_TRUE(reader);
      EXPECT_EQ(dump(*reader), kEverything);
      EXPECT_EQ(fault(*reader), "");
      const auto writer = EventStore::open(path(name), {});
      ASSERT_FALSE(writer);
      EXPECT_EQ(writer.error().code, ErrorCode::io);
    }
    ASSERT_EQ(chmod(path(name).c_str(), 0755), 0);
  }
}

// The writer's files change under the reader all the time. What it sees is the log up to a
// position, without a hole, and never less than was there when it began to catch up.
TEST_F(EventStoreTest, ReaderSeesPrefixesOfABusyLog) {
  const auto writer = open(path("a"), {.memory_bytes = kTinyMemoryBytes});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->write(names()));
  const auto reader = open_beside(path("a"));
  ASSERT_TRUE(reader);
  // Some ten memtables. No more, since at each step all of them are read.
  constexpr std::uint64_t kNEvents = 20000;
  std::jthread thread([&](const std::stop_token& stop) {
    StoreBatch batch;
    for (std::uint64_t position = 1; position <= kNEvents && !stop.stop_requested(); ++position) {
      batch.clear();
      batch.add(event(position, kAnn, kTea), fmt::format("id of the event at {}", position));
      if (position % 100 == 0) batch.put_item(kTea, std::string(1000, 'x'));
      EXPECT_TRUE(writer->write(batch));
      // With memtables as small as these files change every few milliseconds otherwise, and a
      // reader finds them at rest only by chance.
      if (position % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  // That files change all the time is told as such, and then it is to be tried again.
  const auto patiently = [](const auto& attempt) {
    auto result = attempt();
    for (int i = 0; i < 100 && !result && result.error().code == ErrorCode::unavailable; ++i) {
      result = attempt();
    }
    return result;
  };
  for (int i = 0; i < 20 || writer->last_position() < kNEvents; ++i) {
    if (i % 4 == 0) {
      const auto another = patiently([&] { return EventStore::open_beside(path("a")); });
      ASSERT_TRUE(another) << another.error().message;
      EXPECT_EQ(positions(**another).size(), (*another)->last_position());
    }
    const std::uint64_t at_least = writer->last_position();
    const Result<void> caught_up = patiently([&] { return reader->catch_up(); });
    ASSERT_TRUE(caught_up) << caught_up.error().message;
    EXPECT_GE(reader->last_position(), at_least);
    std::vector<std::uint64_t> expected(reader->last_position());
    std::iota(expected.begin(), expected.end(), 1);
    ASSERT_EQ(positions(*reader), expected);
    for (const std::uint64_t position : {reader->last_position(), reader->last_position() + 1}) {
      const auto key = reader->find_event(fmt::format("id of the event at {}", position));
      ASSERT_TRUE(key);
      EXPECT_EQ(key->has_value(), position == reader->last_position() && position > 0);
    }
  }
  EXPECT_EQ(fault(*reader), "");
  thread.join();
  EXPECT_EQ(fault(*writer), "");
}

// --- large
// ----------------------------------------------------------------------------------------

TEST_F(EventStoreTest, LogLargerThanMemoryComesBack) {
  constexpr std::uint64_t kNEvents = 50000;
  {
    const auto store = open(path("a"), {.memory_bytes = kTinyMemoryBytes});
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(names()));
    StoreBatch batch;
    for (std::uint64_t position = 1; position <= kNEvents; ++position) {
      // Ids that do not come in their order.
      batch.add(event(position, kAnn, kTea), fmt::format("{}-id", position * 7919 % 1000003));
      if (position % 100 != 0) continue;
      ASSERT_TRUE(store->write(batch));
      batch.clear();
    }
  }
  EXPECT_GT(files(path("a")).size(), 10U);
  const auto store = open(path("a"), {.memory_bytes = kTinyMemoryBytes});
  ASSERT_TRUE(store);
  std::vector<std::uint64_t> expected(kNEvents);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(positions(*store), expected);
  EXPECT_EQ(store->last_position(), kNEvents);
  for (std::uint64_t position = 1; position <= kNEvents; position += 997) {
    const auto key = store->find_event(fmt::format("{}-id", position * 7919 % 1000003));
    EXPECT_EQ(key, (EventKey{.position = position, .user = kAnn}));
  }
  EXPECT_EQ(fault(*store), "");
}

TEST_F(EventStoreTest, NewEventIdCostsNoDiskRead) {
  constexpr std::uint64_t kNEvents = 20000;
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    StoreBatch batch = names();
    for (std::uint64_t position = 1; position <= kNEvents; ++position) {
      batch.add(event(position, kAnn, kTea), fmt::format("old {}", position));
    }
    ASSERT_TRUE(store->write(batch));
  }
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  const auto n_blocks_read = [&](int begin, int end) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    rocksdb::get_perf_context()->Reset();
    for (int i = begin; i < end; ++i) {
      EXPECT_EQ(store->find_event(fmt::format("new {}", i)), std::nullopt);
    }
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return rocksdb::get_perf_context()->block_read_count;
  };
  // The filter itself must be read once.
  EXPECT_LT(n_blocks_read(0, 5000), 100U);
  // 0.4% are false, and what they read is cached.
  EXPECT_LT(n_blocks_read(5000, 10000), 50U);
}

// --- erasure
// --------------------------------------------------------------------------------------

bool is_in_files(const std::vector<fs::path>& files, std::string_view text) {
  return std::ranges::any_of(files,
                             [&](const fs::path& path) { return read_file(path).contains(text); });
}

TEST_F(EventStoreTest, CompactLeavesNoByteOfAnErasedUser) {
  const std::string secrets[] = {"zacharias@example.org", "aaa-visit-to-the-doctor",
                                 "zzz-visit-to-the-lawyer", "left-handed", "ambidextrous"};
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  StoreBatch batch = names();
  const UserIndex zacharias{2};
  batch.add_user(zacharias, secrets[0]);
  batch.put_user(zacharias, fmt::format(R"({{"hand":"{}"}})", secrets[3]));
  // The first and the last of all ids: RocksDB notes those of each file elsewhere too.
  batch.add(event(1, zacharias, kTea), secrets[1]);
  batch.add(event(2, kAnn, kTea), "first");
  batch.add(event(3, zacharias, kTea), secrets[2]);
  batch.add({.kind = Kind::retraction, .position = 4, .target = 3});
  ASSERT_TRUE(store->write(batch));
  // In files, not only in the write-ahead log; and an earlier value.
  ASSERT_TRUE(store->back_up(path("backup"), progress_));
  batch.clear();
  batch.put_user(zacharias, fmt::format(R"({{"hand":"{}"}})", secrets[4]));
  batch.add(event(5, kBob, kTea), "second");
  ASSERT_TRUE(store->write(batch));
  for (const std::string& secret : secrets) ASSERT_TRUE(is_in_files(files(path("a")), secret));

  batch.clear();
  batch.add({.kind = Kind::erasure, .position = 6, .user = zacharias});
  batch.erase_user(zacharias);
  ASSERT_TRUE(store->write(batch));
  EXPECT_FALSE(dump(*store).contains(secrets[0]));
  EXPECT_EQ(store->find_event(secrets[1]), std::nullopt);
  EXPECT_EQ(positions(*store), (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(fault(*store), "");
  ASSERT_TRUE(store->compact(progress_));
  for (const std::string& secret : secrets) {
    for (const fs::path& file : files(path("a"))) {
      EXPECT_FALSE(read_file(file).contains(secret)) << file << " has " << secret;
    }
  }
  EXPECT_EQ(positions(*store), (std::vector<std::uint64_t>{2, 4, 5, 6}));
  EXPECT_EQ(store->read(1), std::nullopt);
  EXPECT_EQ(store->find_event("second"), (EventKey{.position = 5, .user = kBob}));
  EXPECT_EQ(fault(*store), "");

  // A backup loses them when it is brought up to date.
  EXPECT_TRUE(is_in_files(files(path("backup")), secrets[0]));
  ASSERT_TRUE(store->back_up(path("backup"), progress_));
  for (const std::string& secret : secrets) {
    EXPECT_FALSE(is_in_files(files(path("backup")), secret)) << secret;
  }
}

// Of a user whose erasure was the last thing written, and with a second compact().
TEST_F(EventStoreTest, PositionsAndErasedNumbersOutliveCompact) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    StoreBatch batch = something_of_everything();
    batch.add({.kind = Kind::erasure, .position = 8, .user = kAnn});
    batch.erase_user(kAnn);
    ASSERT_TRUE(store->write(batch));
    ASSERT_TRUE(store->compact(progress_));
    ASSERT_TRUE(store->compact(progress_));
    EXPECT_EQ(positions(*store), (std::vector<std::uint64_t>{4, 5, 6, 8}));
  }
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  EXPECT_EQ(store->last_position(), 8U);
  std::vector<UserIndex> erased;
  ASSERT_TRUE(store->scan_erased_users([&](UserIndex user) { erased.push_back(user); }));
  EXPECT_EQ(erased, (std::vector<UserIndex>{kAnn, kBob}));
  EXPECT_EQ(fault(*store), "");
}

TEST_F(EventStoreTest, CompactRunsBesideReadingAndWriting) {
  const auto store = open(path("a"), {.memory_bytes = kTinyMemoryBytes});
  ASSERT_TRUE(store);
  StoreBatch batch = names();
  std::uint64_t position = 0;
  for (std::uint32_t user = 2; user < 502; ++user) {
    batch.add_user(UserIndex{user}, fmt::format("user {}", user));
    batch.add(event(position + 1, UserIndex{user}, kTea), fmt::format("id {}", position + 1));
    batch.add(event(position + 2, kAnn, kTea), fmt::format("id {}", position + 2));
    position += 2;
  }
  ASSERT_TRUE(store->write(batch));
  std::atomic<bool> is_done = false;
  std::thread reading([&] {
    while (!is_done) {
      EXPECT_TRUE(store->scan(0, [](const LogRecord&) { return true; }));
      const auto key = store->find_event("id 2");
      EXPECT_TRUE(key && *key) << (key ? "not there" : key.error().message);
    }
  });
  std::thread compacting([&] {
    while (!is_done) EXPECT_TRUE(store->compact(progress_));
  });
  for (std::uint32_t user = 2; user < 502; ++user) {
    batch.clear();
    batch.add({.kind = Kind::erasure, .position = ++position, .user = UserIndex{user}});
    batch.erase_user(UserIndex{user});
    EXPECT_TRUE(store->write(batch));
  }
  is_done = true;
  reading.join();
  compacting.join();
  ASSERT_TRUE(store->compact(progress_));
  EXPECT_EQ(positions(*store).size(), 1000U);
  Progress progress;
  const auto counts = store->verify(progress);
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->n_events, 500U);
  EXPECT_EQ(counts->n_event_ids, 500U);
}

// --- verify
// ---------------------------------------------------------------------------------------

TEST_F(EventStoreTest, VerifyFindsWhatDoesNotBelongTogether) {
  struct Case {
    std::string trouble;
    std::function<void(StoreBatch&)> spoil;
  };
  const Case cases[] = {
      {"the event at position 8 names user 7, who has no id",
       [](StoreBatch& batch) { batch.add(event(8, UserIndex{7}, kTea)); }},
      {"the event at position 8 names item 7, which has no id",
       [](StoreBatch& batch) { batch.add(event(8, kAnn, ItemIndex{7})); }},
      {"the event at position 8 names type 7, which has no name",
       [](StoreBatch& batch) {
         LogRecord record = event(8, kAnn, kTea);
         record.type = TypeIndex{7};
         batch.add(record);
       }},
      {"position 8 takes back position 8",
       [](StoreBatch& batch) {
         batch.add({.kind = Kind::retraction, .position = 8, .target = 8});
       }},
      {"user 0 was erased at position 8, but is there",
       [](StoreBatch& batch) { batch.add({.kind = Kind::erasure, .position = 8, .user = kAnn}); }},
      {"erased user 1 has an id", [](StoreBatch& batch) { batch.add_user(kBob, "bob"); }},
      {"ids of users: 1 of 4 numbers have none",
       [](StoreBatch& batch) { batch.add_user(UserIndex{3}, "dan"); }},
      {"ids of items: 2 of 5 numbers have none",
       [](StoreBatch& batch) { batch.add_item(ItemIndex{4}, "rye"); }},
      {"names of types: 1 of 3 numbers have none",
       [](StoreBatch& batch) { batch.add_type(TypeIndex{2}, "buy"); }},
      {"properties of item 2, which has no id",
       [](StoreBatch& batch) { batch.put_item(ItemIndex{2}, "{}"); }},
      {"properties of user 1, who has no id",
       [](StoreBatch& batch) { batch.put_user(kBob, "{}"); }},
      {"2 events came with an id and 1 ids name an event, or not the same ones",
       [](StoreBatch& batch) { batch.add(event(8, kAnn, kTea), "first"); }},
  };
  for (const Case& one : cases) {
    fs::remove_all(path("a"));
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    StoreBatch batch = something_of_everything();
    one.spoil(batch);
    ASSERT_TRUE(store->write(batch));
    EXPECT_EQ(fault(*store), path("a") + ": the store is damaged: " + one.trouble);
  }
}

TEST_F(EventStoreTest, VerifyCanBeStopped) {
  struct Stopped : Progress {
    bool cancelled() const override { return true; }
  };
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->write(something_of_everything()));
  ASSERT_TRUE(store->back_up(path("backup"), progress_));  // flushes
  Stopped progress;
  const auto counts = store->verify(progress);
  ASSERT_FALSE(counts);
  EXPECT_EQ(counts.error().code, ErrorCode::cancelled);
}

// --- backup
// ---------------------------------------------------------------------------------------

TEST_F(EventStoreTest, BackupIsRestoredAsItWas) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    StoreBatch batch = names();
    ASSERT_TRUE(store->write(batch));
    ASSERT_TRUE(store->back_up(path("backup"), progress_));
    ASSERT_TRUE(store->write(something_of_everything()));
    ASSERT_TRUE(store->back_up(path("backup"), progress_));
    batch.clear();
    batch.add(event(8, kAnn, kTea));
    ASSERT_TRUE(store->write(batch));
  }
  ASSERT_TRUE(EventStore::restore(path("backup"), path("b"), progress_));
  const auto restored = open(path("b"));
  ASSERT_TRUE(restored);
  EXPECT_EQ(dump(*restored), kEverything);
  EXPECT_EQ(fault(*restored), "");
  const auto original = open(path("a"));
  ASSERT_TRUE(original);
  EXPECT_EQ(original->last_position(), 8U);
}

TEST_F(EventStoreTest, RestoreTakesNeitherAFullFolderNorNoBackup) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->back_up(path("backup"), progress_));
  }
  const auto onto_store = EventStore::restore(path("backup"), path("a"), progress_);
  ASSERT_FALSE(onto_store);
  EXPECT_EQ(onto_store.error().code, ErrorCode::conflict);
  EXPECT_EQ(onto_store.error().message,
            path("a") + ": is not empty: a backup is restored to a new folder");
  const auto of_nothing = EventStore::restore(path("missing"), path("b"), progress_);
  ASSERT_FALSE(of_nothing);
  EXPECT_EQ(of_nothing.error().code, ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(path("missing")));
  EXPECT_FALSE(fs::exists(path("b")));
}

TEST_F(EventStoreTest, ACancelledBackupLeavesTheEarlierOne) {
  class Cancelled : public Progress {
   public:
    bool cancelled() const override { return true; }
  };
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->write(names()));
  ASSERT_TRUE(store->back_up(path("backup"), progress_));
  StoreBatch batch;
  batch.add(event(1, kAnn, kTea), "first");
  ASSERT_TRUE(store->write(batch));
  Cancelled cancelled;
  const auto result = store->back_up(path("backup"), cancelled);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  ASSERT_TRUE(EventStore::restore(path("backup"), path("b"), progress_));
  const auto restored = open(path("b"));
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->last_position(), 0U);
}

TEST_F(EventStoreTest, BackupTakesNoFolderOfOtherThings) {
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  fs::create_directory(path("b"));
  write_file(path("b/thesis.txt"), "chapter 1");
  const auto result = store->back_up(path("b"), progress_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::conflict);
  EXPECT_EQ(files(path("b")).size(), 1U);
}

// --- full disk
// ------------------------------------------------------------------------------------

// Bytes that no compression makes fewer.
std::string noise(std::size_t n_bytes, std::uint64_t seed) {
  Rng rng(seed);
  std::string bytes(n_bytes, '\0');
  std::ranges::generate(bytes, [&] { return static_cast<char>(rng() >> 56); });
  return bytes;
}

class FullDiskTest : public EventStoreTest, public testing::WithParamInterface<std::size_t> {};

// Of all that is written, it is the write-ahead log or a file that finds the disk full, depending
// on how much memory there is.
TEST_P(FullDiskTest, LosesNothingAndIsOvercome) {
  const SmallDisk disk(path("disk"), 16);
  if (!disk.is_there()) GTEST_SKIP() << "cannot mount a small file system: " << disk.reason();
  const std::string folder = path("disk/a");
  std::uint64_t position = 0;
  {
    const auto store = open(folder, {.memory_bytes = GetParam()});
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(names()));
    write_file(path("disk/ballast"), std::string(6 << 20, 'x'));
    StoreBatch batch;
    const auto write_next = [&] {
      batch.clear();
      batch.put_setting(fmt::format("noise {}", position), noise(20000, position));
      batch.add(event(position + 1, kAnn, kTea), fmt::format("id {}", position + 1));
      const Result<void> written = store->write(batch);
      if (written) ++position;
      return written;
    };
    Result<void> written;
    while (written && position < 1000) written = write_next();
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::io);
    EXPECT_EQ(written.error().message, folder + ": the disk is full");
    // Nothing of the batch is there, and all before it is.
    EXPECT_EQ(store->last_position(), position);
    EXPECT_EQ(positions(*store).size(), position);
    EXPECT_EQ(store->find_event(fmt::format("id {}", position + 1)), std::nullopt);
    // Refused again, at once or when what was written out meanwhile has no more room to give.
    Result<void> again = write_next();
    while (again && position < 1000) again = write_next();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, folder + ": the disk is full");
    EXPECT_EQ(store->last_position(), position);
    EXPECT_TRUE(store->sync());

    fs::remove(path("disk/ballast"));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!written && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
      written = write_next();
    }
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_TRUE(write_next());
  }
  const auto store = open(folder);
  ASSERT_TRUE(store);
  std::vector<std::uint64_t> expected(position);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(positions(*store), expected);
  EXPECT_EQ(fault(*store), "");
}

// Closed before there is room again, as somebody who makes room may well do.
TEST_P(FullDiskTest, StoreClosedMeanwhileHasEverything) {
  const SmallDisk disk(path("disk"), 16);
  if (!disk.is_there()) GTEST_SKIP() << "cannot mount a small file system: " << disk.reason();
  const std::string folder = path("disk/a");
  std::uint64_t position = 0;
  write_file(path("disk/ballast"), std::string(6 << 20, 'x'));
  {
    const auto store = open(folder, {.memory_bytes = GetParam()});
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(names()));
    Result<void> written;
    for (; written && position < 1000; position += written ? 1 : 0) {
      StoreBatch batch;
      batch.put_setting(fmt::format("noise {}", position), noise(20000, position));
      batch.add(event(position + 1, kAnn, kTea));
      written = store->write(batch);
    }
    ASSERT_FALSE(written);
  }
  fs::remove(path("disk/ballast"));
  const auto store = open(folder);
  ASSERT_TRUE(store);
  EXPECT_EQ(positions(*store).size(), position);
  EXPECT_EQ(store->last_position(), position);
  EXPECT_EQ(fault(*store), "");
}

INSTANTIATE_TEST_SUITE_P(All, FullDiskTest, testing::Values(kTinyMemoryBytes, 64 << 20));

}  // namespace
}  // namespace coseno
