// Copies of a store, by RocksDB's BackupEngine: files that have not changed since the last copy are
// not copied again, and every byte is checked on both ways.
//
//   FORMAT   as in a store, written when a copy is complete
//   others   BackupEngine's
#pragma once

#include <string>

#include "base/error.h"
#include "base/progress.h"

namespace coseno {

class Database;

// EventStore::back_up() and restore() say what these promise.
Result<void> back_up_database(const Database& database, const std::string& target,
                              Progress& progress);
Result<void> restore_database(const std::string& target, const std::string& folder,
                              Progress& progress);

}  // namespace coseno
