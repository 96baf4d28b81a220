// How fast a key may ask.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace coseno::server {

// The generic cell rate algorithm (ITU-T I.371): one number, the time at which the bucket would be
// empty again if nothing more came. A request that comes more than `burst` intervals before that is
// refused. Thread-safe without a lock.
class RateBucket {
 public:
  // Times in nanoseconds of a clock that never goes back; `interval_ns` > 0 a request, `burst`
  // >= 1. 0: taken. Else nothing is taken, and so many nanoseconds later it would be.
  std::int64_t take(std::int64_t now_ns, std::int64_t interval_ns, std::int64_t burst) {
    std::int64_t empty_at = empty_at_ns_.load(std::memory_order_relaxed);
    for (;;) {
      const std::int64_t next = std::max(empty_at, now_ns) + interval_ns;
      const std::int64_t early = next - now_ns - burst * interval_ns;
      if (early > 0) return early;
      if (empty_at_ns_.compare_exchange_weak(empty_at, next, std::memory_order_relaxed)) return 0;
    }
  }

 private:
  std::atomic<std::int64_t> empty_at_ns_ = 0;
};

}  // namespace coseno::server
