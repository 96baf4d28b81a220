#include "data/user_item_matrix.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace coseno {
namespace {

constexpr std::array<std::pair<std::string_view, RepeatRule>, 4> kRepeatRules = {{
    {"last", RepeatRule::last},
    {"first", RepeatRule::first},
    {"sum", RepeatRule::sum},
    {"max", RepeatRule::max},
}};

constexpr double kLargest = std::numeric_limits<float>::max();

// Joins `next` to `kept`, the earlier interaction with the same item.
void join(Interaction& kept, const Interaction& next, RepeatRule rule) {
  switch (rule) {
    case RepeatRule::last:
      kept = next;
      return;
    case RepeatRule::first:
      return;
    case RepeatRule::sum:
      kept.value = static_cast<float>(
          std::clamp(static_cast<double>(kept.value) + next.value, -kLargest, kLargest));
      break;
    case RepeatRule::max:
      kept.value = std::max(kept.value, next.value);
      break;
  }
  kept.time = next.time;
}

bool is_older(const Interaction& a, const Interaction& b) { return a.time < b.time; }

// Joins the repeats in one user's row, given in order of arrival, and leaves it oldest first; equal
// times stay in order of arrival. Returns the new length. `order` is scratch memory.
std::size_t settle_row(std::span<Interaction> row, RepeatRule rule,
                       std::vector<std::size_t>& order) {
  std::ranges::stable_sort(row, is_older);
  order.resize(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(offset(row[i].item), i); });
  // A joined entry stands where the later one stood, under `first` where the earlier did. The
  // beginning of `order` becomes the places that stay.
  std::size_t n_kept = 0;
  for (const std::size_t i : order) {
    if (n_kept == 0 || row[order[n_kept - 1]].item != row[i].item) {
      order[n_kept++] = i;
      continue;
    }
    if (rule == RepeatRule::first) continue;
    Interaction joined = row[order[n_kept - 1]];
    join(joined, row[i], rule);
    row[i] = joined;
    order[n_kept - 1] = i;
  }
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n_kept));
  for (std::size_t kept = 0; kept < n_kept; ++kept) row[kept] = row[order[kept]];
  return n_kept;
}

}  // namespace

std::optional<RepeatRule> repeat_rule(std::string_view name) {
  const auto* const found =
      std::ranges::find(kRepeatRules, name, &std::pair<std::string_view, RepeatRule>::first);
  if (found == kRepeatRules.end()) return std::nullopt;
  return found->second;
}

UserItemMatrix UserItemMatrix::build(const Interactions& interactions, RepeatRule rule) {
  const std::size_t n_users = interactions.users.size();
  std::vector<std::size_t> begin(n_users + 1, 0);
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    ++begin[offset(interactions.row(i).user) + 1];
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());

  UserItemMatrix matrix;
  matrix.has_values_ = interactions.has_values;
  matrix.by_user_.resize(interactions.size());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    const Interactions::Row row = interactions.row(i);
    matrix.by_user_[next[offset(row.user)]++] = row.interaction;
  }

  matrix.user_begin_.assign(n_users + 1, 0);
  std::size_t kept = 0;
  std::vector<std::size_t> order;
  for (std::size_t u = 0; u < n_users; ++u) {
    const auto row = std::span(matrix.by_user_).subspan(begin[u], begin[u + 1] - begin[u]);
    const std::size_t length = settle_row(row, rule, order);
    std::copy_n(row.begin(), length, matrix.by_user_.begin() + static_cast<std::ptrdiff_t>(kept));
    kept += length;
    matrix.user_begin_[u + 1] = kept;
  }
  matrix.by_user_.resize(kept);
  matrix.index_items(interactions.items.size());
  return matrix;
}

UserItemMatrix UserItemMatrix::from_histories(std::span<const std::vector<Interaction>> histories,
                                              std::size_t n_items, bool has_values) {
  UserItemMatrix matrix;
  matrix.has_values_ = has_values;
  matrix.user_begin_.reserve(histories.size() + 1);
  for (const std::vector<Interaction>& history : histories) {
    matrix.by_user_.insert(matrix.by_user_.end(), history.begin(), history.end());
    matrix.user_begin_.push_back(matrix.by_user_.size());
  }
  matrix.index_items(n_items);
  return matrix;
}

// Fills the rows by item from those by user.
void UserItemMatrix::index_items(std::size_t n_items) {
  item_begin_.assign(n_items + 1, 0);
  for (const Interaction& entry : by_user_) {
    COSENO_CHECK(offset(entry.item) < n_items);
    ++item_begin_[offset(entry.item) + 1];
  }
  std::partial_sum(item_begin_.begin(), item_begin_.end(), item_begin_.begin());
  by_item_.resize(by_user_.size());
  std::vector<std::size_t> next(item_begin_.begin(), item_begin_.end() - 1);
  for (std::size_t u = 0; u < n_users(); ++u) {
    const auto index = static_cast<UserIndex>(u);
    for (const Interaction& entry : user(index)) {
      by_item_[next[offset(entry.item)]++] = {.user = index, .value = entry.value};
    }
  }
}

}  // namespace coseno
