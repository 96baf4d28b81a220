// The sparse matrix of users and items that every model learns from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/interactions.h"

namespace coseno {

// What becomes of several interactions of one user with one item. `last` and `first` go by time,
// and by order of arrival where times are equal or absent; `sum` and `max` act on the values and
// keep the last time; a sum stops at the largest float.
enum class RepeatRule { last, first, sum, max };

// The rule of that name, or nothing.
std::optional<RepeatRule> repeat_rule(std::string_view name);

// Rows by user (oldest first) and by item (by user number); each pair at most once.
// Immutable; reading is thread-safe. 24 bytes an entry, 8 a user and 8 an item.
class UserItemMatrix {
 public:
  // An entry of an item's row.
  struct UserValue {
    UserIndex user;
    float value;

    bool operator==(const UserValue&) const = default;
  };

  UserItemMatrix() = default;

  // n_users and n_items are those of the interactions' id maps.
  static UserItemMatrix build(const Interactions& interactions, RepeatRule rule = RepeatRule::last);

  // From rows that already hold each pair once and are oldest first: `histories[u]` is user u's.
  // Every item number must be < n_items.
  static UserItemMatrix from_histories(std::span<const std::vector<Interaction>> histories,
                                       std::size_t n_items, bool has_values);

  std::size_t n_users() const { return user_begin_.size() - 1; }
  std::size_t n_items() const { return item_begin_.size() - 1; }
  std::size_t n_entries() const { return by_user_.size(); }
  // True where values are ratings (or other measures); false where all are plain acts of value 1.
  bool has_values() const { return has_values_; }

  // Views live as long as the matrix.
  History user(UserIndex user) const {
    return std::span(by_user_).subspan(user_begin_[offset(user)], user_size(user));
  }
  std::span<const UserValue> item(ItemIndex item) const {
    return std::span(by_item_).subspan(item_begin_[offset(item)], item_size(item));
  }
  std::size_t user_size(UserIndex user) const {
    return user_begin_[offset(user) + 1] - user_begin_[offset(user)];
  }
  std::size_t item_size(ItemIndex item) const {
    return item_begin_[offset(item) + 1] - item_begin_[offset(item)];
  }

 private:
  void index_items(std::size_t n_items);

  std::vector<Interaction> by_user_;        // n_entries
  std::vector<std::size_t> user_begin_{0};  // n_users + 1
  std::vector<UserValue> by_item_;          // n_entries
  std::vector<std::size_t> item_begin_{0};  // n_items + 1
  bool has_values_ = false;
};

}  // namespace coseno
