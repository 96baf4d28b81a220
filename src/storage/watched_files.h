// What a library writes to files, counted; and made to stop.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace coseno {

// The system's files. Thread-safe.
class WatchedFiles final : public rocksdb::FileSystemWrapper {
 public:
  WatchedFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  std::uint64_t n_written_bytes() const { return n_bytes_.load(std::memory_order_relaxed); }
  // From now on nothing can be written: who does gets IOStatus::Aborted.
  void stop() { is_stopped_.store(true); }

  const char* Name() const override { return "coseno.WatchedFiles"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;

 private:
  class File;

  std::atomic<std::uint64_t> n_bytes_ = 0;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace coseno
