#include "evaluation/breakdown.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/check.h"

namespace coseno {
namespace {

// The shortest history of each group.
constexpr std::array<std::size_t, 8> kShortest = {0, 1, 5, 10, 20, 50, 100, 200};
constexpr std::size_t kTenths = 10;

std::vector<Group> history_groups() {
  std::vector<Group> groups;
  for (std::size_t g = 0; g < kShortest.size(); ++g) {
    const std::size_t from = kShortest[g];
    const std::size_t to = g + 1 < kShortest.size() ? kShortest[g + 1] - 1 : from;
    std::string name = from == to ? std::to_string(from) : fmt::format("{}-{}", from, to);
    if (g + 1 == kShortest.size()) name += "+";
    groups.push_back({.name = std::move(name)});
  }
  return groups;
}

std::vector<Group> popularity_groups() {
  std::vector<Group> groups;
  for (std::size_t tenth = 1; tenth <= kTenths; ++tenth) {
    groups.push_back({.name = std::to_string(tenth)});
  }
  groups.push_back({.name = "new"});
  return groups;
}

// The tenth of each item, those with most users first; ties by number.
std::vector<std::size_t> tenths(const UserItemMatrix& train) {
  std::vector<ItemIndex> items;
  for (std::size_t i = 0; i < train.n_items(); ++i) items.push_back(static_cast<ItemIndex>(i));
  std::ranges::stable_sort(items, std::greater<>(),
                           [&](ItemIndex item) { return train.item_size(item); });
  std::vector<std::size_t> tenth_of(items.size());
  for (std::size_t rank = 0; rank < items.size(); ++rank) {
    tenth_of[offset(items[rank])] = rank * kTenths / items.size();
  }
  return tenth_of;
}

Group& group_of(std::vector<Group>& by_history, std::size_t length) {
  const auto* const above = std::ranges::upper_bound(kShortest, length);
  return by_history[static_cast<std::size_t>(above - kShortest.begin()) - 1];
}

void add(std::vector<Group>& sum, const std::vector<Group>& groups) {
  COSENO_CHECK(sum.size() == groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    sum[g].n += groups[g].n;
    sum[g].sum += groups[g].sum;
  }
}

}  // namespace

Breakdown break_down(const Split& split, const std::vector<std::vector<ItemIndex>>& lists,
                     const EvaluateOptions& options) {
  Breakdown breakdown{history_groups(), popularity_groups()};
  const std::vector<std::size_t> tenth_of = tenths(split.train.matrix);
  for (std::size_t u = 0; u < lists.size(); ++u) {
    std::vector<ItemIndex> relevant;
    for (const Interaction& held_out : split.held_out[u]) {
      if (held_out.value >= options.relevant_from) relevant.push_back(held_out.item);
    }
    if (relevant.empty()) continue;
    const std::size_t length = split.profile(static_cast<UserIndex>(u)).history.size();
    Group& users = group_of(breakdown.by_history, length);
    ++users.n;
    users.sum += list_metrics(lists[u], relevant, options.k).ndcg;
    for (const ItemIndex item : relevant) {
      const bool is_known = offset(item) < tenth_of.size();
      Group& items = breakdown.by_popularity[is_known ? tenth_of[offset(item)] : kTenths];
      ++items.n;
      if (std::ranges::find(lists[u], item) != lists[u].end()) ++items.sum;
    }
  }
  return breakdown;
}

void add(Breakdown& sum, const Breakdown& breakdown) {
  if (sum.by_history.empty()) {
    sum = breakdown;
    return;
  }
  add(sum.by_history, breakdown.by_history);
  add(sum.by_popularity, breakdown.by_popularity);
}

}  // namespace coseno
