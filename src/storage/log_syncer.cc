#include "storage/log_syncer.h"

#include <utility>

namespace coseno {

LogSyncer::LogSyncer(std::function<bool()> sync, std::chrono::milliseconds interval)
    : sync_(std::move(sync)), interval_(interval), thread_([this] { run(); }) {}

LogSyncer::~LogSyncer() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogSyncer::note_write() {
  if (is_unsynced_.exchange(true)) return;
  // With the lock, so that the thread cannot look before and sleep after.
  {
    const std::lock_guard lock(mutex_);
  }
  wake_.notify_one();
}

void LogSyncer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_stopping_ || is_unsynced_.load(); });
    wake_.wait_for(lock, interval_, [this] { return is_stopping_; });
    if (is_stopping_) return;
    // Before the sync: what is written while it runs counts for the next.
    is_unsynced_.store(false);
    lock.unlock();
    if (!sync_()) is_unsynced_.store(true);
    lock.lock();
  }
}

}  // namespace coseno
