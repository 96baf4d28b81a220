// Drops what erased users left in the log, among the event ids and of what they were shown, while
// EventStore::compact() runs.
#pragma once

#include <rocksdb/compaction_filter.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "storage/store_keys.h"

namespace coseno {

// One a family. Between set() and clear() every manual compaction of
// its family drops the records of these users; other compactions keep everything, since RocksDB
// moves files of the log without reading them. Thread-safe.
class ErasedUsersFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ErasedUsersFilterFactory(Family family) : family_(family) {}
  // Waits for nobody, since RocksDB is closed before; but that its threads have been here is told
  // to this one by the mutex alone where tools do not see how RocksDB joins them.
  ~ErasedUsersFilterFactory() override { const std::lock_guard lock(mutex_); }
  ErasedUsersFilterFactory(const ErasedUsersFilterFactory&) = delete;
  ErasedUsersFilterFactory& operator=(const ErasedUsersFilterFactory&) = delete;

  void set(std::shared_ptr<const UserSet> users);
  void clear() { set(nullptr); }

  // Entries that went by since set(): how far the compactions are.
  std::uint64_t n_seen() const { return n_seen_.load(std::memory_order_relaxed); }

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& context) override;
  const char* Name() const override { return "coseno.ErasedUsersFilterFactory"; }

 private:
  const Family family_;
  std::atomic<std::uint64_t> n_seen_ = 0;
  std::mutex mutex_;
  std::shared_ptr<const UserSet> users_;  // guarded by mutex_; null: keep everything
};

}  // namespace coseno
