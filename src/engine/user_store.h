// What each user did last.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "data/ids.h"

namespace coseno {

// An event as a history keeps it. 16 bytes.
class KeptEvent {
 public:
  KeptEvent() = default;
  KeptEvent(ItemIndex item, TypeIndex type, float value, std::int64_t time_ms)
      : item_(item),
        value_(value),
        time_and_type_((time_ms << kTypeBits) | static_cast<std::int64_t>(offset(type))) {}

  ItemIndex item() const { return item_; }
  float value() const { return value_; }
  TypeIndex type() const { return static_cast<TypeIndex>(time_and_type_ & ((1 << kTypeBits) - 1)); }
  // Within 285,000 years of 1970.
  std::int64_t time_ms() const { return time_and_type_ >> kTypeBits; }

  bool operator==(const KeptEvent&) const = default;

 private:
  static constexpr int kTypeBits = 10;
  static_assert(kMaxTypes <= 1 << kTypeBits);

  ItemIndex item_{};
  float value_ = 0;
  std::int64_t time_and_type_ = 0;
};
static_assert(sizeof(KeptEvent) == 16);

// Histories, each of the newest `history_length` events, by time and, of equal time, by arrival.
// Users are spread over shards with a lock each, so a reader waits for nobody but a writer of the
// same shard, and that for the time of a copy.
//
// Changing is for one thread at a time; any number of others may read meanwhile.
class UserStore {
 public:
  explicit UserStore(std::size_t history_length) : history_length_(history_length) {}

  // The events that stand next to a new one: those before it, newest last, and those after it.
  // `reach` of each at most.
  struct Neighbourhood {
    std::vector<KeptEvent> before;
    std::vector<KeptEvent> after;
  };

  // Puts the event where its time belongs, and drops the oldest where there are too many. Fills
  // `around` with what stands next to it. The user is made where there was none.
  void add(UserIndex user, const KeptEvent& event, std::size_t reach, Neighbourhood& around);
  // Takes one such event out, and fills `around` with what stood next to it; false where it is not
  // kept any more.
  bool remove(UserIndex user, const KeptEvent& event, std::size_t reach, Neighbourhood& around);
  // Forgets the history.
  void clear(UserIndex user);

  // A copy, oldest first; empty for a user without events. Counts one more look at nothing.
  void history(UserIndex user, std::vector<KeptEvent>& out) const;

  // The last event with the item, and what stands next to it; nothing where none is kept.
  std::optional<KeptEvent> find(UserIndex user, ItemIndex item, std::size_t reach,
                                Neighbourhood& around) const;

  // For checkpoints: the user's history is this one.
  void restore(UserIndex user, std::span<const KeptEvent> events);

  std::size_t n_kept_events() const { return n_kept_.load(std::memory_order_relaxed); }
  std::size_t size_bytes() const;

 private:
  static constexpr std::size_t kShards = 256;
  struct Shard {
    mutable std::mutex mutex;
    std::deque<std::vector<KeptEvent>> histories;  // of users shard, shard + kShards, ...
  };

  Shard& shard_of(UserIndex user) { return shards_[offset(user) % kShards]; }
  const Shard& shard_of(UserIndex user) const { return shards_[offset(user) % kShards]; }
  static std::vector<KeptEvent>& place(Shard& shard, UserIndex user);

  std::size_t history_length_;
  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> n_kept_ = 0;
};

}  // namespace coseno
