// Ids and numbers of users or items, for many readers beside one writer.
#pragma once

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/ids.h"

namespace coseno {

// Thread-safe.
template <class Index>
class IdTable {
 public:
  std::optional<Index> find(std::string_view id) const {
    const std::shared_lock lock(mutex_);
    return ids_.find(id);
  }

  // Copies; of a number that was removed, an empty text.
  std::string id(Index index) const {
    const std::shared_lock lock(mutex_);
    return std::string(ids_.id(index));
  }
  std::vector<std::string> ids(std::span<const Index> indices) const {
    std::vector<std::string> result;
    result.reserve(indices.size());
    const std::shared_lock lock(mutex_);
    for (const Index index : indices) result.emplace_back(ids_.id(index));
    return result;
  }

  // Numbers given, removed ones included.
  std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return ids_.size();
  }

  // Those that have an id.
  std::size_t n_named() const {
    const std::shared_lock lock(mutex_);
    return ids_.n_named();
  }

  // The id gets number size(); it was not there.
  void add(std::string_view id) {
    const std::lock_guard lock(mutex_);
    ids_.add(id);
  }
  // Gives numbers below `size` to nobody.
  void skip_to(std::size_t size) {
    const std::lock_guard lock(mutex_);
    while (ids_.size() < size) ids_.add_removed();
  }
  void remove(Index index) {
    const std::lock_guard lock(mutex_);
    ids_.remove(index);
  }

  std::size_t size_bytes() const {
    const std::shared_lock lock(mutex_);
    return ids_.size_bytes();
  }

  // A copy of the first n.
  IdMap<Index> first(std::size_t n) const {
    const std::shared_lock lock(mutex_);
    IdMap<Index> result;
    for (std::size_t i = 0; i < n; ++i) result.add(ids_.id(static_cast<Index>(i)));
    return result;
  }

 private:
  mutable std::shared_mutex mutex_;
  IdMap<Index> ids_;
};

}  // namespace coseno
