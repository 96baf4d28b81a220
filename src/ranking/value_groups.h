// Which of some items share a value of a property.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ranking/item_properties.h"

namespace coseno {

// Each different value is a group, numbered from 0 in order of appearance. An item is in the group
// of each of its values, once.
class ValueGroups {
 public:
  struct Member {
    std::uint32_t group;
    float share;  // of the item's values, those equal to this one: they sum to 1
  };

  // Looks at the table, which must outlive it and not change.
  ValueGroups(const ItemProperties& table, std::string property)
      : table_(&table), property_(std::move(property)) {}

  // The items get the places 0, 1, ... in the order in which they are added.
  void add(std::uint32_t item);

  std::size_t n_groups() const { return groups_.size(); }
  std::span<const Member> of(std::size_t place) const {
    return std::span(members_).subspan(starts_[place], starts_[place + 1] - starts_[place]);
  }

 private:
  const ItemProperties* table_;
  std::string property_;
  std::vector<std::size_t> starts_ = {0};
  std::vector<Member> members_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> groups_;  // by key
  std::vector<std::uint64_t> keys_;                                 // scratch
};

}  // namespace coseno
