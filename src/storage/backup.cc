#include "storage/backup.h"

#include <rocksdb/utilities/backup_engine.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>

#include "storage/database.h"
#include "storage/store_error.h"
#include "storage/store_folder.h"

namespace coseno {
namespace {

using rocksdb::BackupEngine;
using rocksdb::BackupEngineOptions;
using rocksdb::BackupEngineReadOnly;

constexpr std::chrono::milliseconds kLookEvery{20};

std::uint64_t size_of_files(rocksdb::DB& database) {
  std::uint64_t size = 0;
  database.GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &size);
  return size;
}

// In a thread of its own, since RocksDB copies without looking whether it is to stop.
rocksdb::Status copy(BackupEngine& engine, rocksdb::DB& database, Progress& progress) {
  std::atomic<std::uint64_t> n_bytes = 0;
  const std::uint64_t bytes_a_call = BackupEngineOptions("").callback_trigger_interval_size;
  // Flushed first, so that one kind of file, with checksums of its own, holds everything.
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  options.progress_callback = [&] { n_bytes.fetch_add(bytes_a_call, std::memory_order_relaxed); };
  auto copied = std::async(std::launch::async, [&]() -> rocksdb::Status {
    return engine.CreateNewBackup(options, &database);
  });
  while (copied.wait_for(kLookEvery) != std::future_status::ready) {
    if (progress.cancelled()) engine.StopBackup();
    progress.report("copying", n_bytes.load(std::memory_order_relaxed), size_of_files(database),
                    "");
  }
  return copied.get();
}

}  // namespace

Result<void> back_up_database(const Database& database, const std::string& target,
                              Progress& progress) {
  COSENO_ASSIGN(state, folder_state(target));
  COSENO_TRY(make_folder(target));
  if (state == FolderState::empty) {
    COSENO_TRY(set_folder_state(target, FolderState::unfinished));
  }
  BackupEngine* opened = nullptr;
  rocksdb::Status status =
      BackupEngine::Open(BackupEngineOptions(target), database.rocksdb().GetEnv(), &opened);
  if (!status.ok()) return store_error(target, status);
  const std::unique_ptr<BackupEngine> engine(opened);

  if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  status = copy(*engine, database.rocksdb(), progress);
  if (status.IsIncomplete()) return make_error(ErrorCode::cancelled, "cancelled");
  if (!status.ok()) return store_error(target, status);
  // Who was erased is in the earlier copies.
  status = engine->PurgeOldBackups(1);
  if (!status.ok()) return store_error(target, status);
  return set_folder_state(target, FolderState::ready);
}

Result<void> restore_database(const std::string& target, const std::string& folder) {
  COSENO_ASSIGN(backup_state, folder_state(target));
  if (backup_state != FolderState::ready) {
    return make_error(ErrorCode::not_found, "{}: holds no complete backup", target);
  }
  COSENO_TRY(make_folder(folder));
  COSENO_ASSIGN(names, names_in(folder));
  if (!names.empty()) {
    return make_error(ErrorCode::conflict, "{}: is not empty: a backup is restored to a new folder",
                      folder);
  }
  BackupEngineReadOnly* opened = nullptr;
  rocksdb::Status status =
      BackupEngineReadOnly::Open(BackupEngineOptions(target), rocksdb::Env::Default(), &opened);
  if (!status.ok()) return store_error(target, status);
  const std::unique_ptr<BackupEngineReadOnly> engine(opened);
  status = engine->RestoreDBFromLatestBackup(rocksdb::RestoreOptions(), folder, folder);
  if (!status.ok()) return store_error(target, status);
  return set_folder_state(folder, FolderState::ready);
}

}  // namespace coseno
