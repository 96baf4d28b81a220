#include "engine/recent_sessions.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace coseno {
namespace {

constexpr std::size_t kAskedItems = 20;
constexpr std::size_t kNeighbours = 50;
constexpr float kRecency = 2;

// Where users stand in a list: open addressing, since a sort would take most of a search's time.
class PlaceTable {
 public:
  // For so many users at most.
  explicit PlaceTable(std::size_t n)
      : mask_(std::bit_ceil(2 * n + 1) - 1), slots_(mask_ + 1, kEmpty) {}

  // The user's place; `next` where they have none yet.
  std::size_t place_of(UserIndex user, std::size_t next) {
    const std::uint64_t key = std::to_underlying(user);
    // The middle bits of a product with 2^32 divided by the golden ratio are well mixed.
    for (std::size_t n = key * 0x9E3779B1 >> 16;; ++n) {
      std::uint64_t& slot = slots_[n & mask_];
      if (slot == kEmpty) slot = key << 32 | next;
      if (slot >> 32 == key) return slot & 0xFFFFFFFF;
    }
  }

 private:
  // No list is so long.
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};

  std::size_t mask_;
  std::vector<std::uint64_t> slots_;  // user, place
};

}  // namespace

void RecentSessions::add(ItemIndex item, UserIndex user) {
  const std::lock_guard lock(lock_of(item));
  std::vector<UserIndex>& row = rows_[offset(item)];
  const auto found = std::ranges::find(row, user);
  if (found != row.end()) {
    std::rotate(found, found + 1, row.end());
    return;
  }
  if (row.size() == width_) {
    std::rotate(row.begin(), row.begin() + 1, row.end());
    row.back() = user;
    return;
  }
  if (row.size() == row.capacity()) row.reserve(std::min(width_, 2 * row.size() + 2));
  row.push_back(user);
}

void RecentSessions::remove(ItemIndex item, UserIndex user) {
  const std::lock_guard lock(lock_of(item));
  std::erase(rows_[offset(item)], user);
}

std::vector<RecentSessions::Neighbour> RecentSessions::nearest(
    std::span<const Covisitation::Weighed> history, const Covisitation& covisitation) const {
  const std::size_t n_asked = std::min(history.size(), kAskedItems);
  std::vector<Neighbour> neighbours;
  PlaceTable places(n_asked * width_);
  for (std::size_t step = 0; step < n_asked; ++step) {
    const Covisitation::Weighed& asked = history[history.size() - 1 - step];
    if (offset(asked.item) >= n_items()) continue;
    const float weight = asked.weight * std::exp(-static_cast<float>(step) / kRecency) *
                         rarity(covisitation, asked.item);
    const std::lock_guard lock(lock_of(asked.item));
    for (const UserIndex user : rows_[offset(asked.item)]) {
      const std::size_t place = places.place_of(user, neighbours.size());
      // The first is the item that was had last.
      if (place == neighbours.size()) neighbours.push_back({user, asked.item, 0});
      neighbours[place].nearness += weight;
    }
  }
  if (neighbours.size() > kNeighbours) {
    const auto end = neighbours.begin() + static_cast<std::ptrdiff_t>(kNeighbours);
    std::ranges::nth_element(neighbours, end, [](const Neighbour& a, const Neighbour& b) {
      return a.nearness != b.nearness ? a.nearness > b.nearness : a.user < b.user;
    });
    neighbours.erase(end, neighbours.end());
    // Sums must not depend on how a library's nth_element leaves them.
    std::ranges::sort(neighbours, {}, &Neighbour::user);
  }
  return neighbours;
}

std::vector<UserIndex> RecentSessions::row(ItemIndex item) const {
  const std::lock_guard lock(lock_of(item));
  return rows_[offset(item)];
}

void RecentSessions::set_row(ItemIndex item, std::span<const UserIndex> row) {
  const std::lock_guard lock(lock_of(item));
  rows_[offset(item)].assign(row.begin(), row.end());
}

std::size_t RecentSessions::size_bytes() const {
  std::size_t n = rows_.size_bytes();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const std::lock_guard lock(locks_[i % kLocks]);
    n += rows_[i].capacity() * sizeof(UserIndex);
  }
  return n;
}

}  // namespace coseno
