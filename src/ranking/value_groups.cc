#include "ranking/value_groups.h"

#include <algorithm>

namespace coseno {

void ValueGroups::add(std::uint32_t item) {
  keys_.clear();
  table_->append_keys(ItemIndex{item}, property_, keys_);
  std::ranges::sort(keys_);
  const auto n_keys = static_cast<float>(keys_.size());
  for (auto key = keys_.begin(); key != keys_.end();) {
    const auto next = std::find_if(key, keys_.end(), [&](auto other) { return other != *key; });
    const auto group = static_cast<std::uint32_t>(groups_.size());
    members_.push_back(
        {groups_.emplace(*key, group).first->second, static_cast<float>(next - key) / n_keys});
    key = next;
  }
  starts_.push_back(members_.size());
}

}  // namespace coseno
