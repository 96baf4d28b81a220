// A place among those of which there is a bounded number.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace coseno::server {

// Holds one place for as long as it lives. Several threads may take from one count.
class Slot {
 public:
  // Nothing where all `limit` places are taken; `count` must outlive what is taken.
  static std::optional<Slot> take(std::atomic<std::int64_t>& count, std::size_t limit) {
    if (count.fetch_add(1) >= static_cast<std::int64_t>(limit)) {
      count.fetch_sub(1);
      return std::nullopt;
    }
    return Slot(count);
  }
  Slot(Slot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Slot& operator=(Slot&& other) noexcept {
    std::swap(count_, other.count_);
    return *this;
  }
  ~Slot() {
    if (count_ != nullptr) count_->fetch_sub(1);
  }

 private:
  explicit Slot(std::atomic<std::int64_t>& count) : count_(&count) {}
  std::atomic<std::int64_t>* count_;
};

}  // namespace coseno::server
