// Everything that coseno keeps on disk of what happened: the event log, the ids behind its numbers,
// properties, settings, and lists that were shown. All else is derived from it.
//
//   auto store = EventStore::open("data/store", {});          // Result
//   StoreBatch batch;
//   batch.add_user(UserIndex{0}, "ann");
//   batch.add({.position = 1, .user = UserIndex{0}, ...}, "event-17");
//   (*store)->write(batch);
//   (*store)->scan(1, [](const LogRecord& record) { ...; return true; });
//
// One writer a folder, any number of readers beside it. The layout stands in store_keys.h, the
// options of RocksDB in database.h.
//
// What is written survives the end of the process as soon as write() returns. What a power failure
// may take is said by Durability, and it is always the newest: what is there after it is what was
// there at one moment before. An unfinished record at the end of the write-ahead log is cut off;
// every other fault in any file is an error of code `corrupt`, from open(), from reading, or at the
// latest from verify().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/progress.h"
#include "coseno/durability.h"
#include "data/ids.h"
#include "storage/log_record.h"
#include "storage/shown_record.h"
#include "storage/store_batch.h"
#include "storage/store_folder.h"
#include "storage/store_keys.h"

namespace coseno {

class Database;
class LogSyncer;

struct EventStoreOptions {
  Durability durability = Durability::interval;
  int sync_interval_ms = 100;  // 1 or more
  // Bound of what RocksDB takes for memtables, cached blocks, indices and filters. Filters take 1.5
  // bytes an event id: what does not fit costs a disk read an event with an id. At least 1 MiB.
  std::size_t memory_bytes = 256 << 20;
};

// How many of everything there are.
struct StoreCounts {
  std::uint64_t n_events = 0;  // log records of each kind
  std::uint64_t n_retractions = 0;
  std::uint64_t n_erasures = 0;
  std::uint64_t n_settings_records = 0;
  std::uint64_t n_event_ids = 0;
  std::uint64_t n_users = 0;  // without those erased
  std::uint64_t n_erased_users = 0;
  std::uint64_t n_items = 0;
  std::uint64_t n_types = 0;
  std::uint64_t n_item_properties = 0;  // items and users that have any
  std::uint64_t n_user_properties = 0;
  std::uint64_t n_shown_lists = 0;  // those too of erased users that compact() has yet to drop

  bool operator==(const StoreCounts&) const = default;
};

// Reading functions and compact() are thread-safe, and may run beside write(); write(), and
// catch_up() of a reader, are called from one thread at a time. Errors everywhere: io, corrupt.
class EventStore {
 public:
  using Options = EventStoreOptions;

  // The one writer. Makes the folder, and the store, where there is none; makes the newest format
  // of an older one. After a crash it replays at most memory_bytes / 2 of write-ahead log. Errors:
  // conflict where somebody else writes it, where its format is newer, or where the folder holds
  // something else; corrupt; io.
  static Result<std::unique_ptr<EventStore>> open(const std::string& folder,
                                                  const Options& options);

  // A reader, beside a writer or alone; needs no right to write to the folder. It shows what was
  // written before it was opened, and no more until catch_up(). What the writer has not yet put in
  // files it keeps in memory: as much as the writer's memtables. What compact() drops it may show
  // until it is opened again.
  // Errors: not_found where the folder holds no store; unavailable where one is being made, or
  // where its writer changed files at every try; conflict where its format is newer; corrupt; io.
  static Result<std::unique_ptr<EventStore>> open_beside(const std::string& folder);

  // Writes to disk what is in memory only, so that the next open() has nothing to replay.
  ~EventStore();
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;

  // Reader only: shows all that was written before this call. Must not run beside a reading
  // function of this object. Cost: what was written since; where the writer has changed files (some
  // 30 MB of events, or opening), that of open_beside(). Error: unavailable where it did so all the
  // time.
  Result<void> catch_up();

  // Writer only, like all that changes something. All of the batch, or nothing: on a full disk the
  // error is `io`, nothing of the batch is there, and writing works again some seconds after there
  // is room. Other errors of the disk, and of a sync before, need a new open(). Positions are above
  // last_position().
  // Cost: one write to the write-ahead log; with Durability::always a sync.
  Result<void> write(const StoreBatch& batch);

  // Waits until everything written is on disk.
  Result<void> sync();

  // Position and user of the event with this id; nothing where there is none, or where its user was
  // erased (compacted or not). An id that is not there costs no disk read while the filters fit in
  // memory.
  Result<std::optional<EventKey>> find_event(std::string_view event_id) const;

  // The record at this position, or nothing.
  Result<std::optional<LogRecord>> read(std::uint64_t position) const;

  // Records from position `from` on, in log order, until there are no more or `visit` says false.
  // The record is valid during the call. Events of an erased user are there until compact(). It
  // shows the store as it was when it was called.
  using VisitRecord = std::function<bool(const LogRecord& record)>;
  Result<void> scan(std::uint64_t from, const VisitRecord& visit) const;

  // In the order of the numbers; an erased user is in scan_erased_users() only. Views are valid
  // during the call.
  Result<void> scan_users(const std::function<void(UserIndex, std::string_view id)>& visit) const;
  Result<void> scan_items(const std::function<void(ItemIndex, std::string_view id)>& visit) const;
  Result<void> scan_types(const std::function<void(TypeIndex, std::string_view name)>& visit) const;
  Result<void> scan_user_properties(
      const std::function<void(UserIndex, std::string_view json)>& visit) const;
  Result<void> scan_item_properties(
      const std::function<void(ItemIndex, std::string_view json)>& visit) const;
  // Nothing where there are none.
  Result<std::optional<std::string>> user_properties(UserIndex user) const;
  Result<void> scan_erased_users(const std::function<void(UserIndex)>& visit) const;
  // In the order of the names' bytes.
  Result<void> scan_settings(
      const std::function<void(std::string_view name, std::string_view value)>& visit) const;
  Result<std::optional<std::string>> setting(std::string_view name) const;

  // Lists that were shown from `from_ms` on, oldest first, until there are no more or `visit` says
  // false. Those of erased users are not among them. The record is valid during the call.
  using VisitShown = std::function<bool(const ShownRecord& record)>;
  Result<void> scan_shown(std::int64_t from_ms, const VisitShown& visit) const;
  // Writer only: the key of a list that is shown at this time, for the next write(). Errors:
  // unavailable where there are 2^32 of this millisecond.
  Result<ShownKey> next_shown_key(std::int64_t time_ms) const;
  // Writer only, as write(): drops the lists that were shown before. Most of their room on disk is
  // given back at once, the rest when RocksDB compacts.
  Result<void> drop_shown(std::int64_t before_ms);

  // Of any mutation, not only of those in the log; 0 in a new store. Never lower than before,
  // whatever compact() drops.
  std::uint64_t last_position() const { return last_position_.load(); }

  // Drops what is left of erased users, log records, event ids and what they were shown, and every
  // copy of it: no file of the folder holds a byte of it, of their ids or properties any more.
  // (Blocks of the disk that files have given back are beyond our reach, and so are backups.)
  // Retractions of dropped events stay. Where no user was erased since the last time it does
  // nothing. Cost: reads and writes everything once or twice, and takes as much room again
  // meanwhile. One at a time. Error: cancelled; then the store is good, and some of it is dropped.
  Result<void> compact(Progress& progress);

  // Reads every byte, and checks checksums, the form of every record, and that what one record
  // names the other holds. Must not run beside write() of this object: a store that is being
  // written is verified through open_beside(). Memory: two bits a user. Errors: corrupt, with the
  // first fault found; cancelled.
  Result<StoreCounts> verify(Progress& progress) const;

  // Copies the store to `target`, which is missing, empty, or an earlier backup of it: that one is
  // brought up to date, at the cost of what changed. Interrupted, the earlier one stays good.
  // Writing goes on beside it. Writer only. Errors: conflict where `target` holds something else;
  // cancelled.
  Result<void> back_up(const std::string& target, Progress& progress) const;

  // Makes `folder` from a backup, checking checksums. Until it is done, the folder is no store; and
  // where it fails, the folder is as it was before, missing or empty. Errors: not_found where
  // `target` is no backup; conflict where `folder` is not empty; corrupt; io; cancelled.
  static Result<void> restore(const std::string& target, const std::string& folder,
                              Progress& progress);

 private:
  EventStore(std::string folder, Durability durability);

  void start_syncing(int interval_ms);
  // Reads what is kept in memory: the last position, and who was erased.
  Result<void> load();
  Result<std::uint64_t> load_last_position() const;
  bool is_erased(std::optional<UserIndex> user) const;
  Result<void> load_last_shown();
  Result<void> mark_compacted(const UserSet& users);

  std::string folder_;
  Durability durability_;
  std::optional<WriterLock> lock_;             // of the writer
  std::optional<TemporaryFolder> own_folder_;  // of a reader
  std::unique_ptr<Database> database_;
  std::atomic<std::uint64_t> last_position_ = 0;
  ShownKey last_shown_;                // the highest key; of the writer
  std::unique_ptr<LogSyncer> syncer_;  // behind all that it uses

  mutable std::shared_mutex erased_mutex_;
  // Guarded by erased_mutex_: all who were erased, and those of them not yet compacted away.
  UserSet erased_;
  UserSet pending_;
};

}  // namespace coseno
