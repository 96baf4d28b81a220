#include "base/thread_pool.h"

#include <algorithm>
#include <system_error>

#include "base/check.h"

namespace coseno {

ThreadPool::ThreadPool(int n_threads) {
  if (n_threads == 0) {
    n_threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }
  COSENO_CHECK(n_threads >= 1);
  for (int worker = 1; worker < n_threads; ++worker) {
    try {
      threads_.emplace_back([this, worker] { serve(worker); });
    } catch (const std::system_error&) {
      // No room for one more: those that have started, or the caller alone, do as well.
      break;
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::parallel_for(std::size_t n, std::size_t block, const Body& body) {
  COSENO_CHECK(block >= 1);
  if (n == 0) return;
  {
    const std::lock_guard lock(mutex_);
    COSENO_CHECK(body_ == nullptr);
    body_ = &body;
    n_ = n;
    block_ = block;
    next_ = 0;
  }
  if (n > block) wake_.notify_all();
  work(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return next_ >= n_ && running_ == 0; });
  body_ = nullptr;
}

void ThreadPool::serve(int worker) {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || (body_ != nullptr && next_ < n_); });
      if (stopping_) return;
    }
    work(worker);
  }
}

// Takes blocks until none is left. The mutex is taken once a block: bodies are to be worth
// some ten microseconds.
void ThreadPool::work(int worker) {
  std::unique_lock lock(mutex_);
  while (body_ != nullptr && next_ < n_) {
    const Body& body = *body_;
    const std::size_t begin = next_;
    const std::size_t end = std::min(n_, begin + block_);
    next_ = end;
    ++running_;
    lock.unlock();
    body(begin, end, worker);
    lock.lock();
    if (--running_ == 0 && next_ >= n_) done_.notify_all();
  }
}

}  // namespace coseno
