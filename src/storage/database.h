// RocksDB as the event store uses it: its column families, and options chosen for their load.
//
//   log        Written in the order of its keys and read from end to end. Files never overlap, so
//              they are moved from level to level without being rewritten: an event is written
//              twice in its life, to the write-ahead log and to its file. No compression: it would
//              only cost, and 36 bytes an event are few.
//   event_ids  One point look-up an event, nearly always of an id that is not there. Bloom filters
//              of 12 bits a key (0.4% false) answer that without a disk read, as long as they stay
//              in memory; they come before data in the cache, in partitions of 4 KiB.
//   default    Ids and properties: text, compressed with LZ4.
//   shown      Lists that were shown. Written like the log, and dropped from the front: whole files
//              at once, the rest of a file when a compaction comes by. No compression either.
//
// Memory: block cache (index and filter blocks included) and memtables together stay within
// `memory_bytes`, plus about 1 KB an open file. Write-ahead logs stay under half of it, which
// bounds the time to recover.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "storage/erased_users_filter.h"
#include "storage/store_keys.h"

namespace coseno {

class Database {
 public:
  // What need not be there yet, and then is made.
  enum class MayLack { nothing, shown_family, everything };

  // The caller holds the folder's lock.
  static Result<std::unique_ptr<Database>> open(const std::string& folder, std::size_t memory_bytes,
                                                MayLack may_lack);
  // A reader beside whoever writes; RocksDB wants an empty folder of its own for it.
  static Result<std::unique_ptr<Database>> open_beside(const std::string& folder,
                                                       std::size_t memory_bytes,
                                                       const std::string& own_folder);
  // Puts what is in memtables on disk, so that the next open() has nothing to recover.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& folder() const { return folder_; }
  bool is_reader() const { return !writes_; }
  rocksdb::DB& rocksdb() const { return *db_; }
  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return handles_[static_cast<std::size_t>(family)];
  }

  // The value of `key`, or nothing. `value` is filled and may be used again.
  Result<bool> get(Family family, std::string_view key, std::string& value) const;

  // Entries of `family` from key `from` on, and before `end` where there is one, in the order of
  // keys, as they are now, until `visit` returns false or an error. Views are valid during the
  // call.
  using Visit = std::function<Result<bool>(std::string_view key, std::string_view value)>;
  Result<void> scan(Family family, std::string_view from, std::string_view end,
                    const Visit& visit) const;
  // The last key of `family`, and before `end` where there is one, or nothing.
  Result<std::optional<std::string>> last_key(Family family, std::string_view end = {}) const;

  // Drops what stands before key `end`. What files outside of level 0 hold of nothing else gives
  // its room back at once.
  Result<void> drop_before(Family family, std::string_view end);

  // Writes the changes of `batch`, and waits for the disk where `sync`. Error: io; then nothing was
  // written. From a full disk RocksDB recovers by itself; it looks every 5 s whether there is room.
  Result<void> write(rocksdb::WriteBatch& batch, bool sync);
  // Brings the write-ahead logs to disk. Where the disk refuses, the system may have dropped what
  // it had, and no later sync would tell: so nothing can be written from then on. Not through
  // RocksDB, whose SyncWAL() ends the process (an assertion, which Debian's build has) where a
  // write has just failed. Beside write() it does not hold that up.
  Result<void> sync();
  // Of a reader that open_beside() made: takes up all that the writer had written by now, and where
  // that has changed files, becomes another one. Error: unavailable where the writer changed files
  // at every try.
  static Result<void> catch_up(std::unique_ptr<Database>& reader, const std::string& own_folder);

  // What the MANIFEST names as the store's tables; each could be opened. A reader looks anew, since
  // it shows no damage: RocksDB takes a table that it cannot open for one that is yet to come, and
  // goes on without what the family has in any. Cost: of a reader, as of open_beside(). Errors:
  // corrupt; unavailable where a writer changed files at every try.
  Result<std::vector<rocksdb::LiveFileMetaData>> tables() const;

  // While it lives, no file is removed: of a writer's. A reader has no say.
  class KeptFiles {
   public:
    explicit KeptFiles(const Database& database);
    ~KeptFiles();
    KeptFiles(const KeptFiles&) = delete;
    KeptFiles& operator=(const KeptFiles&) = delete;

   private:
    const Database& database_;
  };

  // Writes memtables to files, so that no write-ahead log is needed for what is in them.
  Result<void> flush();
  // Rewrites all files, without what `users` left in log, event ids and lists that were shown, and
  // makes sure that nothing on disk holds it any more. The caller then writes what it likes to and
  // flushes: the MANIFEST names the first and last key of files that are gone until files change
  // the next time. Error: cancelled; then some of it is dropped and some is not.
  Result<void> compact_without(const std::shared_ptr<const UserSet>& users, Progress& progress);
  // Removes at once what RocksDB would remove soon: files that no longer count.
  Result<void> remove_obsolete_files();

 private:
  Database(std::string folder, std::size_t memory_bytes, bool writes);

  template <class Open>
  Result<void> open_with(const Open& open);
  Result<void> open_reader(const std::string& own_folder);
  Result<void> sync_file(const std::string& path);
  std::vector<rocksdb::ColumnFamilyDescriptor> families() const;
  Result<std::size_t> n_families_there() const;
  rocksdb::Status compact_families(std::atomic<bool>& is_cancelled);
  std::uint64_t n_entries_to_rewrite() const;

  std::string folder_;
  std::size_t memory_bytes_;
  bool writes_;
  std::vector<std::string> files_;  // of a reader: names of what holds data, as it was opened
  std::atomic<bool> has_sync_failed_ = false;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::array<std::shared_ptr<ErasedUsersFilterFactory>, kNFamilies> filters_;  // as handles_
  std::unique_ptr<rocksdb::DB> db_;
  // As Family numbers them. A reader of format 1 has not the last.
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::size_t n_families_ = kNFamilies;
};

}  // namespace coseno
