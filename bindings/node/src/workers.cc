#include "workers.h"

#include <utility>

namespace coseno::node {

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::push(Work work) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(work));
    // An idle thread may have been woken already for what was pushed before.
    if (n_idle_ < waiting_.size() && threads_.size() < n_threads_) {
      threads_.emplace_back([this] { serve(); });
    }
  }
  wake_.notify_one();
}

void Workers::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++n_idle_;
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    --n_idle_;
    if (waiting_.empty()) return;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it holds may take long to let go
    lock.lock();
  }
}

}  // namespace coseno::node
