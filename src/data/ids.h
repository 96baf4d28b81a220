// The caller's names of users, items and types of event, and the dense numbers that stand for them
// inside.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace coseno {

// Dense numbers from 0, given in order of first appearance and never reused. Distinct types, so
// that a user cannot be passed where an item is meant.
enum class UserIndex : std::uint32_t {};
enum class ItemIndex : std::uint32_t {};
enum class TypeIndex : std::uint16_t {};  // of an event: "view", "purchase"; below kMaxTypes

// Types are few, and told apart by weight and half-life; more of them is a mistake of the caller,
// such as an id in their place.
constexpr std::size_t kMaxTypes = 1000;

// The number as an offset into an array with one element a user, an item, or a type.
constexpr std::size_t offset(UserIndex user) { return std::to_underlying(user); }
constexpr std::size_t offset(ItemIndex item) { return std::to_underlying(item); }
constexpr std::size_t offset(TypeIndex type) { return std::to_underlying(type); }

// An id is 1 to kMaxIdBytes bytes of UTF-8.
constexpr std::size_t kMaxIdBytes = 512;

// Ids to numbers and back. Cost of an id: its bytes, 16 for the view, and about 40 for the hash
// slot. Reading is thread-safe while nobody adds.
template <class Index>
class IdMap {
 public:
  IdMap() = default;
  IdMap(IdMap&&) noexcept = default;
  IdMap& operator=(IdMap&&) noexcept = default;
  IdMap(const IdMap& other) { *this = other; }
  IdMap& operator=(const IdMap& other) {
    if (this == &other) return *this;
    *this = IdMap();
    for (const std::string_view id : other.ids_) id.empty() ? add_removed() : void(add(id));
    return *this;
  }

  std::size_t size() const { return ids_.size(); }
  // Without those that were removed.
  std::size_t n_named() const { return numbers_.size(); }

  // The number of `id`, a new one if it was not there. The caller has checked the id's length.
  Index add(std::string_view id) {
    if (const auto found = numbers_.find(id); found != numbers_.end()) return found->second;
    const auto index = static_cast<Index>(ids_.size());
    const std::string_view kept = keep(id);
    ids_.push_back(kept);
    numbers_.emplace(kept, index);
    return index;
  }

  std::optional<Index> find(std::string_view id) const {
    const auto found = numbers_.find(id);
    if (found == numbers_.end()) return std::nullopt;
    return found->second;
  }

  // The id of a number that this map gave; empty where it was removed. The view lives as long as
  // the map, moves included, or until the id is removed.
  std::string_view id(Index index) const { return ids_[offset(index)]; }

  // The number is nobody's from now on, and its id, if it comes again, gets another. The bytes of
  // the id are overwritten.
  void remove(Index index) {
    std::string_view& id = ids_[offset(index)];
    numbers_.erase(id);
    std::fill_n(const_cast<char*>(id.data()), id.size(), '\0');
    id = {};
  }
  // Gives a number to nobody, as if an id had been removed.
  void add_removed() { ids_.emplace_back(); }

  std::size_t size_bytes() const {
    return blocks_.size() * kBlockBytes + ids_.capacity() * sizeof(std::string_view) +
           numbers_.bucket_count() * (sizeof(std::string_view) + sizeof(Index) + 5);
  }

 private:
  // Ids are kept in blocks that never move, so that views of them stay valid.
  static constexpr std::size_t kBlockBytes = 64 * 1024;

  std::string_view keep(std::string_view id) {
    if (blocks_.empty() || block_used_ + id.size() > kBlockBytes) {
      blocks_.push_back(std::make_unique<char[]>(kBlockBytes));
      block_used_ = 0;
    }
    char* const place = blocks_.back().get() + block_used_;
    id.copy(place, id.size());
    block_used_ += id.size();
    return {place, id.size()};
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_used_ = 0;
  std::vector<std::string_view> ids_;
  boost::unordered_flat_map<std::string_view, Index> numbers_;
};

using UserIds = IdMap<UserIndex>;
using ItemIds = IdMap<ItemIndex>;
using TypeIds = IdMap<TypeIndex>;

}  // namespace coseno
