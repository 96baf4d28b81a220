// Drops what erased users left in the log and among the event ids, while EventStore::compact()
// runs.
#pragma once

#include <rocksdb/compaction_filter.h>

#include <memory>
#include <mutex>

#include "storage/store_keys.h"

namespace coseno {

// One for the log and one for the event ids. Between set() and clear() every manual compaction of
// its family drops the records of these users; other compactions keep everything, since RocksDB
// moves files of the log without reading them. Thread-safe.
class ErasedUsersFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ErasedUsersFilterFactory(Family family) : family_(family) {}

  void set(std::shared_ptr<const UserSet> users);
  void clear() { set(nullptr); }

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& context) override;
  const char* Name() const override { return "coseno.ErasedUsersFilterFactory"; }

 private:
  const Family family_;
  std::mutex mutex_;
  std::shared_ptr<const UserSet> users_;  // guarded by mutex_; null: keep everything
};

}  // namespace coseno
