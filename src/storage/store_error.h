// What RocksDB says, in our words: its statuses end in this room.
#pragma once

#include <rocksdb/status.h>

#include <string>

#include "base/error.h"

namespace coseno {

// `status` is not ok. `folder` begins the message. Codes: corrupt, io, unavailable, internal.
std::unexpected<Error> store_error(const std::string& folder, const rocksdb::Status& status);

}  // namespace coseno
