// Who did what to which item, as a file or a generator tells it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/ids.h"

namespace coseno {

// One user's dealing with one item. `value` is what was measured (a rating, a count; 1 for a plain
// act). A model says what it makes of it: a rating to predict, or a confidence. `time` is Unix
// seconds, 0 where the source has none. 16 bytes.
struct Interaction {
  ItemIndex item;
  float value;
  std::int64_t time;

  bool operator==(const Interaction&) const = default;
};

// One user's interactions, oldest first.
using History = std::span<const Interaction>;

// All interactions in the order of arrival, 20 bytes each, in chunks so that growing never copies
// and never holds twice the memory.
class Interactions {
 public:
  struct Row {
    UserIndex user;
    Interaction interaction;
  };

  // Who `Row::user` and `Interaction::item` are.
  UserIds users;
  ItemIds items;
  // False where the source has no values (each is then 1), or no times (each is then 0).
  bool has_values = false;
  bool has_times = false;

  std::size_t size() const { return size_; }

  // `user` and `item` were given by `users` and `items`.
  void add(UserIndex user, const Interaction& interaction);

  // The i-th in order of arrival; i < size().
  Row row(std::size_t i) const {
    const Packed& packed = chunks_[i / kChunkRows][i % kChunkRows];
    return {packed.user, {packed.item, packed.value, packed.time()}};
  }

 private:
  // The time in two halves: an int64 would pad the row to 24 bytes.
  struct Packed {
    UserIndex user;
    ItemIndex item;
    float value;
    std::uint32_t time_low;
    std::uint32_t time_high;

    std::int64_t time() const {
      return static_cast<std::int64_t>((static_cast<std::uint64_t>(time_high) << 32) | time_low);
    }
  };
  static_assert(sizeof(Packed) == 20);
  static constexpr std::size_t kChunkRows = 64 * 1024;

  std::vector<std::unique_ptr<Packed[]>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace coseno
