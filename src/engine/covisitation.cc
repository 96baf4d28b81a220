#include "engine/covisitation.h"

#include <algorithm>
#include <cmath>

#include "math/top_k.h"

namespace coseno {

void Covisitation::add_act(ItemIndex item, float count) {
  Acts& acts = acts_[offset(item)];
  const float n = std::max(0.0F, acts.n.load(std::memory_order_relaxed) + count);
  acts.n.store(n, std::memory_order_relaxed);
  acts.root.store(std::sqrt(n), std::memory_order_relaxed);
}

void Covisitation::add_pair(ItemIndex a, ItemIndex b, float count) {
  add_to_row(a, b, count);
  add_to_row(b, a, count);
}

void Covisitation::add_to_row(ItemIndex item, ItemIndex other, float count) {
  const std::uint32_t number = std::to_underlying(other);
  const std::lock_guard lock(lock_of(item));
  std::vector<Neighbour>& row = rows_[offset(item)];
  const auto found = std::ranges::find(row, number, &Neighbour::item);
  if (found != row.end()) {
    found->count += count;
    if (found->count <= 0) row.erase(found);
    return;
  }
  if (count <= 0) return;
  if (row.size() < width_) {
    if (row.size() == row.capacity()) row.reserve(std::min(width_, 2 * row.size() + 2));
    row.push_back({number, count});
    return;
  }
  Neighbour& least = *std::ranges::min_element(row, {}, &Neighbour::count);
  least = {number, least.count + count};
}

bool Covisitation::copy_row(ItemIndex item, std::vector<Neighbour>& row) const {
  if (offset(item) >= n_items()) return false;
  const std::lock_guard lock(lock_of(item));
  row.assign(rows_[offset(item)].begin(), rows_[offset(item)].end());
  return !row.empty();
}

Ranking Covisitation::similar(ItemIndex item, std::size_t k) const {
  std::vector<Neighbour> row;
  Ranking ranking;
  if (!copy_row(item, row)) return ranking;
  for (const Neighbour& neighbour : row) {
    ranking.push_back({ItemIndex{neighbour.item}, nearness(root(item), neighbour)});
  }
  std::ranges::sort(ranking, [](const ScoredItem& a, const ScoredItem& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  });
  if (ranking.size() > k) ranking.resize(k);
  return ranking;
}

std::vector<Covisitation::Neighbour> Covisitation::row(ItemIndex item) const {
  std::vector<Neighbour> row;
  copy_row(item, row);
  return row;
}

void Covisitation::set_row(ItemIndex item, std::span<const Neighbour> row) {
  const std::lock_guard lock(lock_of(item));
  rows_[offset(item)].assign(row.begin(), row.end());
}

std::size_t Covisitation::size_bytes() const {
  std::size_t n = rows_.size_bytes() + acts_.size_bytes();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const std::lock_guard lock(locks_[i % kLocks]);
    n += rows_[i].capacity() * sizeof(Neighbour);
  }
  return n;
}

}  // namespace coseno
