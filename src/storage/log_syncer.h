// Brings the write-ahead log to disk some time after it was written.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace coseno {

// A thread that calls `sync` at most `interval` after note_write(), once for all writes until then,
// and sleeps where nobody writes. Where `sync` returns false, it is called again after another
// interval. What was noted and not synced when it ends stays unsynced.
class LogSyncer {
 public:
  LogSyncer(std::function<bool()> sync, std::chrono::milliseconds interval);
  ~LogSyncer();
  LogSyncer(const LogSyncer&) = delete;
  LogSyncer& operator=(const LogSyncer&) = delete;

  // After a write. One atomic exchange, unless it is the first after a sync. Thread-safe.
  void note_write();

 private:
  void run();

  const std::function<bool()> sync_;
  const std::chrono::milliseconds interval_;
  std::atomic<bool> is_unsynced_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace coseno
