// Lists that were shown: written, dropped, erased; and stores from before there were any.
#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "storage/event_store_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();

class ShownListsTest : public EventStoreTest {
 protected:
  // "time number" of each, oldest first.
  static std::vector<std::string> keys(const EventStore& store, std::int64_t from_ms = kFirst) {
    std::vector<std::string> found;
    const auto scanned = store.scan_shown(from_ms, [&](const ShownRecord& record) {
      found.push_back(fmt::format("{} {}", record.key.time_ms, record.key.number));
      return true;
    });
    EXPECT_TRUE(scanned) << scanned.error().message;
    return found;
  }

  static void show(EventStore& store, std::int64_t time_ms, UserIndex user = kAnn) {
    ShownRecord record = shown(time_ms, user);
    record.key = store.next_shown_key(time_ms).value();
    record.position = 0;
    StoreBatch batch;
    batch.add_shown(record);
    ASSERT_TRUE(store.write(batch));
  }
};

using Keys = std::vector<std::string>;

TEST_F(ShownListsTest, TheyComeBackOldestFirstAndMoveNoPosition) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(names()));
    for (const std::int64_t time_ms : {5, 5, -3, 9}) show(*store, time_ms);
    EXPECT_EQ(store->last_position(), 0U);
    EXPECT_EQ(positions(*store), std::vector<std::uint64_t>());
  }
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  EXPECT_EQ(keys(*store), (Keys{"-3 0", "5 0", "5 1", "9 0"}));
  EXPECT_EQ(keys(*store, 6), Keys{"9 0"});
  EXPECT_EQ(store->last_position(), 0U);
  Progress progress;
  EXPECT_EQ(store->verify(progress).value().n_shown_lists, 4U);
  std::size_t n_visited = 0;
  ASSERT_TRUE(store->scan_shown(kFirst, [&](const ShownRecord&) { return ++n_visited < 2; }));
  EXPECT_EQ(n_visited, 2U);
}

// No list takes the place of another, whatever the clock does, and after reopening.
TEST_F(ShownListsTest, AClockThatGoesBackOverwritesNothing) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(names()));
    for (const std::int64_t time_ms : {100, 100, 50, 50, 50, 100, 70}) show(*store, time_ms);
  }
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  for (const std::int64_t time_ms : {100, 50}) show(*store, time_ms);
  EXPECT_EQ(keys(*store),
            (Keys{"50 0", "50 1", "50 2", "50 3", "70 0", "100 0", "100 1", "100 2", "100 3"}));
}

TEST_F(ShownListsTest, OldOnesAreDroppedFromTheFront) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->drop_shown(1000));  // nothing there
    ASSERT_TRUE(store->write(names()));
    for (const std::int64_t time_ms : {10, 20, 30}) show(*store, time_ms);
    ASSERT_TRUE(store->back_up(path("backup"), progress_));  // flushes
    show(*store, 40);
    const auto reader = open_beside(path("a"));
    ASSERT_TRUE(reader);
    ASSERT_TRUE(store->drop_shown(30));
    EXPECT_EQ(keys(*store), (Keys{"30 0", "40 0"}));
    ASSERT_TRUE(reader->catch_up());
    EXPECT_EQ(keys(*reader), (Keys{"30 0", "40 0"}));
    EXPECT_EQ(fault(*reader), "");
    show(*store, 20);
  }
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  EXPECT_EQ(keys(*store), (Keys{"20 0", "30 0", "40 0"}));
  EXPECT_EQ(fault(*store), "");
}

// What was dropped gives its room back: files of old lists only, at once.
TEST_F(ShownListsTest, WhatIsDroppedLeavesTheDisk) {
  const auto store = open(path("a"), {.memory_bytes = 1 << 20});
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->write(names()));
  const auto n_bytes = [&] {
    std::uintmax_t sum = 0;
    for (const fs::path& file : files(path("a"))) {
      if (file.extension() == ".sst") sum += fs::file_size(file);
    }
    return sum;
  };
  ShownRecord record = shown(0, kAnn);
  StoreBatch batch;
  for (std::int64_t n = 0; n < 20000; ++n) {
    record.key = {.time_ms = n};
    record.seed = static_cast<std::uint64_t>(n) * 0x9E3779B97F4A7C15;
    batch.clear();
    batch.add_shown(record);
    ASSERT_TRUE(store->write(batch));
  }
  // Erasing somebody brings all to the last level.
  batch.clear();
  batch.add({.kind = LogRecord::Kind::erasure, .position = 1, .user = kBob});
  batch.erase_user(kBob);
  ASSERT_TRUE(store->write(batch));
  ASSERT_TRUE(store->compact(progress_));
  const std::uintmax_t before = n_bytes();
  ASSERT_TRUE(store->drop_shown(20000));
  ASSERT_TRUE(store->back_up(path("backup"), progress_));
  EXPECT_LT(n_bytes(), before / 4) << before;
  EXPECT_EQ(keys(*store), Keys());
}

TEST_F(ShownListsTest, ThoseOfAnErasedUserAreGoneAtOnceAndFromDiskAfterCompact) {
  const auto store = open(path("a"));
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->write(names()));
  ShownRecord record = shown(10, kBob);
  record.seed = 0x7A6F7272656C6C65;  // the bytes "ellerroz"
  StoreBatch batch;
  batch.add_shown(record);
  record = shown(20, kAnn);
  record.position = 0;
  batch.add_shown(record);
  record.key.number = 1;
  record.user.reset();
  batch.add_shown(record);
  batch.set_position(1);
  ASSERT_TRUE(store->write(batch));
  ASSERT_TRUE(store->back_up(path("backup"), progress_));  // flushes
  const auto traces = [](const std::vector<fs::path>& paths) {
    return std::ranges::count_if(
        paths, [](const fs::path& file) { return read_file(file).contains("ellerroz"); });
  };
  ASSERT_GE(traces(files(path("a"))), 1);

  batch.clear();
  batch.add({.kind = LogRecord::Kind::erasure, .position = 2, .user = kBob});
  batch.erase_user(kBob);
  ASSERT_TRUE(store->write(batch));
  const auto reader = open_beside(path("a"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(keys(*store), (Keys{"20 0", "20 1"}));
  EXPECT_EQ(keys(*reader), (Keys{"20 0", "20 1"}));
  Progress progress;
  EXPECT_EQ(store->verify(progress).value().n_shown_lists, 3U);
  ASSERT_TRUE(store->compact(progress_));
  EXPECT_EQ(traces(files(path("a"))), 0);
  EXPECT_EQ(keys(*store), (Keys{"20 0", "20 1"}));
  EXPECT_EQ(store->verify(progress).value().n_shown_lists, 2U);
  EXPECT_GE(traces(files(path("backup"))), 1);
  ASSERT_TRUE(store->back_up(path("backup"), progress_));
  EXPECT_EQ(traces(files(path("backup"))), 0);
}

TEST_F(ShownListsTest, VerifyFindsWhatDoesNotBelongTogether) {
  struct Case {
    std::string trouble;
    std::function<void(ShownRecord&)> spoil;
  };
  const Case cases[] = {
      {"names user 9, who has no id", [](ShownRecord& record) { record.user = UserIndex{9}; }},
      {"names item 8, which has no id",
       [](ShownRecord& record) { record.places[1].item = ItemIndex{8}; }},
      {"reflects position 8, which is yet to come",
       [](ShownRecord& record) { record.position = 8; }},
  };
  for (const Case& one : cases) {
    fs::remove_all(path("a"));
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    StoreBatch batch = something_of_everything();
    ShownRecord record = shown(300, kAnn);
    one.spoil(record);
    batch.add_shown(record);
    ASSERT_TRUE(store->write(batch));
    EXPECT_EQ(fault(*store),
              path("a") + ": the store is damaged: the list shown at 300 ms " + one.trouble);
  }
}

// --- stores of format 1

class Format1Test : public ShownListsTest {
 protected:
  // A store with something of everything but lists that were shown, as coseno wrote it before.
  void make_format_1(const std::string& folder) const {
    {
      const auto store = open(folder);
      ASSERT_TRUE(store);
      ASSERT_TRUE(store->write(something_of_everything()));
    }
    rocksdb::DBOptions options;
    options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
    options.max_manifest_file_size = 1;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : kFamilyNames) {
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder, families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> database(opened);
    ASSERT_TRUE(database->DropColumnFamily(handles.back()).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      ASSERT_TRUE(database->DestroyColumnFamilyHandle(handle).ok());
    }
    ASSERT_TRUE(database->Close().ok());
    write_file(fs::path(folder) / "FORMAT", "coseno event store, format 1\n");
  }

  static std::string format_of(const std::string& folder) {
    return read_file(fs::path(folder) / "FORMAT");
  }
};

TEST_F(Format1Test, AReaderReadsItAndAWriterMakesItFormat2) {
  make_format_1(path("a"));
  const auto reader = open_beside(path("a"));
  ASSERT_TRUE(reader);
  const std::string everything = dump(*reader);
  EXPECT_TRUE(everything.contains("event first 1 0\n")) << everything;
  EXPECT_EQ(keys(*reader), Keys());
  EXPECT_EQ(fault(*reader), "");
  {
    const auto writer = open(path("a"));
    ASSERT_TRUE(writer);
    EXPECT_EQ(dump(*writer), everything);
    EXPECT_EQ(format_of(path("a")), "coseno event store, format 2\n");
    show(*writer, 10);
    ASSERT_TRUE(reader->catch_up());
    EXPECT_EQ(keys(*reader), Keys{"10 0"});
  }
  const auto writer = open(path("a"));
  ASSERT_TRUE(writer);
  EXPECT_EQ(keys(*writer), Keys{"10 0"});
  EXPECT_EQ(fault(*writer), "");
}

// Killed when the family was there, and FORMAT did not say so yet.
TEST_F(Format1Test, MakingItFormat2GoesOnWhereItWasEnded) {
  make_format_1(path("a"));
  ASSERT_TRUE(open(path("a")));
  write_file(fs::path(path("a")) / "FORMAT", "coseno event store, format 1\n");
  const auto reader = open_beside(path("a"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(fault(*reader), "");
  const auto writer = open(path("a"));
  ASSERT_TRUE(writer);
  show(*writer, 10);
  EXPECT_EQ(format_of(path("a")), "coseno event store, format 2\n");
}

// Only what format 1 has not is made.
TEST_F(Format1Test, AStoreOfFormat2WithoutTheFamilyIsDamaged) {
  make_format_1(path("a"));
  write_file(fs::path(path("a")) / "FORMAT", "coseno event store, format 2\n");
  const auto opened = EventStore::open(path("a"), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_EQ(EventStore::open_beside(path("a")).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace coseno
