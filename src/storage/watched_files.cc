#include "storage/watched_files.h"

#include <utility>

namespace coseno {

class WatchedFiles::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, WatchedFiles& files)
      : FSWritableFileOwnerWrapper(std::move(file)), files_(files) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (files_.is_stopped_.load()) return rocksdb::IOStatus::Aborted();
    files_.n_bytes_.fetch_add(data.size(), std::memory_order_relaxed);
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& verification,
                           rocksdb::IODebugContext* debug) override {
    if (files_.is_stopped_.load()) return rocksdb::IOStatus::Aborted();
    files_.n_bytes_.fetch_add(data.size(), std::memory_order_relaxed);
    return FSWritableFileOwnerWrapper::Append(data, options, verification, debug);
  }

 private:
  WatchedFiles& files_;
};

rocksdb::IOStatus WatchedFiles::NewWritableFile(const std::string& path,
                                                const rocksdb::FileOptions& options,
                                                std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                rocksdb::IODebugContext* debug) {
  if (is_stopped_.load()) return rocksdb::IOStatus::Aborted();
  std::unique_ptr<rocksdb::FSWritableFile> made;
  rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(path, options, &made, debug);
  if (status.ok()) *file = std::make_unique<File>(std::move(made), *this);
  return status;
}

}  // namespace coseno
