// Where the readers put what they read.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include "data/interactions.h"

namespace coseno {

// Interactions in the making. Ids are valid (data/text_values.h).
class InteractionBuilder {
 public:
  InteractionBuilder(UserIds users, ItemIds items) {
    interactions_.users = std::move(users);
    interactions_.items = std::move(items);
  }

  // The user's number. Files are often grouped by user: asking for the last one again is cheap.
  UserIndex user(std::string_view id) {
    if (id != last_user_id_) {
      last_user_ = interactions_.users.add(id);
      last_user_id_ = interactions_.users.id(last_user_);
    }
    return last_user_;
  }

  ItemIndex item(std::string_view id) { return interactions_.items.add(id); }

  void add(UserIndex user, const Interaction& interaction) { interactions_.add(user, interaction); }

  void set_has_values(bool has_values) { interactions_.has_values = has_values; }
  void set_has_times(bool has_times) { interactions_.has_times = has_times; }

  // False while no user was read.
  bool has_users() const { return !last_user_id_.empty(); }

  Interactions take() { return std::move(interactions_); }

 private:
  Interactions interactions_;
  UserIndex last_user_{};
  std::string_view last_user_id_;
};

}  // namespace coseno
