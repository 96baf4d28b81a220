#include "storage/backup.h"

#include <rocksdb/utilities/backup_engine.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "storage/database.h"
#include "storage/store_error.h"
#include "storage/store_folder.h"
#include "storage/watched_call.h"
#include "storage/watched_files.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

using rocksdb::BackupEngine;
using rocksdb::BackupEngineOptions;
using rocksdb::BackupEngineReadOnly;

std::uint64_t size_of_files(rocksdb::DB& database) {
  std::uint64_t size = 0;
  database.GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &size);
  return size;
}

rocksdb::Status copy(BackupEngine& engine, rocksdb::DB& database, Progress& progress) {
  std::atomic<std::uint64_t> n_bytes = 0;
  const std::uint64_t bytes_a_call = BackupEngineOptions("").callback_trigger_interval_size;
  // Flushed first, so that one kind of file, with checksums of its own, holds everything.
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  options.progress_callback = [&] { n_bytes.fetch_add(bytes_a_call, std::memory_order_relaxed); };
  return watched([&] { return engine.CreateNewBackup(options, &database); },
                 [&] {
                   progress.report("copying", n_bytes.load(std::memory_order_relaxed),
                                   size_of_files(database), "");
                   if (progress.cancelled()) engine.StopBackup();
                 });
}

std::uint64_t size_of_latest(const BackupEngineReadOnly& engine) {
  std::vector<rocksdb::BackupInfo> backups;  // oldest first
  engine.GetBackupInfo(&backups);
  return backups.empty() ? 0 : backups.back().size;
}

// Writes to `folder`, which is there and empty.
Result<void> copy_back(const std::string& target, const std::string& folder, Progress& progress) {
  const auto files = std::make_shared<WatchedFiles>();
  const std::unique_ptr<rocksdb::Env> environment = rocksdb::NewCompositeEnv(files);
  BackupEngineReadOnly* opened = nullptr;
  rocksdb::Status status =
      BackupEngineReadOnly::Open(BackupEngineOptions(target), environment.get(), &opened);
  if (!status.ok()) return store_error(target, status);
  const std::unique_ptr<BackupEngineReadOnly> engine(opened);
  const std::uint64_t n_bytes = size_of_latest(*engine);
  bool is_cancelled = false;
  status = watched(
      [&] { return engine->RestoreDBFromLatestBackup(rocksdb::RestoreOptions(), folder, folder); },
      [&] {
        progress.report("restoring", std::min(files->n_written_bytes(), n_bytes), n_bytes, "");
        is_cancelled = is_cancelled || progress.cancelled();
        if (is_cancelled) files->stop();
      });
  if (status.ok()) return {};
  files->stop();  // what other threads still copy
  if (is_cancelled) return make_error(ErrorCode::cancelled, "cancelled");
  return store_error(target, status);
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

Result<void> restore_database(const std::string& target, const std::string& folder,
                              Progress& progress) {
  COSENO_ASSIGN(backup_state, folder_state(target));
  if (backup_state != FolderState::ready) {
    return make_error(ErrorCode::not_found, "{}: holds no complete backup", target);
  }
  COSENO_ASSIGN(format, folder_format(target));
  std::error_code error;
  const bool was_there = fs::exists(folder, error);
  COSENO_TRY(make_folder(folder));
  COSENO_ASSIGN(names, names_in(folder));
  if (!names.empty()) {
    return make_error(ErrorCode::conflict, "{}: is not empty: a backup is restored to a new folder",
                      folder);
  }
  Result<void> restored = copy_back(target, folder, progress);
  if (restored) restored = set_folder_state(folder, FolderState::ready, format);
  if (!restored) {
    remove_contents(folder);  // all of it is ours
    if (!was_there) fs::remove(folder, error);
  }
  return restored;
}

}  // namespace coseno
