// Threads for what would hold up the threads that serve connections.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coseno::server {

// Tasks run in the order in which they came. The queue has no bound of its own: each task is of a
// request that was let in, and each request has one at a time. Thread-safe.
class WorkerPool {
 public:
  using Task = std::move_only_function<void()>;

  explicit WorkerPool(std::size_t n_threads);
  // Runs what waits, to its end.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void submit(Task task);  // must not throw when it runs

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;   // guarded by mutex_
  bool is_closing_ = false;  // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace coseno::server
