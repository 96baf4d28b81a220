// Histories as a trainer of sequence models in a program of its own reads them.
//
//   histories.begin   I64, n_users + 1: user u has items[begin[u]] to items[begin[u + 1] - 1]
//   histories.items   U32, oldest first, each below n_items
//   histories.times   I64, of each of items: Unix seconds, 0 where not known
//   metadata          "histories.n_items"
//
// in the form of models/tensor_file.h, so that NumPy reads it too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/user_item_matrix.h"

namespace coseno {

struct Histories {
  std::size_t n_items = 0;
  std::vector<std::size_t> begin = {0};  // n_users + 1
  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> times;  // as many

  std::size_t n_users() const { return begin.size() - 1; }
  std::span<const std::uint32_t> user(std::size_t u) const {
    return std::span(items).subspan(begin[u], begin[u + 1] - begin[u]);
  }
  std::span<const std::int64_t> times_of(std::size_t u) const {
    return std::span(times).subspan(begin[u], begin[u + 1] - begin[u]);
  }
};

Histories histories_of(const UserItemMatrix& matrix);

// Errors: io.
Result<void> write_histories(const Histories& histories, const std::string& path);
// Errors: io, corrupt.
Result<Histories> read_histories(const std::string& path);

}  // namespace coseno
