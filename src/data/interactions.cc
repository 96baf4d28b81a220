#include "data/interactions.h"

namespace coseno {

void Interactions::add(UserIndex user, const Interaction& interaction) {
  if (size_ == chunks_.size() * kChunkRows) {
    chunks_.push_back(std::make_unique_for_overwrite<Packed[]>(kChunkRows));
  }
  const auto time = static_cast<std::uint64_t>(interaction.time);
  chunks_.back()[size_ % kChunkRows] = {.user = user,
                                        .item = interaction.item,
                                        .value = interaction.value,
                                        .time_low = static_cast<std::uint32_t>(time),
                                        .time_high = static_cast<std::uint32_t>(time >> 32)};
  ++size_;
}

}  // namespace coseno
