// The folder of a store as files: whose it is, of which format, and who writes it.
//
//   FORMAT   one line, "coseno event store, format 2"; in a new store written when all else is
//   there WRITER   locked by the one writer others   RocksDB's
//
// Format 1 has no family `shown` (store_keys.h), or an empty one where making format 2 of it was
// interrupted. Opening it for writing makes it format 2.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace coseno {

enum class FolderState {
  empty,       // missing, or nothing in it
  unfinished,  // making it was begun, and nothing can have been written to it
  ready,
};

// Errors: conflict where the folder holds something else or a newer format; corrupt where FORMAT is
// damaged; io.
Result<FolderState> folder_state(const std::string& folder);

constexpr int kStoreFormat = 2;

// From 1 to kStoreFormat, of a folder that holds a store. Errors: as folder_state().
Result<int> folder_format(const std::string& folder);

// Writes FORMAT. `folder` exists.
Result<void> set_folder_state(const std::string& folder, FolderState state,
                              int format = kStoreFormat);

// Names of what is in the folder, in order. Errors: io.
Result<std::vector<std::string>> names_in(const std::string& folder);

// Makes `folder` and those above it, where they are missing. Errors: io.
Result<void> make_folder(const std::string& folder);

// Removes what is in `folder`, as far as the system lets it.
void remove_contents(const std::string& folder);

// Held as long as this object lives, and given back by the system where the process dies.
class WriterLock {
 public:
  // Errors: conflict where another process, or another object of this one, has it; io.
  static Result<WriterLock> take(const std::string& folder);
  WriterLock(WriterLock&& other) noexcept;
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;  // -1: moved from
};

// A folder of our own among the temporary ones, removed with what is in it.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved from
};

}  // namespace coseno
