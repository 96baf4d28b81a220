// Stores in temporary folders, for the tests of the event store.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/event_store.h"

namespace coseno {

constexpr UserIndex kAnn{0};
constexpr UserIndex kBob{1};
constexpr ItemIndex kTea{0};
constexpr ItemIndex kJam{1};
constexpr TypeIndex kView{0};

inline LogRecord event(std::uint64_t position, UserIndex user, ItemIndex item) {
  return {.kind = LogRecord::Kind::event,
          .position = position,
          .user = user,
          .item = item,
          .type = kView,
          .value = 0.5F,
          .time_ms = 1000 * static_cast<std::int64_t>(position)};
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

class EventStoreTest : public testing::Test {
 protected:
  EventStoreTest() { std::filesystem::create_directory(root_); }
  ~EventStoreTest() override { std::filesystem::remove_all(root_); }

  std::string path(std::string_view name) const { return (root_ / name).string(); }

  // Of a store that must open.
  static std::unique_ptr<EventStore> open(const std::string& folder,
                                          const EventStoreOptions& options = {}) {
    Result<std::unique_ptr<EventStore>> store = EventStore::open(folder, options);
    if (!store) {
      ADD_FAILURE() << store.error().message;
      return nullptr;
    }
    return std::move(*store);
  }

  static std::unique_ptr<EventStore> open_beside(const std::string& folder) {
    Result<std::unique_ptr<EventStore>> store = EventStore::open_beside(folder);
    if (!store) {
      ADD_FAILURE() << store.error().message;
      return nullptr;
    }
    return std::move(*store);
  }

  Progress progress_;  // that of nobody

  // Two users, two items and a type, at no position.
  static StoreBatch names() {
    StoreBatch batch;
    batch.add_user(kAnn, "ann");
    batch.add_user(kBob, "bob");
    batch.add_item(kTea, "tea");
    batch.add_item(kJam, "jam");
    batch.add_type(kView, "view");
    return batch;
  }

  // A list of tea and jam.
  static ShownRecord shown(std::int64_t time_ms, UserIndex user) {
    return {.key = {.time_ms = time_ms},
            .user = user,
            .position = 1,
            .seed = 7,
            .exploration = 0.5,
            .places = {{.item = kTea, .score = 2, .propensity = 0.75}, {.item = kJam, .score = 1}}};
  }

  // Something of every kind, at positions 1 to 7.
  static StoreBatch something_of_everything() {
    StoreBatch batch = names();
    batch.add(event(1, kAnn, kTea), "first");
    batch.add(event(2, kBob, kTea), "second");
    batch.add(event(3, kAnn, kJam));
    batch.add({.kind = LogRecord::Kind::retraction, .position = 4, .target = 3});
    batch.add({.kind = LogRecord::Kind::settings, .position = 5, .text = R"({"view":1})"});
    batch.put_item(kTea, R"({"hot":true})");
    batch.put_user(kAnn, R"({"age":30})");
    batch.put_user(kBob, R"({"age":40})");
    batch.put_setting("weights", "[1]");
    batch.add_shown(shown(100, kAnn));
    batch.add_shown(shown(200, kBob));
    batch.add({.kind = LogRecord::Kind::erasure, .position = 6, .user = kBob});
    batch.erase_user(kBob);
    batch.set_position(7);
    return batch;
  }

  // All that reading functions say, one line each; the first error in place of it.
  static std::string dump(const EventStore& store) {
    std::string text;
    const auto add = [&](std::string_view table, std::size_t number, std::string_view value) {
      text += fmt::format("{} {} {}\n", table, number, value);
    };
    std::string trouble;
    const auto check = [&](const Result<void>& result) {
      if (!result && trouble.empty()) trouble = fmt::format("error: {}", result.error().message);
    };
    check(store.scan_users([&](UserIndex user, auto id) { add("user", offset(user), id); }));
    check(store.scan_items([&](ItemIndex item, auto id) { add("item", offset(item), id); }));
    check(store.scan_types([&](TypeIndex type, auto name) { add("type", offset(type), name); }));
    check(store.scan_user_properties(
        [&](UserIndex user, auto json) { add("user properties", offset(user), json); }));
    check(store.scan_item_properties(
        [&](ItemIndex item, auto json) { add("item properties", offset(item), json); }));
    check(store.scan_erased_users([&](UserIndex user) { add("erased", offset(user), ""); }));
    check(store.scan_settings(
        [&](auto name, auto value) { text += fmt::format("setting {} {}\n", name, value); }));
    check(store.scan(0, [&](const LogRecord& record) {
      text += fmt::format("log {} {} {} {} {} {} {} {} {} {}\n", record.position,
                          std::to_underlying(record.kind), offset(record.user), offset(record.item),
                          offset(record.type), record.value, record.time_ms, record.has_event_id,
                          record.target, record.text);
      return true;
    }));
    check(store.scan_shown(0, [&](const ShownRecord& record) {
      text += fmt::format("shown {} {} {} {} {} {} {}", record.key.time_ms, record.key.number,
                          record.user ? static_cast<int>(offset(*record.user)) : -1,
                          record.position, record.snapshot, record.seed, record.exploration);
      for (const ShownPlace& place : record.places) {
        text += fmt::format(" {}:{}:{}", offset(place.item), place.score, place.propensity);
      }
      text += "\n";
      return true;
    }));
    for (const char* id : {"first", "second", "third"}) {
      const auto key = store.find_event(id);
      if (!key) {
        check(std::unexpected(key.error()));
      } else if (*key) {
        text += fmt::format("event {} {} {}\n", id, (*key)->position, offset((*key)->user));
      }
    }
    if (!trouble.empty()) return trouble;
    return text + fmt::format("position {}\n", store.last_position());
  }

  // Positions of the log from `from` on.
  static std::vector<std::uint64_t> positions(const EventStore& store, std::uint64_t from = 0) {
    std::vector<std::uint64_t> found;
    const auto scanned = store.scan(from, [&](const LogRecord& record) {
      found.push_back(record.position);
      return true;
    });
    EXPECT_TRUE(scanned) << scanned.error().message;
    return found;
  }

  // The error of verify(), or "".
  static std::string fault(const EventStore& store) {
    Progress progress;
    const Result<StoreCounts> counts = store.verify(progress);
    return counts ? "" : counts.error().message;
  }

  static std::vector<std::filesystem::path> files(const std::string& folder) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }

  // As after kill -9: files as they are now, and nobody holds them.
  std::string copy(const std::string& folder, std::string_view name) const {
    std::filesystem::remove_all(path(name));
    std::filesystem::copy(folder, path(name), std::filesystem::copy_options::recursive);
    return path(name);
  }

  std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) / fmt::format("event_store_{}", getpid());
};

}  // namespace coseno
