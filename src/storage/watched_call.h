// RocksDB works without telling how far it is: so it does in a thread of its own, while the
// caller's looks after it.
#pragma once

#include <rocksdb/status.h>

#include <chrono>
#include <future>

namespace coseno {

// What `work` returns. `look` is called in this thread, before the work begins and every 20 ms
// until it ends.
template <class Work, class Look>
rocksdb::Status watched(const Work& work, const Look& look) {
  constexpr std::chrono::milliseconds kLookEvery{20};
  look();
  std::future<rocksdb::Status> ended =
      std::async(std::launch::async, [&]() -> rocksdb::Status { return work(); });
  while (ended.wait_for(kLookEvery) != std::future_status::ready) look();
  return ended.get();
}

}  // namespace coseno
