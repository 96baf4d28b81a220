#include "storage/database.h"

#include <fcntl.h>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/metadata.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "storage/log_format.h"
#include "storage/store_error.h"
#include "storage/store_folder.h"
#include "storage/watched_call.h"

namespace coseno {
namespace {

constexpr double kBloomBitsPerKey = 12;
// Half for index and filter blocks, which are worth more than data: scans do not fill the cache.
constexpr double kShareOfMetadata = 0.5;
// Of the memory bound. Three memtables of the log: one fills while two are being written.
constexpr std::size_t kMemtableShare = 2;
constexpr std::size_t kLogMemtableShare = 8;
constexpr std::size_t kEventIdsMemtableShare = 8;
constexpr std::size_t kRecordsMemtableShare = 16;
constexpr std::size_t kShownMemtableShare = 16;
constexpr int kNLogMemtables = 3;
// Of a reader: the writer changes its files some times a second at most, and a try takes
// milliseconds.
constexpr int kMaxTries = 100;
constexpr std::size_t kReadaheadBytes = 1 << 20;
// Most systems allow a process 1024.
constexpr int kMaxOpenFiles = 500;

// What goes wrong comes back as an error. RocksDB's own log of messages stands in the folder, and
// when the disk is full the second message ends the process (an assertion, which Debian's build
// has).
class SilentLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::BlockBasedTableOptions table_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = std::move(cache);
  options.cache_index_and_filter_blocks = true;
  options.cache_index_and_filter_blocks_with_high_priority = true;
  options.pin_l0_filter_and_index_blocks_in_cache = true;
  options.checksum = rocksdb::kXXH3;
  options.format_version = 5;
  return options;
}

rocksdb::ColumnFamilyOptions log_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                         std::size_t memory_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memory_bytes / kLogMemtableShare;
  options.max_write_buffer_number = kNLogMemtables;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table = table_options(cache);
  table.block_size = 32 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::ColumnFamilyOptions event_ids_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                               std::size_t memory_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memory_bytes / kEventIdsMemtableShare;
  options.compression = rocksdb::kLZ4Compression;
  options.level_compaction_dynamic_level_bytes = true;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  rocksdb::BlockBasedTableOptions table = table_options(cache);
  table.block_size = 8 << 10;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::ColumnFamilyOptions records_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                             std::size_t memory_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memory_bytes / kRecordsMemtableShare;
  options.compression = rocksdb::kLZ4Compression;
  options.level_compaction_dynamic_level_bytes = true;
  rocksdb::BlockBasedTableOptions table = table_options(cache);
  table.block_size = 16 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::ColumnFamilyOptions shown_options(const std::shared_ptr<rocksdb::Cache>& cache,
                                           std::size_t memory_bytes) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = memory_bytes / kShownMemtableShare;
  options.compression = rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table = table_options(cache);
  table.block_size = 16 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions options;
  // Files are opened by the thread that opens the database, so that what is thrown there, as by a
  // size that damage made huge, arrives here.
  options.max_file_opening_threads = 1;
  // log_format.h says why, and what else is done.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Begins a MANIFEST anew with every change of files, that is every some 30 MB of events: it is
  // small, always whole, and keeps no key of files that are gone.
  options.max_manifest_file_size = 1;
  // For verify(): of whole files, beyond the checksum that every block has.
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  options.bytes_per_sync = 1 << 20;
  options.info_log = std::make_shared<SilentLogger>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

// Names of the files that hold data; of MANIFESTs too, which change whenever files do.
Result<std::vector<std::string>> data_files(const std::string& folder) {
  COSENO_ASSIGN(names, names_in(folder));
  std::erase_if(names, [](const std::string& name) {
    return !name.ends_with(".log") && !name.ends_with(".sst") && !name.starts_with("MANIFEST-");
  });
  return std::move(names);
}

std::unexpected<Error> still_changing(const std::string& folder) {
  return make_error(ErrorCode::unavailable, "{}: its writer changes files all the time: try again",
                    folder);
}

}  // namespace

Database::Database(std::string folder, std::size_t memory_bytes, bool writes)
    : folder_(std::move(folder)),
      memory_bytes_(memory_bytes),
      writes_(writes),
      cache_(rocksdb::NewLRUCache(memory_bytes, -1, false, kShareOfMetadata)) {
  for (std::size_t n = 0; n < kNFamilies; ++n) {
    filters_[n] = std::make_shared<ErasedUsersFilterFactory>(static_cast<Family>(n));
  }
}

Result<std::unique_ptr<Database>> Database::open(const std::string& folder,
                                                 std::size_t memory_bytes, MayLack may_lack) {
  const bool make = may_lack == MayLack::everything;
  if (!make) COSENO_TRY(check_journals(folder));
  std::unique_ptr<Database> database(new Database(folder, memory_bytes, true));
  // No other family may be made anew: what it had would be missing without a word.
  if (may_lack == MayLack::shown_family) COSENO_TRY(database->n_families_there());
  rocksdb::DBOptions options = database_options();
  options.create_if_missing = make;
  options.create_missing_column_families = may_lack != MayLack::nothing;
  options.max_open_files = kMaxOpenFiles;
  options.max_total_wal_size = memory_bytes / kMemtableShare;
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(
      memory_bytes / kMemtableShare, database->cache_);
  COSENO_TRY(database->open_with([&](auto& families, auto* handles, auto* db) {
    return rocksdb::DB::Open(options, folder, families, handles, db);
  }));
  return database;
}

Result<std::unique_ptr<Database>> Database::open_beside(const std::string& folder,
                                                        std::size_t memory_bytes,
                                                        const std::string& own_folder) {
  // What is not there may have been removed by the writer just now.
  for (int i = 0; i < kMaxTries; ++i) {
    COSENO_ASSIGN(before, data_files(folder));
    std::unique_ptr<Database> database(new Database(folder, memory_bytes, false));
    Result<void> opened = database->open_reader(own_folder);
    if (opened) {
      database->files_ = std::move(before);
      return database;
    }
    COSENO_ASSIGN(after, data_files(folder));
    if (before == after) return std::unexpected(std::move(opened).error());
  }
  return still_changing(folder);
}

Result<void> Database::open_reader(const std::string& own_folder) {
  COSENO_TRY(check_journals(folder_));
  COSENO_ASSIGN(format, folder_format(folder_));
  if (format == 1) {
    COSENO_ASSIGN(n_families, n_families_there());
    n_families_ = n_families;
  }
  rocksdb::DBOptions options = database_options();
  // Files stay open, so that they can be read when the writer has removed them.
  options.max_open_files = -1;
  return open_with([&](auto& families, auto* handles, auto* db) {
    return rocksdb::DB::OpenAsSecondary(options, folder_, own_folder, families, handles, db);
  });
}

Database::~Database() {
  if (db_ == nullptr) return;
  // Where it fails, the write-ahead log still has everything.
  if (writes_) static_cast<void>(flush());
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    static_cast<void>(db_->DestroyColumnFamilyHandle(handle));
  }
  static_cast<void>(db_->Close());
}

Result<bool> Database::get(Family of_family, std::string_view key, std::string& value) const {
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family(of_family), key, &value);
  if (status.ok()) return true;
  if (status.IsNotFound()) return false;
  return store_error(folder_, status);
}

Result<void> Database::scan(Family of_family, std::string_view from, std::string_view end,
                            const Visit& visit) const {
  if (std::to_underlying(of_family) >= n_families_) return {};
  const rocksdb::Slice end_slice(end);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadaheadBytes;
  if (!end.empty()) options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator(options, family(of_family)));
  for (entry->Seek(from); entry->Valid(); entry->Next()) {
    COSENO_ASSIGN(goes_on, visit(entry->key().ToStringView(), entry->value().ToStringView()));
    if (!goes_on) return {};
  }
  if (!entry->status().ok()) return store_error(folder_, entry->status());
  return {};
}

Result<std::optional<std::string>> Database::last_key(Family of_family,
                                                      std::string_view end) const {
  if (std::to_underlying(of_family) >= n_families_) return std::nullopt;
  const rocksdb::Slice end_slice(end);
  rocksdb::ReadOptions options;
  if (!end.empty()) options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator(options, family(of_family)));
  entry->SeekToLast();
  if (entry->Valid()) return entry->key().ToString();
  if (!entry->status().ok()) return store_error(folder_, entry->status());
  return std::nullopt;
}

Result<void> Database::drop_before(Family of_family, std::string_view end) {
  // Nothing is written where there is nothing to drop.
  std::string first;
  COSENO_TRY(scan(of_family, {}, end, [&](std::string_view key, std::string_view) -> Result<bool> {
    first = key;
    return false;
  }));
  if (first.empty()) return {};
  rocksdb::WriteBatch changes;
  const rocksdb::Status added = changes.DeleteRange(family(of_family), first, end);
  COSENO_CHECK(added.ok());
  COSENO_TRY(write(changes, /*sync=*/false));
  const rocksdb::Slice end_slice(end);
  const rocksdb::Status status = rocksdb::DeleteFilesInRange(db_.get(), family(of_family), nullptr,
                                                             &end_slice, /*include_end=*/false);
  if (!status.ok()) return store_error(folder_, status);
  return {};
}

Result<void> Database::write(rocksdb::WriteBatch& batch, bool sync) {
  if (has_sync_failed_.load()) {
    return make_error(ErrorCode::io,
                      "{}: what was written before could not be brought to disk: open the store "
                      "again",
                      folder_);
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) return {};
  // While RocksDB waits for room, it gives other codes to what stands behind the first error.
  if (status.ToString().contains(rocksdb::Status::NoSpace().ToString())) {
    return store_error(folder_, rocksdb::Status::NoSpace());
  }
  return store_error(folder_, status);
}

// Brings a file, or the names in a folder, to disk. A log that RocksDB has removed needs none.
Result<void> Database::sync_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && errno == ENOENT) return {};
  const bool is_synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error_number = errno;
  if (descriptor >= 0) static_cast<void>(::close(descriptor));
  if (is_synced) return {};
  if (descriptor >= 0) has_sync_failed_.store(true);
  return make_error(ErrorCode::io, "{}: cannot be brought to disk: {}", path,
                    std::generic_category().message(error_number));
}

Result<void> Database::sync() {
  COSENO_ASSIGN(names, names_in(folder_));
  for (const std::string& name : names) {
    if (name.ends_with(".log")) COSENO_TRY(sync_file(std::filesystem::path(folder_) / name));
  }
  return sync_file(folder_);
}

Result<void> Database::catch_up(std::unique_ptr<Database>& reader, const std::string& own_folder) {
  // RocksDB reads the MANIFEST first and the write-ahead logs then. What moved from log to file in
  // between is in neither, and it does not tell. What it has read of older logs it keeps in memory,
  // and that hides what is newer and stands in files, once a compaction has made their sequence
  // numbers 0. In both cases the names of files have changed.
  const std::string folder = reader->folder_;
  for (int i = 0; i < kMaxTries; ++i) {
    COSENO_ASSIGN(before, data_files(folder));
    if (before == reader->files_) {
      const rocksdb::Status status = reader->db_->TryCatchUpWithPrimary();
      COSENO_ASSIGN(after, data_files(folder));
      if (before == after) {
        if (!status.ok()) return store_error(folder, status);
        return {};
      }
    }
    COSENO_ASSIGN(opened, open_beside(folder, reader->memory_bytes_, own_folder));
    reader = std::move(opened);
  }
  return still_changing(folder);
}

Result<std::vector<rocksdb::LiveFileMetaData>> Database::tables() const {
  std::vector<rocksdb::LiveFileMetaData> tables;
  if (writes_) {
    db_->GetLiveFilesMetaData(&tables);
    return tables;
  }
  for (int i = 0; i < kMaxTries; ++i) {
    COSENO_ASSIGN(before, data_files(folder_));
    Database look(folder_, memory_bytes_, false);
    look.n_families_ = n_families_;
    rocksdb::DBOptions options = database_options();
    options.max_open_files = -1;  // opens all
    const Result<void> opened = look.open_with([&](auto& families, auto* handles, auto* db) {
      return rocksdb::DB::OpenForReadOnly(options, folder_, families, handles, db);
    });
    if (opened) {
      look.db_->GetLiveFilesMetaData(&tables);
      return tables;
    }
    COSENO_ASSIGN(after, data_files(folder_));
    if (before == after) return std::unexpected(opened.error());
  }
  return still_changing(folder_);
}

Database::KeptFiles::KeptFiles(const Database& database) : database_(database) {
  if (database_.writes_) static_cast<void>(database_.db_->DisableFileDeletions());
}

Database::KeptFiles::~KeptFiles() {
  if (database_.writes_) static_cast<void>(database_.db_->EnableFileDeletions(/*force=*/false));
}

Result<void> Database::flush() {
  rocksdb::FlushOptions options;
  // Else it waits until compaction has caught up, which it never does on a full disk; and a stall
  // of writers is no matter to one that closes, or compacts.
  options.allow_write_stall = true;
  const rocksdb::Status status = db_->Flush(options, handles_);
  if (!status.ok()) return store_error(folder_, status);
  return {};
}

Result<void> Database::compact_without(const std::shared_ptr<const UserSet>& users,
                                       Progress& progress) {
  COSENO_TRY(flush());
  for (const auto& filter : filters_) filter->set(users);
  std::atomic<bool> is_cancelled = false;
  const std::uint64_t n_total = n_entries_to_rewrite();
  const rocksdb::Status status =
      watched([&] { return compact_families(is_cancelled); },
              [&] {
                std::uint64_t n_seen = 0;
                for (const auto& filter : filters_) n_seen += filter->n_seen();
                progress.report("compacting", std::min(n_seen, n_total), n_total, "");
                if (progress.cancelled()) is_cancelled.store(true);
              });
  for (const auto& filter : filters_) filter->clear();
  if (is_cancelled.load() && !status.ok()) return make_error(ErrorCode::cancelled, "cancelled");
  if (!status.ok()) return store_error(folder_, status);
  return {};
}

rocksdb::Status Database::compact_families(std::atomic<bool>& is_cancelled) {
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.canceled = &is_cancelled;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (is_cancelled.load()) return rocksdb::Status::Incomplete();
    const rocksdb::Status status = db_->CompactRange(options, handle, nullptr, nullptr);
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

// A range is compacted level by level, each into the next one that holds something, and the last
// into itself.
std::uint64_t Database::n_entries_to_rewrite() const {
  std::uint64_t n_rewritten = 0;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    rocksdb::ColumnFamilyMetaData family;
    db_->GetColumnFamilyMetaData(handle, &family);
    std::uint64_t n_above = 0;  // in the levels that have become one
    std::size_t n_levels = 0;
    for (const rocksdb::LevelMetaData& level : family.levels) {
      if (level.files.empty()) continue;
      for (const rocksdb::SstFileMetaData& file : level.files) n_above += file.num_entries;
      if (++n_levels > 1) n_rewritten += n_above;
    }
    n_rewritten += n_above;
  }
  return n_rewritten;
}

Result<void> Database::remove_obsolete_files() {
  // Once deletions are off, asking for the logs waits until nobody is deleting; turning them on
  // again deletes in this thread.
  rocksdb::VectorLogPtr logs;
  rocksdb::Status status = db_->DisableFileDeletions();
  if (status.ok()) status = db_->GetSortedWalFiles(logs);
  const rocksdb::Status enabled = db_->EnableFileDeletions(/*force=*/false);
  if (status.ok()) status = enabled;
  if (!status.ok()) return store_error(folder_, status);
  return {};
}

// RocksDB does not throw, but what it calls may: new, where damage made a size huge.
template <class Open>
Result<void> Database::open_with(const Open& open) {
  try {
    const std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = families();
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = open(descriptors, &handles_, &db);
    db_.reset(db);
    if (status.ok()) return {};
    // A column family that is not there, or not as it should be.
    if (status.IsInvalidArgument() || status.IsNotSupported()) {
      return make_error(ErrorCode::corrupt, "{}: the store is damaged: {}", folder_,
                        status.ToString());
    }
    return store_error(folder_, status);
  } catch (const std::exception& error) {
    return make_error(ErrorCode::corrupt, "{}: the store is damaged: {}", folder_, error.what());
  }
}

std::vector<rocksdb::ColumnFamilyDescriptor> Database::families() const {
  // In the order of Family.
  const rocksdb::ColumnFamilyOptions options[kNFamilies] = {
      records_options(cache_, memory_bytes_), log_options(cache_, memory_bytes_),
      event_ids_options(cache_, memory_bytes_), shown_options(cache_, memory_bytes_)};
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t n = 0; n < n_families_; ++n) {
    families.emplace_back(kFamilyNames[n], options[n]);
    families.back().options.compaction_filter_factory = filters_[n];
  }
  return families;
}

// Of a store of format 1: with those that were made since, where making format 2 of it was begun.
Result<std::size_t> Database::n_families_there() const {
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies({}, folder_, &names);
  if (!status.ok()) return store_error(folder_, status);
  std::size_t n_there = 0;
  while (n_there < kNFamilies && std::ranges::count(names, kFamilyNames[n_there]) > 0) ++n_there;
  if (n_there >= kNFamiliesOfFormat1) return n_there;
  return make_error(ErrorCode::corrupt, "{}: the store is damaged: it has no column family {}",
                    folder_, kFamilyNames[n_there]);
}

}  // namespace coseno
