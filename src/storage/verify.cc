#include "storage/verify.h"

#include <rocksdb/file_checksum.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/database.h"
#include "storage/log_format.h"

namespace coseno {
namespace {

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kReportEvery = 1 << 16;

std::unexpected<Error> cancelled() {
  return make_error(ErrorCode::cancelled, "verifying the store was stopped");
}

// --- files
// ----------------------------------------------------------------------------------------

class FileVerifier {
 public:
  FileVerifier(const std::vector<rocksdb::LiveFileMetaData>& files, bool may_be_removed,
               Progress& progress)
      : files_(files), may_be_removed_(may_be_removed), progress_(progress) {
    for (const rocksdb::LiveFileMetaData& file : files_) total_bytes_ += file.size;
  }

  Result<void> run() {
    for (const rocksdb::LiveFileMetaData& file : files_) COSENO_TRY(verify(file));
    return {};
  }

 private:
  Result<void> verify(const rocksdb::LiveFileMetaData& file) {
    const std::string path =
        (std::filesystem::path(file.directory) / file.relative_filename).string();
    const auto sum = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
    std::ifstream stream(path, std::ios::binary);
    if (!stream) {
      // It was there when the store was opened. What a writer beside has removed since is no longer
      // the store's; and it is still open, so its blocks are checked with the entries.
      if (may_be_removed_) return {};
      return make_error(ErrorCode::corrupt, "{}: cannot be read", path);
    }
    std::vector<char> buffer(kReadBytes);
    while (stream) {
      if (progress_.cancelled()) return cancelled();
      stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      const auto n_read = static_cast<std::size_t>(stream.gcount());
      sum->Update(buffer.data(), n_read);
      done_bytes_ += n_read;
      progress_.report("checking files", done_bytes_, total_bytes_, "");
    }
    if (stream.bad()) return make_error(ErrorCode::io, "{}: cannot be read to its end", path);
    sum->Finalize();
    if (sum->GetChecksum() == file.file_checksum) return {};
    return make_error(ErrorCode::corrupt, "{}: the checksum of the file is wrong", path);
  }

  const std::vector<rocksdb::LiveFileMetaData>& files_;
  const bool may_be_removed_;
  Progress& progress_;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t done_bytes_ = 0;
};

// --- entries
// --------------------------------------------------------------------------------------

// Of one event with an id; the sum over all does not depend on their order.
std::uint64_t hash(std::uint64_t position, UserIndex user) {
  std::uint64_t x = position ^ (std::uint64_t{std::to_underlying(user)} << 32);
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

struct EventSet {
  std::uint64_t n_events = 0;
  std::uint64_t sum = 0;

  void add(std::uint64_t position, UserIndex user) {
    ++n_events;
    sum += hash(position, user);
  }
  bool operator==(const EventSet&) const = default;
};

class EntryVerifier {
 public:
  EntryVerifier(const EventStore& store, const Database& database, Progress& progress)
      : store_(store), database_(database), progress_(progress) {}

  Result<StoreCounts> run() {
    COSENO_TRY(verify_names());
    COSENO_TRY(verify_properties());
    COSENO_TRY(verify_log());
    COSENO_TRY(verify_event_ids());
    COSENO_TRY(verify_shown_lists());
    if (in_log_ != by_id_) {
      return corrupt("{} events came with an id and {} ids name an event, or not the same ones",
                     in_log_.n_events, by_id_.n_events);
    }
    return counts_;
  }

 private:
  template <class... Args>
  std::unexpected<Error> corrupt(fmt::format_string<Args...> format, Args&&... args) const {
    return make_error(ErrorCode::corrupt, "{}: the store is damaged: {}", database_.folder(),
                      fmt::format(format, std::forward<Args>(args)...));
  }

  static bool has(const std::vector<bool>& set, std::size_t number) {
    return number < set.size() && set[number];
  }

  static void insert(std::vector<bool>& set, std::size_t number) {
    if (number >= set.size()) set.resize(number + 1);
    set[number] = true;
  }

  // Entries are counted while they come; the error, if any, is kept for the end.
  void fail(std::string trouble) {
    if (trouble_.empty()) trouble_ = std::move(trouble);
  }

  Result<void> verdict() const {
    if (trouble_.empty()) return {};
    return corrupt("{}", trouble_);
  }

  void check_id(std::string_view kind, std::size_t number, std::string_view id) {
    if (id.empty() || id.size() > kMaxIdBytes) {
      fail(fmt::format("the id of {} {} has {} bytes", kind, number, id.size()));
    }
  }

  void check_no_gap(std::string_view kind, std::uint64_t n_there, std::size_t n_numbers) {
    if (n_there != n_numbers) {
      fail(fmt::format("{} {} of {} numbers have none", kind, n_numbers - n_there, n_numbers));
    }
  }

  Result<void> verify_names() {
    COSENO_TRY(store_.scan_erased_users([&](UserIndex user) {
      insert(erased_, offset(user));
      ++counts_.n_erased_users;
    }));
    COSENO_TRY(store_.scan_users([&](UserIndex user, std::string_view id) {
      check_id("user", offset(user), id);
      if (has(erased_, offset(user))) fail(fmt::format("erased user {} has an id", offset(user)));
      insert(users_, offset(user));
      ++counts_.n_users;
    }));
    COSENO_TRY(store_.scan_items([&](ItemIndex item, std::string_view id) {
      check_id("item", offset(item), id);
      ++counts_.n_items;
      n_item_numbers_ = offset(item) + 1;
    }));
    std::size_t n_type_numbers = 0;
    COSENO_TRY(store_.scan_types([&](TypeIndex type, std::string_view name) {
      check_id("type", offset(type), name);
      ++counts_.n_types;
      n_type_numbers = offset(type) + 1;
    }));
    check_no_gap("ids of users:", counts_.n_users + counts_.n_erased_users,
                 std::max(users_.size(), erased_.size()));
    check_no_gap("ids of items:", counts_.n_items, n_item_numbers_);
    check_no_gap("names of types:", counts_.n_types, n_type_numbers);
    return verdict();
  }

  Result<void> verify_properties() {
    COSENO_TRY(store_.scan_item_properties([&](ItemIndex item, std::string_view) {
      if (offset(item) >= n_item_numbers_) {
        fail(fmt::format("properties of item {}, which has no id", offset(item)));
      }
      ++counts_.n_item_properties;
    }));
    COSENO_TRY(store_.scan_user_properties([&](UserIndex user, std::string_view) {
      if (!has(users_, offset(user))) {
        fail(fmt::format("properties of user {}, who has no id", offset(user)));
      }
      ++counts_.n_user_properties;
    }));
    return verdict();
  }

  Result<void> verify_log() {
    bool is_cancelled = false;
    COSENO_TRY(store_.scan(0, [&](const LogRecord& record) {
      check_record(record);
      is_cancelled = !reports(record.position, store_.last_position());
      return trouble_.empty() && !is_cancelled;
    }));
    if (is_cancelled) return cancelled();
    return verdict();
  }

  void check_record(const LogRecord& record) {
    switch (record.kind) {
      case LogRecord::Kind::event:
        ++counts_.n_events;
        check_event(record);
        break;
      case LogRecord::Kind::retraction:
        ++counts_.n_retractions;
        if (record.target == 0 || record.target >= record.position) {
          fail(fmt::format("position {} takes back position {}", record.position, record.target));
        }
        break;
      case LogRecord::Kind::erasure:
        ++counts_.n_erasures;
        if (!has(erased_, offset(record.user))) {
          fail(fmt::format("user {} was erased at position {}, but is there", offset(record.user),
                           record.position));
        }
        break;
      case LogRecord::Kind::settings:
        ++counts_.n_settings_records;
        break;
    }
  }

  void check_event(const LogRecord& record) {
    const bool is_erased = has(erased_, offset(record.user));
    if (!is_erased && !has(users_, offset(record.user))) {
      fail(fmt::format("the event at position {} names user {}, who has no id", record.position,
                       offset(record.user)));
    }
    if (offset(record.item) >= n_item_numbers_) {
      fail(fmt::format("the event at position {} names item {}, which has no id", record.position,
                       offset(record.item)));
    }
    if (offset(record.type) >= counts_.n_types) {
      fail(fmt::format("the event at position {} names type {}, which has no name", record.position,
                       offset(record.type)));
    }
    if (record.has_event_id && !is_erased) in_log_.add(record.position, record.user);
  }

  Result<void> verify_event_ids() {
    return database_.scan(Family::event_ids, {}, {},
                          [&](std::string_view id, std::string_view value) -> Result<bool> {
                            const std::optional<EventKey> key = event_key_of(value);
                            if (!key) return corrupt("an event id that stands for no event");
                            check_id("the event at position", key->position, id);
                            if (!trouble_.empty()) return corrupt("{}", trouble_);
                            if (!has(erased_, offset(key->user)))
                              by_id_.add(key->position, key->user);
                            ++counts_.n_event_ids;
                            if (!reports(counts_.n_event_ids, in_log_.n_events)) return cancelled();
                            return true;
                          });
  }

  Result<void> verify_shown_lists() {
    ShownRecord record;
    return database_.scan(
        Family::shown, {}, {}, [&](std::string_view key, std::string_view value) -> Result<bool> {
          const std::optional<ShownKey> shown = shown_key_of(key);
          if (!shown) return corrupt("a shown list without a time");
          if (const auto decoded = decode_shown_record(*shown, value, record); !decoded) {
            return corrupt("{}", decoded.error().message);
          }
          check_shown(record);
          if (!trouble_.empty()) return corrupt("{}", trouble_);
          // How many there are nobody knows before.
          if (!reports(++counts_.n_shown_lists, 0)) return cancelled();
          return true;
        });
  }

  void check_shown(const ShownRecord& record) {
    const std::int64_t time_ms = record.key.time_ms;
    if (record.user && !has(erased_, offset(*record.user)) && !has(users_, offset(*record.user))) {
      fail(fmt::format("the list shown at {} ms names user {}, who has no id", time_ms,
                       offset(*record.user)));
    }
    if (record.position > store_.last_position()) {
      fail(fmt::format("the list shown at {} ms reflects position {}, which is yet to come",
                       time_ms, record.position));
    }
    for (const ShownPlace& place : record.places) {
      if (offset(place.item) >= n_item_numbers_) {
        fail(fmt::format("the list shown at {} ms names item {}, which has no id", time_ms,
                         offset(place.item)));
      }
    }
  }

  // False where the work is to end.
  bool reports(std::uint64_t done, std::uint64_t total) {
    if (++n_entries_ % kReportEvery != 0) return true;
    progress_.report("checking records", done, total, "");
    return !progress_.cancelled();
  }

  const EventStore& store_;
  const Database& database_;
  Progress& progress_;
  StoreCounts counts_;
  std::vector<bool> users_;
  std::vector<bool> erased_;
  std::size_t n_item_numbers_ = 0;
  EventSet in_log_;
  EventSet by_id_;
  std::uint64_t n_entries_ = 0;
  std::string trouble_;
};

}  // namespace

Result<void> verify_files(const Database& database, Progress& progress) {
  COSENO_TRY(check_journals(database.folder()));
  const Database::KeptFiles kept(database);
  COSENO_ASSIGN(files, database.tables());
  return FileVerifier(files, database.is_reader(), progress).run();
}

Result<StoreCounts> verify_entries(const EventStore& store, const Database& database,
                                   Progress& progress) {
  return EntryVerifier(store, database, progress).run();
}

}  // namespace coseno
