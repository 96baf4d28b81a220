#include "storage/event_store.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "storage/backup.h"
#include "storage/database.h"
#include "storage/log_syncer.h"
#include "storage/verify.h"

namespace coseno {
namespace {

// A reader caches little: it reads most things once.
constexpr std::size_t kReaderMemoryBytes = 64 << 20;
// RocksDB's least memtable is 64 KiB.
constexpr std::size_t kMinMemoryBytes = 1 << 20;
// What RocksDB's batch takes for a change beside key and value, at most: a guess is enough, it
// grows.
constexpr std::size_t kBytesPerChange = 8;

std::unexpected<Error> corrupt_entry(const std::string& folder, std::string_view trouble) {
  return make_error(ErrorCode::corrupt, "{}: the store is damaged: {}", folder, trouble);
}

// Entries of a table of Family::records: `visit` gets the key behind the table's byte.
Result<void> scan_table(
    const Database& database, Table table,
    const std::function<Result<bool>(std::string_view key, std::string_view value)>& visit) {
  const char from = std::to_underlying(table);
  const auto end = static_cast<char>(from + 1);
  return database.scan(
      Family::records, {&from, 1}, {&end, 1},
      [&](std::string_view key, std::string_view value) { return visit(key.substr(1), value); });
}

// The same for tables whose keys are numbers.
template <class Index>
Result<void> scan_numbers(const Database& database, Table table,
                          const std::function<void(Index, std::string_view)>& visit) {
  return scan_table(database, table,
                    [&](std::string_view key, std::string_view value) -> Result<bool> {
                      const std::optional<std::uint32_t> number = number_of(key);
                      using Number = std::underlying_type_t<Index>;
                      if (!number || *number > std::numeric_limits<Number>::max()) {
                        return corrupt_entry(database.folder(), "a key that is no number");
                      }
                      visit(static_cast<Index>(*number), value);
                      return true;
                    });
}

}  // namespace

EventStore::EventStore(std::string folder, Durability durability)
    : folder_(std::move(folder)), durability_(durability) {}

EventStore::~EventStore() = default;

Result<std::unique_ptr<EventStore>> EventStore::open(const std::string& folder,
                                                     const Options& options) {
  // Before anything is made in it: it may be somebody's folder of other things.
  COSENO_TRY(folder_state(folder));
  COSENO_TRY(make_folder(folder));
  COSENO_CHECK(options.memory_bytes >= kMinMemoryBytes);
  std::unique_ptr<EventStore> store(new EventStore(folder, options.durability));
  COSENO_ASSIGN(lock, WriterLock::take(folder));
  store->lock_.emplace(std::move(lock));
  COSENO_ASSIGN(state, folder_state(folder));
  const bool is_new = state != FolderState::ready;
  if (is_new) COSENO_TRY(set_folder_state(folder, FolderState::unfinished));
  COSENO_ASSIGN(format, folder_format(folder));
  const auto may_lack = is_new                  ? Database::MayLack::everything
                        : format < kStoreFormat ? Database::MayLack::shown_family
                                                : Database::MayLack::nothing;
  COSENO_ASSIGN(database, Database::open(folder, options.memory_bytes, may_lack));
  store->database_ = std::move(database);
  if (may_lack != Database::MayLack::nothing) {
    COSENO_TRY(set_folder_state(folder, FolderState::ready));
  }
  COSENO_TRY(store->load());
  COSENO_TRY(store->load_last_shown());
  if (options.durability == Durability::interval) store->start_syncing(options.sync_interval_ms);
  return store;
}

Result<std::unique_ptr<EventStore>> EventStore::open_beside(const std::string& folder) {
  COSENO_ASSIGN(state, folder_state(folder));
  if (state == FolderState::empty) {
    return make_error(ErrorCode::not_found, "{}: holds no event store", folder);
  }
  if (state == FolderState::unfinished) {
    return make_error(ErrorCode::unavailable, "{}: this event store is being made", folder);
  }
  std::unique_ptr<EventStore> store(new EventStore(folder, Durability::none));
  COSENO_ASSIGN(own_folder, TemporaryFolder::make());
  store->own_folder_.emplace(std::move(own_folder));
  COSENO_ASSIGN(database,
                Database::open_beside(folder, kReaderMemoryBytes, store->own_folder_->path()));
  store->database_ = std::move(database);
  COSENO_TRY(store->catch_up());
  return store;
}

void EventStore::start_syncing(int interval_ms) {
  COSENO_CHECK(interval_ms >= 1);
  syncer_ = std::make_unique<LogSyncer>([this] { return sync().has_value(); },
                                        std::chrono::milliseconds(interval_ms));
}

Result<void> EventStore::load() {
  COSENO_ASSIGN(last_position, load_last_position());
  UserSet erased;
  UserSet pending;
  COSENO_TRY(scan_numbers<UserIndex>(*database_, Table::erased_users,
                                     [&](UserIndex user, std::string_view erasure) {
                                       erased.insert(user);
                                       if (erasure == erasure_value(Erasure::pending).view())
                                         pending.insert(user);
                                     }));
  last_position_.store(last_position);
  const std::unique_lock guard(erased_mutex_);
  erased_ = std::move(erased);
  pending_ = std::move(pending);
  return {};
}

Result<std::uint64_t> EventStore::load_last_position() const {
  COSENO_ASSIGN(last_key, database_->last_key(Family::log));
  const std::optional<std::uint64_t> in_log = last_key ? position_of(*last_key) : 0;
  std::string value;
  COSENO_ASSIGN(is_set, database_->get(Family::records, table_key(Table::position).view(), value));
  const std::optional<std::uint64_t> set = is_set ? position_of_value(value) : 0;
  if (!in_log || !set) return corrupt_entry(folder_, "a position that is no number");
  return std::max(*in_log, *set);
}

Result<void> EventStore::load_last_shown() {
  COSENO_ASSIGN(last, database_->last_key(Family::shown));
  if (!last) return {};
  const std::optional<ShownKey> key = shown_key_of(*last);
  if (!key) return corrupt_entry(folder_, "a shown list without a time");
  last_shown_ = *key;
  return {};
}

Result<void> EventStore::catch_up() {
  COSENO_CHECK(own_folder_.has_value());
  COSENO_TRY(Database::catch_up(database_, own_folder_->path()));
  return load();
}

Result<void> EventStore::write(const StoreBatch& batch) {
  COSENO_CHECK(lock_.has_value());
  if (batch.empty()) return {};
  COSENO_CHECK(batch.first_position_ == 0 || batch.first_position_ > last_position_.load());
  rocksdb::WriteBatch changes(batch.bytes_.size() + kBytesPerChange * batch.changes_.size());
  std::string_view rest = batch.bytes_;
  const auto take = [&rest](std::size_t n_bytes) {
    const std::string_view taken = rest.substr(0, n_bytes);
    rest.remove_prefix(n_bytes);
    return taken;
  };
  for (const StoreBatch::Change& change : batch.changes_) {
    rocksdb::ColumnFamilyHandle* const family = database_->family(change.family);
    const std::string_view key = take(change.key_bytes);
    const std::string_view value = take(change.value_bytes);
    const rocksdb::Status status =
        change.is_deletion ? changes.Delete(family, key) : changes.Put(family, key, value);
    COSENO_CHECK(status.ok());
  }
  COSENO_TRY(database_->write(changes, durability_ == Durability::always));
  if (batch.last_position_ != 0) last_position_.store(batch.last_position_);
  if (batch.last_shown_) last_shown_ = std::max(last_shown_, *batch.last_shown_);
  if (!batch.erased_users_.empty()) {
    const std::unique_lock guard(erased_mutex_);
    erased_.insert(batch.erased_users_.begin(), batch.erased_users_.end());
    pending_.insert(batch.erased_users_.begin(), batch.erased_users_.end());
  }
  if (syncer_ != nullptr) syncer_->note_write();
  return {};
}

Result<void> EventStore::sync() {
  COSENO_CHECK(lock_.has_value());
  return database_->sync();
}

Result<std::optional<EventKey>> EventStore::find_event(std::string_view event_id) const {
  std::string value;
  COSENO_ASSIGN(is_there, database_->get(Family::event_ids, event_id, value));
  if (!is_there) return std::nullopt;
  const std::optional<EventKey> key = event_key_of(value);
  if (!key) return corrupt_entry(folder_, "an event id that stands for no event");
  const std::shared_lock guard(erased_mutex_);
  if (erased_.contains(key->user)) return std::nullopt;
  return key;
}

Result<std::optional<LogRecord>> EventStore::read(std::uint64_t position) const {
  std::string value;
  COSENO_ASSIGN(is_there, database_->get(Family::log, log_key(position).view(), value));
  if (!is_there) return std::nullopt;
  LogRecord record;
  if (const auto decoded = decode_log_record(position, value, record); !decoded) {
    return corrupt_entry(folder_, decoded.error().message);
  }
  return record;
}

Result<void> EventStore::scan(std::uint64_t from, const VisitRecord& visit) const {
  LogRecord record;
  return database_->scan(Family::log, log_key(from).view(), {},
                         [&](std::string_view key, std::string_view value) -> Result<bool> {
                           const std::optional<std::uint64_t> position = position_of(key);
                           if (!position)
                             return corrupt_entry(folder_, "a log record without a position");
                           if (const auto decoded = decode_log_record(*position, value, record);
                               !decoded) {
                             return corrupt_entry(folder_, decoded.error().message);
                           }
                           return visit(record);
                         });
}

Result<void> EventStore::scan_users(
    const std::function<void(UserIndex, std::string_view)>& visit) const {
  return scan_numbers<UserIndex>(*database_, Table::users, visit);
}

Result<void> EventStore::scan_items(
    const std::function<void(ItemIndex, std::string_view)>& visit) const {
  return scan_numbers<ItemIndex>(*database_, Table::items, visit);
}

Result<void> EventStore::scan_types(
    const std::function<void(TypeIndex, std::string_view)>& visit) const {
  return scan_numbers<TypeIndex>(*database_, Table::types, visit);
}

Result<void> EventStore::scan_user_properties(
    const std::function<void(UserIndex, std::string_view)>& visit) const {
  return scan_numbers<UserIndex>(*database_, Table::user_properties, visit);
}

Result<void> EventStore::scan_item_properties(
    const std::function<void(ItemIndex, std::string_view)>& visit) const {
  return scan_numbers<ItemIndex>(*database_, Table::item_properties, visit);
}

Result<void> EventStore::scan_erased_users(const std::function<void(UserIndex)>& visit) const {
  return scan_numbers<UserIndex>(*database_, Table::erased_users,
                                 [&](UserIndex user, std::string_view) { visit(user); });
}

Result<void> EventStore::scan_settings(
    const std::function<void(std::string_view, std::string_view)>& visit) const {
  return scan_table(*database_, Table::settings,
                    [&](std::string_view name, std::string_view value) -> Result<bool> {
                      visit(name, value);
                      return true;
                    });
}

Result<std::optional<std::string>> EventStore::setting(std::string_view name) const {
  std::string value;
  COSENO_ASSIGN(is_there, database_->get(Family::records, setting_key(name), value));
  if (!is_there) return std::nullopt;
  return value;
}

Result<std::optional<std::string>> EventStore::user_properties(UserIndex user) const {
  std::string value;
  const NumberKey key = number_key(Table::user_properties, std::to_underlying(user));
  COSENO_ASSIGN(is_there, database_->get(Family::records, key.view(), value));
  if (!is_there) return std::nullopt;
  return value;
}

Result<void> EventStore::scan_shown(std::int64_t from_ms, const VisitShown& visit) const {
  ShownRecord record;
  const ShownKeyBytes from = shown_key({.time_ms = from_ms});
  return database_->scan(Family::shown, from.view(), {},
                         [&](std::string_view key, std::string_view value) -> Result<bool> {
                           const std::optional<ShownKey> shown = shown_key_of(key);
                           if (!shown) {
                             return corrupt_entry(folder_, "a shown list without a time");
                           }
                           if (const auto decoded = decode_shown_record(*shown, value, record);
                               !decoded) {
                             return corrupt_entry(folder_, decoded.error().message);
                           }
                           return is_erased(record.user) || visit(record);
                         });
}

bool EventStore::is_erased(std::optional<UserIndex> user) const {
  const std::shared_lock guard(erased_mutex_);
  return user && erased_.contains(*user);
}

Result<ShownKey> EventStore::next_shown_key(std::int64_t time_ms) const {
  if (time_ms > last_shown_.time_ms) return ShownKey{.time_ms = time_ms};
  ShownKey last = last_shown_;
  if (time_ms < last.time_ms) {  // the clock was put back
    const ShownKeyBytes end = shown_key({.time_ms = time_ms + 1});
    COSENO_ASSIGN(before, database_->last_key(Family::shown, end.view()));
    const std::optional<ShownKey> key = before ? shown_key_of(*before) : std::nullopt;
    if (before && !key) return corrupt_entry(folder_, "a shown list without a time");
    if (!key || key->time_ms < time_ms) return ShownKey{.time_ms = time_ms};
    last = *key;
  }
  if (last.number == std::numeric_limits<std::uint32_t>::max()) {
    return make_error(ErrorCode::unavailable, "{}: too many lists were shown at {} ms", folder_,
                      time_ms);
  }
  return ShownKey{.time_ms = time_ms, .number = last.number + 1};
}

Result<void> EventStore::drop_shown(std::int64_t before_ms) {
  COSENO_CHECK(lock_.has_value());
  COSENO_TRY(database_->drop_before(Family::shown, shown_key({.time_ms = before_ms}).view()));
  if (syncer_ != nullptr) syncer_->note_write();
  return {};
}

Result<void> EventStore::compact(Progress& progress) {
  COSENO_CHECK(lock_.has_value());
  const auto users = [this] {
    const std::shared_lock guard(erased_mutex_);
    return std::make_shared<const UserSet>(pending_);
  }();
  if (users->empty()) return {};
  COSENO_TRY(database_->compact_without(users, progress));
  COSENO_TRY(mark_compacted(*users));
  COSENO_TRY(database_->flush());
  return database_->remove_obsolete_files();
}

Result<void> EventStore::mark_compacted(const UserSet& users) {
  rocksdb::WriteBatch changes;
  for (const UserIndex user : users) {
    const NumberKey key = number_key(Table::erased_users, std::to_underlying(user));
    const rocksdb::Status status = changes.Put(database_->family(Family::records), key.view(),
                                               erasure_value(Erasure::compacted).view());
    COSENO_CHECK(status.ok());
  }
  COSENO_TRY(database_->write(changes, /*sync=*/false));
  const std::unique_lock guard(erased_mutex_);
  for (const UserIndex user : users) pending_.erase(user);
  return {};
}

Result<StoreCounts> EventStore::verify(Progress& progress) const {
  COSENO_TRY(verify_files(*database_, progress));
  return verify_entries(*this, *database_, progress);
}

Result<void> EventStore::back_up(const std::string& target, Progress& progress) const {
  COSENO_CHECK(lock_.has_value());
  return back_up_database(*database_, target, progress);
}

Result<void> EventStore::restore(const std::string& target, const std::string& folder,
                                 Progress& progress) {
  return restore_database(target, folder, progress);
}

}  // namespace coseno
