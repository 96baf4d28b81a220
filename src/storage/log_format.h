// Damage in RocksDB's own journals (write-ahead logs and MANIFEST), found before RocksDB reads
// them.
//
// RocksDB is asked to recover to a point in time, so that what a power cut leaves is always a
// prefix of what was written. It then takes any damage for that point and drops the rest without a
// word; a length that grew by a flipped bit looks like an unfinished record even in its strict
// modes. So we look first: a journal may end inside a record, and has no other fault. (The damaged
// length gives itself away, since the checksum fits a shorter record.)
//
// The format (rocksdb/db/log_format.h; LevelDB's): blocks of 32768 bytes, in each
//
//   4 masked crc32c of type and payload, 2 length, 1 type (1 full, 2 first, 3 middle, 4 last)
//   payload
//
// little-endian; fewer than 7 bytes at the end of a block are padding. Zeros from some record on to
// the end of the file are space that was never written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace coseno {

class LogFormatChecker {
 public:
  static constexpr std::size_t kBlockBytes = 32768;

  // `name` begins every message.
  explicit LogFormatChecker(std::string name) : name_(std::move(name)) {}

  // The blocks of a file in order, all but the last of kBlockBytes. Errors: corrupt, with the
  // offset.
  Result<void> add_block(std::string_view block);

  // After the last block: whether the file ends between two records (then its fault can only be
  // that whole records are missing).
  bool ends_whole() const { return !is_torn_ && !is_in_record_; }

 private:
  Result<std::size_t> add_fragment(std::string_view block, std::size_t at);
  Result<void> follow(unsigned type, std::size_t at);
  std::unexpected<Error> corrupt(std::size_t at, std::string_view trouble) const;

  std::string name_;
  std::size_t block_begin_ = 0;  // offset in the file
  bool is_in_record_ = false;    // a first fragment has come, and not yet its last
  bool is_torn_ = false;         // the file must end here
};

// Checks the MANIFEST that CURRENT names and all write-ahead logs in `folder`. A writer may be at
// work: a log that is gone by the time it is read is none. Errors: corrupt, io.
Result<void> check_journals(const std::string& folder);

}  // namespace coseno
