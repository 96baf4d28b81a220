// All that answers are made from, in memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <shared_mutex>
#include <string_view>
#include <vector>

#include "coseno/engine.h"
#include "engine/event_type_table.h"
#include "engine/id_table.h"
#include "engine/live_state.h"
#include "engine/model_snapshot.h"
#include "ranking/item_properties.h"

namespace coseno {

// What is known of items, under one lock.
struct ItemShelf {
  mutable std::shared_mutex mutex;
  ItemProperties properties;
  // Bit i % 64 of word i / 64 is set where item i was deleted; items past the end were not.
  std::vector<std::uint64_t> deleted_bits;

  bool deleted(ItemIndex item) const {
    const std::size_t i = offset(item);
    return i / 64 < deleted_bits.size() && (deleted_bits[i / 64] >> (i % 64) & 1) != 0;
  }
  void put(ItemIndex item, const Properties& properties_now) {
    if (deleted(item))
      deleted_bits[offset(item) / 64] &= ~(std::uint64_t{1} << (offset(item) % 64));
    properties.put(item, properties_now);
  }
  // Its properties, and it from every list.
  void remove(ItemIndex item) {
    const std::size_t word = offset(item) / 64;
    if (word >= deleted_bits.size()) deleted_bits.resize(word + 1);
    deleted_bits[word] |= std::uint64_t{1} << (offset(item) % 64);
    properties.remove(item);
  }
};

// Changed by one thread at a time, in the order of the log; read by any number of others meanwhile.
// An item or user has its name before anything refers to its number.
struct EngineState {
  IdTable<UserIndex> users;
  IdTable<ItemIndex> items;
  SnapshotCell<LiveState> live;  // another one after everything was counted anew
  ItemShelf shelf;
  SnapshotCell<TypeMeanings> types;
  SnapshotCell<ModelSnapshot> snapshot;
  std::atomic<std::uint64_t> position = 0;  // everything up to here is applied
};

}  // namespace coseno
