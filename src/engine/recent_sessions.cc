#include "engine/recent_sessions.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace coseno {
namespace {

constexpr std::size_t kAskedItems = 20;
constexpr std::size_t kNeighbours = 50;
// Events to either side of the shared one; e^-3 of the weight is left there.
constexpr std::size_t kReach = 12;
constexpr float kPosition = 4;
constexpr float kRecency = 2;

float rarity(const Covisitation& covisitation, ItemIndex item) {
  return 1 / std::sqrt(1 + covisitation.n_acts(item));
}

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
  std::vector<Neighbour> found;
  for (std::size_t step = 0; step < std::min(history.size(), kAskedItems); ++step) {
    const Covisitation::Weighed& asked = history[history.size() - 1 - step];
    if (offset(asked.item) >= n_items()) continue;
    const float weight = asked.weight * std::exp(-static_cast<float>(step) / kRecency) *
                         rarity(covisitation, asked.item);
    const std::lock_guard lock(lock_of(asked.item));
    for (const UserIndex user : rows_[offset(asked.item)]) {
      found.push_back({user, asked.item, weight});
    }
  }
  // Stable: of a user's shared items the one that was had last comes first.
  std::ranges::stable_sort(found, {}, &Neighbour::user);
  std::vector<Neighbour> neighbours;
  for (const Neighbour& one : found) {
    if (!neighbours.empty() && neighbours.back().user == one.user) {
      neighbours.back().nearness += one.nearness;
    } else {
      neighbours.push_back(one);
    }
  }
  if (neighbours.size() > kNeighbours) {
    const auto end = neighbours.begin() + static_cast<std::ptrdiff_t>(kNeighbours);
    std::ranges::nth_element(neighbours, end, [](const Neighbour& a, const Neighbour& b) {
      return a.nearness != b.nearness ? a.nearness > b.nearness : a.user < b.user;
    });
    neighbours.erase(end, neighbours.end());
    std::ranges::sort(neighbours, {}, &Neighbour::user);
  }
  return neighbours;
}

std::vector<RecentSessions::Scored> RecentSessions::score(
    std::span<const Covisitation::Weighed> history, const UserStore& users,
    const Covisitation& covisitation, const TypeMeanings& types) const {
  std::vector<Scored> found;
  std::vector<KeptEvent> events;
  std::vector<ItemIndex> taken;  // of one neighbour
  for (const Neighbour& neighbour : nearest(history, covisitation)) {
    users.history(neighbour.user, events);
    const auto shared =
        std::ranges::find(events.rbegin(), events.rend(), neighbour.shared, &KeptEvent::item);
    if (shared == events.rend()) continue;  // no longer kept
    const auto place = static_cast<std::size_t>(std::distance(shared, events.rend()) - 1);
    taken.clear();
    // From the shared one outwards, so that an item counts where it is nearest.
    for (std::size_t distance = 0; distance <= kReach; ++distance) {
      const float weight = neighbour.nearness * std::exp(-static_cast<float>(distance) / kPosition);
      const auto take = [&](const KeptEvent& event) {
        if (offset(event.item()) >= n_items() || offset(event.type()) >= types.meanings.size()) {
          return;
        }
        if (types.of(event.type()).weight <= 0) return;
        if (std::ranges::find(taken, event.item()) != taken.end()) return;
        taken.push_back(event.item());
        found.push_back(
            {std::to_underlying(event.item()), weight * rarity(covisitation, event.item())});
      };
      if (place + distance < events.size()) take(events[place + distance]);
      if (distance > 0 && place >= distance) take(events[place - distance]);
    }
  }
  // Stable: sums are taken in one order.
  std::ranges::stable_sort(found, {}, &Scored::item);
  std::vector<Scored> scores;
  for (const Scored& one : found) {
    if (!scores.empty() && scores.back().item == one.item) {
      scores.back().score += one.score;
    } else {
      scores.push_back(one);
    }
  }
  return scores;
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
