#include "storage/log_syncer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace coseno {
namespace {

using std::chrono::milliseconds;

// Counts calls, and lets the test wait for them.
class Syncs {
 public:
  bool add() {
    const std::lock_guard lock(mutex_);
    ++n_;
    changed_.notify_all();
    return true;
  }
  void wait_for(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return n_ >= n; });
  }
  int n() {
    const std::lock_guard lock(mutex_);
    return n_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int n_ = 0;
};

TEST(LogSyncerTest, EveryWriteIsFollowedByASync) {
  Syncs syncs;
  LogSyncer syncer([&] { return syncs.add(); }, milliseconds(1));
  for (int i = 1; i <= 5; ++i) {
    syncer.note_write();
    syncs.wait_for(i);
  }
}

// An interval that never ends: nothing is synced before it, and the end does not wait for it.
TEST(LogSyncerTest, WaitsForTheIntervalAndEndsAtOnce) {
  Syncs syncs;
  {
    LogSyncer syncer([&] { return syncs.add(); }, std::chrono::hours(1));
    for (int i = 0; i < 1000; ++i) syncer.note_write();
  }
  EXPECT_EQ(syncs.n(), 0);
}

TEST(LogSyncerTest, FailedSyncIsTriedAgain) {
  Syncs syncs;
  LogSyncer syncer([&] { return syncs.add() && syncs.n() == 3; }, milliseconds(1));
  syncer.note_write();
  syncs.wait_for(3);
}

// A write while a sync runs may have come too late for it.
TEST(LogSyncerTest, WriteDuringASyncIsSyncedAgain) {
  Syncs syncs;
  std::atomic<LogSyncer*> syncer = nullptr;
  LogSyncer made(
      [&] {
        if (syncs.n() == 0) syncer.load()->note_write();
        return syncs.add();
      },
      milliseconds(1));
  syncer = &made;
  made.note_write();
  syncs.wait_for(2);
}

}  // namespace
}  // namespace coseno
