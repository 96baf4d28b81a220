// The list of a user, as the program gives it: the model's order without what the user has had, and
// the popular items for whom nobody knows.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "cli/source.h"
#include "models/model.h"

namespace coseno::cli {

struct ListOptions {
  std::size_t k = 10;
  bool by_cosine = false;  // the model has vectors
  bool include_seen = false;
};

struct UserList {
  Ranking items;
  bool is_known;       // false: `items` are the popular ones
  std::size_t n_seen;  // items that the user has had
};

class Recommender {
 public:
  // Keeps a reference to `source`.
  Recommender(const Source& source, const ListOptions& options);

  // Thread-safe.
  UserList recommend(std::string_view user_id) const;

 private:
  void exclude(History history, std::span<float> scores) const;

  const Source& source_;
  ListOptions options_;
  std::vector<float> popularity_;  // of each item
};

}  // namespace coseno::cli
