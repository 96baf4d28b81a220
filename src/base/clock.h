// What time it is, passed in so that a test can say.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace coseno {

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

// The system's clock. It may jump, backwards too: whoever needs an order counts instead.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
  virtual std::int64_t now_ms() const {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::floor<std::chrono::milliseconds>(since_1970).count();
  }
};

// Stands still until it is told otherwise. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t now_ms = 0) : now_ms_(now_ms) {}

  std::int64_t now_ms() const override { return now_ms_.load(); }
  void set_ms(std::int64_t now_ms) { now_ms_.store(now_ms); }
  // A negative `by_ms` turns it back.
  void advance_ms(std::int64_t by_ms) { now_ms_.fetch_add(by_ms); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

}  // namespace coseno
