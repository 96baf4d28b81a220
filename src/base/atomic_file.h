// A file that is there whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace coseno {

// What is written goes to a temporary file beside `path`, which commit() puts in its place:
//
//   create  "<path>.<process>-<number>.tmp"
//   write   through a buffer of 64 KiB
//   commit  flush, fsync, rename, fsync of the folder
//
// Without commit the destructor removes the temporary file, and what was at `path` stays. Only a
// process that is killed leaves one, and nobody mistakes it: the name says what it is.
//
// What cannot be replaced is written directly: "-" (standard output), a device, a pipe, anything
// in /dev or /proc. One thread at a time.
class AtomicFile {
 public:
  // `mode` is that of a new file, less the umask; one that is replaced keeps its own.
  // Errors: io with path and reason, as everywhere below.
  static Result<AtomicFile> create(const std::string& path, unsigned mode = 0666);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  // After an error nothing more can be written or committed.
  Result<void> write(std::string_view text);
  Result<void> write(std::span<const std::byte> bytes);

  // At most once, and then no more writes.
  Result<void> commit();

 private:
  AtomicFile(std::string path, std::string temporary, int descriptor)
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

  bool replaces() const { return !temporary_.empty(); }
  Result<void> flush();
  Result<void> write_through(std::string_view bytes);
  Result<void> close();

  std::string path_;
  std::string temporary_;  // empty where `path_` is written directly
  int descriptor_;         // -1: closed
  std::string buffer_;
};

}  // namespace coseno
