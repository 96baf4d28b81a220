#include "engine/user_store.h"

#include <algorithm>

namespace coseno {
namespace {

using Events = std::vector<KeptEvent>;

void look_around(const Events& events, std::size_t at, std::size_t reach, std::size_t skip,
                 UserStore::Neighbourhood& around) {
  const auto begin = events.begin();
  const auto here = begin + static_cast<std::ptrdiff_t>(at);
  const auto next = here + static_cast<std::ptrdiff_t>(skip);
  const auto n_before = static_cast<std::ptrdiff_t>(std::min(reach, at));
  const auto n_after = std::min(static_cast<std::ptrdiff_t>(reach), events.end() - next);
  around.before.assign(here - n_before, here);
  around.after.assign(next, next + n_after);
}

// Histories grow by a quarter: doubling would leave half of the memory empty.
void make_room(Events& events) {
  if (events.size() == events.capacity()) events.reserve(events.size() + events.size() / 4 + 2);
}

}  // namespace

std::vector<KeptEvent>& UserStore::place(Shard& shard, UserIndex user) {
  const std::size_t slot = offset(user) / kShards;
  if (slot >= shard.histories.size()) shard.histories.resize(slot + 1);
  return shard.histories[slot];
}

void UserStore::add(UserIndex user, const KeptEvent& event, std::size_t reach,
                    Neighbourhood& around) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  Events& events = place(shard, user);
  auto at = events.end();
  while (at != events.begin() && (at - 1)->time_ms() > event.time_ms()) --at;
  const auto place_of_event = static_cast<std::size_t>(at - events.begin());
  look_around(events, place_of_event, reach, 0, around);
  if (events.size() == history_length_) {
    if (place_of_event == 0) return;  // older than all that is kept
    std::move(events.begin() + 1, at, events.begin());
    *(at - 1) = event;
    return;
  }
  make_room(events);
  events.insert(events.begin() + static_cast<std::ptrdiff_t>(place_of_event), event);
  n_kept_.fetch_add(1, std::memory_order_relaxed);
}

bool UserStore::remove(UserIndex user, const KeptEvent& event, std::size_t reach,
                       Neighbourhood& around) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  Events& events = place(shard, user);
  const auto found = std::ranges::find(events, event);
  if (found == events.end()) return false;
  look_around(events, static_cast<std::size_t>(found - events.begin()), reach, 1, around);
  events.erase(found);
  n_kept_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

void UserStore::clear(UserIndex user) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  Events& events = place(shard, user);
  n_kept_.fetch_sub(events.size(), std::memory_order_relaxed);
  events = Events();
}

void UserStore::history(UserIndex user, std::vector<KeptEvent>& out) const {
  const Shard& shard = shard_of(user);
  const std::size_t slot = offset(user) / kShards;
  const std::lock_guard lock(shard.mutex);
  out.clear();
  if (slot < shard.histories.size()) {
    out.assign(shard.histories[slot].begin(), shard.histories[slot].end());
  }
}

std::optional<KeptEvent> UserStore::find(UserIndex user, ItemIndex item, std::size_t reach,
                                         Neighbourhood& around) const {
  const Shard& shard = shard_of(user);
  const std::size_t slot = offset(user) / kShards;
  const std::lock_guard lock(shard.mutex);
  if (slot >= shard.histories.size()) return std::nullopt;
  const Events& events = shard.histories[slot];
  for (std::size_t n = events.size(); n-- > 0;) {
    if (events[n].item() != item) continue;
    look_around(events, n, reach, 1, around);
    return events[n];
  }
  return std::nullopt;
}

void UserStore::restore(UserIndex user, std::span<const KeptEvent> kept) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  Events& events = place(shard, user);
  n_kept_.fetch_add(kept.size() - events.size(), std::memory_order_relaxed);
  events.assign(kept.begin(), kept.end());
}

std::size_t UserStore::size_bytes() const {
  std::size_t n = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Events& events : shard.histories) {
      n += sizeof(Events) + events.capacity() * sizeof(KeptEvent);
    }
  }
  return n;
}

}  // namespace coseno
