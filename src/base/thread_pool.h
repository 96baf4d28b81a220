// Loops over several threads whose result does not depend on how many there are.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coseno {

// A fixed set of threads, the caller's among them. Ours rather than oneTBB: thread sanitizer cannot
// see the synchronisation inside a library that was not built with it, and all that coseno needs is
// one loop with fixed blocks.
class ThreadPool {
 public:
  // `n_threads` >= 1 counts the calling thread; 0 takes one a core. Fewer where the system refuses
  // to start so many.
  explicit ThreadPool(int n_threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls body(begin, end, worker) for the blocks [0, block), [block, 2 block), ... of [0, n), in
  // any order, each once; worker in [0, n_threads) names scratch memory that no other running call
  // uses. Returns when all are done. The blocks do not depend on the number of threads, so a body
  // that writes only to its own elements, or to a place of its block, is deterministic.
  // One loop at a time: call it from one thread, and not from inside a body.
  using Body = std::function<void(std::size_t begin, std::size_t end, int worker)>;
  void parallel_for(std::size_t n, std::size_t block, const Body& body);

 private:
  void serve(int worker);
  void work(int worker);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  // All below is guarded by mutex_.
  const Body* body_ = nullptr;
  std::size_t n_ = 0;
  std::size_t block_ = 1;
  std::size_t next_ = 0;     // first element that nobody has taken
  std::size_t running_ = 0;  // blocks taken and not finished
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace coseno
