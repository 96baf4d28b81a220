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
  std::vector<bool> is_deleted;  // by item; shorter where the rest is not

  bool deleted(ItemIndex item) const {
    return offset(item) < is_deleted.size() && is_deleted[offset(item)];
  }
  // As the store has it: JSON, or nothing where the item was deleted. The JSON is known to be good.
  void put(ItemIndex item, const Properties& properties_now) {
    mark(item, false);
    properties.put(item, properties_now);
  }
  void remove(ItemIndex item) {
    mark(item, true);
    properties.remove(item);
  }

 private:
  void mark(ItemIndex item, bool is_gone) {
    if (offset(item) >= is_deleted.size()) {
      if (!is_gone) return;
      is_deleted.resize(offset(item) + 1);
    }
    is_deleted[offset(item)] = is_gone;
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
