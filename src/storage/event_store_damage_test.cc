// Damaged files: cut, flipped, missing. What is read is then what was written, or the beginning of
// it where the end of the write-ahead log is gone, or an error; never anything else.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "storage/event_store_testing.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

bool is_journal(const fs::path& file) {
  return file.extension() == ".log" || file.filename().string().starts_with("MANIFEST-");
}

bool holds_data(const fs::path& file) {
  return is_journal(file) || file.extension() == ".sst" || file.filename() == "CURRENT" ||
         file.filename() == "FORMAT";
}

// All of the end of a table, which has no checksum of its own, and of the last records of a
// journal; some places elsewhere.
std::vector<std::size_t> places_to_damage(const fs::path& file, std::size_t n_bytes) {
  const std::size_t step = holds_data(file) ? 23 : n_bytes / 4 + 1;
  const std::size_t n_dense = holds_data(file) ? 60 : 0;
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < n_bytes; ++at) {
    if (at % step == 0 || at + n_dense >= n_bytes) places.push_back(at);
  }
  return places;
}

class EventStoreDamageTest : public EventStoreTest {
 protected:
  // A store whose first half stands in files and whose second half in the write-ahead log.
  std::string make_crashed_store() {
    const auto store = open(path("live"));
    EXPECT_TRUE(store->write(something_of_everything()));
    EXPECT_TRUE(store->compact(progress_));
    for (std::uint64_t position = 8; position <= kLastPosition; ++position) {
      StoreBatch batch;
      if (position == kLastPosition) batch.put_setting("last", "yes");
      batch.add(event(position, kAnn, kTea), fmt::format("id {}", position));
      EXPECT_TRUE(store->write(batch));
    }
    original_ = dump(*store);
    return copy(path("live"), "crashed");
  }

  // What is wrong with the store, as the first of open, read and verify says; "" where nothing is
  // and it holds what it should.
  std::string outcome(const std::string& folder, bool as_writer) {
    const auto store = as_writer ? EventStore::open(folder, {}) : EventStore::open_beside(folder);
    const auto check = [](const Error& error) {
      EXPECT_TRUE(error.code == ErrorCode::corrupt || error.code == ErrorCode::conflict ||
                  error.code == ErrorCode::unavailable)
          << error.message;
      return error.message;
    };
    if (!store) return check(store.error());
    Progress progress;
    const auto counts = (*store)->verify(progress);
    const std::string text = dump(**store);
    if (!counts) return check(counts.error());
    EXPECT_EQ(text, original_);
    return "";
  }

  static constexpr std::uint64_t kLastPosition = 12;
  std::string original_;
};

TEST_F(EventStoreDamageTest, CrashLosesNothing) {
  const std::string crashed = make_crashed_store();
  EXPECT_TRUE(original_.contains("log 12 "));
  EXPECT_EQ(outcome(crashed, false), "");
  EXPECT_EQ(outcome(crashed, true), "");
}

TEST_F(EventStoreDamageTest, FlippedByteIsCorruptOrChangesNothing) {
  const std::string crashed = make_crashed_store();
  std::set<std::string> kinds;
  for (const fs::path& file : files(crashed)) {
    const std::string bytes = read_file(file);
    kinds.insert(file.has_extension() ? file.extension().string() : file.filename().string());
    for (const std::size_t at : places_to_damage(file, bytes.size())) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at % 8)));
      write_file(file, damaged);
      const std::string trouble = outcome(crashed, false);
      EXPECT_EQ(trouble.empty(), !holds_data(file)) << file << " at " << at << ": " << trouble;
    }
    write_file(file, bytes);
  }
  EXPECT_EQ(outcome(crashed, false), "");
  for (const char* kind : {".log", ".sst", "CURRENT", "FORMAT"}) EXPECT_TRUE(kinds.contains(kind));
}

// As the one before, with the writer, which repairs what a crash leaves.
TEST_F(EventStoreDamageTest, WriterRepairsNoDamage) {
  const std::string crashed = make_crashed_store();
  for (const fs::path& file : files(crashed)) {
    if (!holds_data(file)) continue;
    const std::string bytes = read_file(file);
    for (const std::size_t at : {std::size_t{4}, bytes.size() / 2, bytes.size() - 2}) {
      const std::string damaged = copy(crashed, "damaged");
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ 0x20);
      write_file(fs::path(damaged) / file.filename(), changed);
      EXPECT_NE(outcome(damaged, true), "") << file << " at " << at;
    }
  }
}

TEST_F(EventStoreDamageTest, CutLogLosesOnlyTheLastRecord) {
  const std::string crashed = make_crashed_store();
  fs::path log;
  for (const fs::path& file : files(crashed)) {
    if (file.extension() == ".log" && fs::file_size(file) > 0) log = file.filename();
  }
  const std::string bytes = read_file(fs::path(crashed) / log);
  // Of the last batch: a header of 7 bytes, the sequence number of 12, a log record, an id, a
  // setting.
  const std::size_t last_begins = bytes.rfind("id 12") - 60;
  std::string without_last = original_;
  without_last.erase(without_last.find("log 12 "),
                     without_last.find("shown 100") - without_last.find("log 12 "));
  without_last.erase(without_last.find("setting last"), std::string("setting last yes\n").size());
  without_last.replace(without_last.find("position 12"), 11, "position 11");
  int n_cuts = 0;
  for (std::size_t size = bytes.size() - 1; size > last_begins; --size, ++n_cuts) {
    // A writer takes longer, because it brings everything to disk.
    for (const bool as_writer : {false, true}) {
      if (as_writer && size % 8 != 0) continue;
      const std::string cut = copy(crashed, "cut");
      write_file(fs::path(cut) / log, bytes.substr(0, size));
      const auto store = as_writer ? open(cut) : open_beside(cut);
      ASSERT_TRUE(store);
      const std::string text = dump(*store);
      if (text != without_last) {
        // The cut went past the last record and into the one before.
        EXPECT_EQ(store->last_position(), 10U) << size;
        EXPECT_GT(n_cuts, 60) << size;
      }
      EXPECT_EQ(fault(*store), "");
      EXPECT_EQ(store->find_event("id 12"), std::nullopt);
      EXPECT_EQ(store->find_event("id 10"), (EventKey{.position = 10, .user = kAnn}));
      if (!as_writer) continue;
      // Written over: the next one takes its place.
      StoreBatch batch;
      batch.add(event(12, kAnn, kJam), "id 12");
      ASSERT_TRUE(store->write(batch));
      EXPECT_EQ(store->find_event("id 12"), (EventKey{.position = 12, .user = kAnn}));
    }
  }
}

TEST_F(EventStoreDamageTest, CutFilesAreCorrupt) {
  const std::string crashed = make_crashed_store();
  for (const fs::path& file : files(crashed)) {
    if (!holds_data(file) || file.extension() == ".log") continue;
    const std::string bytes = read_file(file);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
      for (const bool as_writer : {false, true}) {
        const std::string damaged = copy(crashed, "damaged");
        write_file(fs::path(damaged) / file.filename(), bytes.substr(0, size));
        EXPECT_NE(outcome(damaged, as_writer), "") << file << " of " << size << " bytes";
      }
    }
  }
}

TEST_F(EventStoreDamageTest, MissingFilesAreCorruptAndNoNewStoreIsMade) {
  const std::string crashed = make_crashed_store();
  for (const fs::path& file : files(crashed)) {
    if (!holds_data(file) || file.extension() == ".log") continue;
    for (const bool as_writer : {false, true}) {
      const std::string damaged = copy(crashed, "damaged");
      fs::remove(fs::path(damaged) / file.filename());
      EXPECT_NE(outcome(damaged, as_writer), "") << file;
    }
  }
}

TEST_F(EventStoreDamageTest, DamagedBackupIsNotRestored) {
  {
    const auto store = open(path("a"));
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->write(something_of_everything()));
    ASSERT_TRUE(store->back_up(path("backup"), progress_));
  }
  int n_files = 0;
  for (const fs::path& file : files(path("backup"))) {
    if (file.extension() != ".sst") continue;
    ++n_files;
    const std::string bytes = read_file(file);
    std::string damaged = bytes;
    damaged[bytes.size() / 2] = static_cast<char>(damaged[bytes.size() / 2] ^ 1);
    write_file(file, damaged);
    const auto restored = EventStore::restore(path("backup"), path("b"), progress_);
    ASSERT_FALSE(restored) << file;
    EXPECT_EQ(restored.error().code, ErrorCode::corrupt);
    EXPECT_FALSE(fs::exists(path("b")));
    write_file(file, bytes);
  }
  EXPECT_GE(n_files, 3);
  EXPECT_TRUE(EventStore::restore(path("backup"), path("b"), progress_));
}

}  // namespace
}  // namespace coseno
