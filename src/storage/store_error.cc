#include "storage/store_error.h"

namespace coseno {

std::unexpected<Error> store_error(const std::string& folder, const rocksdb::Status& status) {
  if (status.IsNoSpace()) return make_error(ErrorCode::io, "{}: the disk is full", folder);
  if (status.IsCorruption()) {
    return make_error(ErrorCode::corrupt, "{}: the store is damaged: {}", folder,
                      status.ToString());
  }
  // A file that the store counts on: nobody but us removes one.
  if (status.IsPathNotFound()) {
    return make_error(ErrorCode::corrupt, "{}: a file of the store is missing: {}", folder,
                      status.ToString());
  }
  if (status.IsIOError()) return make_error(ErrorCode::io, "{}: {}", folder, status.ToString());
  if (status.IsBusy() || status.IsTimedOut() || status.IsTryAgain() || status.IsIncomplete() ||
      status.IsShutdownInProgress()) {
    return make_error(ErrorCode::unavailable, "{}: {}", folder, status.ToString());
  }
  return make_error(ErrorCode::internal, "{}: {}", folder, status.ToString());
}

}  // namespace coseno
