// Threads that do what the thread of JavaScript must not wait for.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coseno::node {

// Does what it is given, in that order; with one thread, one after another. Threads start when they
// are needed, `n_threads` at most.
class Workers {
 public:
  using Work = std::move_only_function<void()>;

  explicit Workers(std::size_t n_threads) : n_threads_(n_threads) {}
  // Waits until all that it was given is done. Not from one of its threads.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Thread-safe. The work must not throw.
  void push(Work work);

 private:
  void serve();

  const std::size_t n_threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // All below is guarded by mutex_.
  std::deque<Work> waiting_;
  std::size_t n_idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace coseno::node
