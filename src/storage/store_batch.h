// Changes of an EventStore that become true together, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/ids.h"
#include "storage/log_record.h"
#include "storage/shown_record.h"
#include "storage/store_keys.h"

namespace coseno {

// Collects bytes; nothing is checked against the store. Used again after clear(), it does not
// allocate. One thread at a time.
class StoreBatch {
 public:
  // The id behind a number: 1 to kMaxIdBytes bytes, once a number, in the batch that first uses it.
  void add_user(UserIndex user, std::string_view id);
  void add_item(ItemIndex item, std::string_view id);
  // `type` is below kMaxTypes.
  void add_type(TypeIndex type, std::string_view name);

  // Positions rise from record to record, and from batch to batch. `event_id` is empty, or 1 to
  // kMaxIdBytes bytes that name an event; a second event with the same id takes it over, so the
  // caller asks find_event() first. `record.has_event_id` is not looked at.
  void add(const LogRecord& record, std::string_view event_id = {});

  // Properties are text, JSON to the caller; a put replaces what was there.
  void put_item(ItemIndex item, std::string_view json);
  void put_user(UserIndex user, std::string_view json);
  void delete_item(ItemIndex item);
  void delete_user(UserIndex user);

  // Deletes id and properties, and notes the number as erased, for ever. The caller adds the log
  // record. Nothing may name this number afterwards: who comes back gets a new one.
  void erase_user(UserIndex user);

  // A list that was shown. Its key is above that of the one before it in this batch, and there is
  // none of that key in the store: EventStore::next_shown_key() gives one.
  void add_shown(const ShownRecord& record);

  // The last position given, where the mutation leaves no record in the log.
  void set_position(std::uint64_t position);
  void put_setting(std::string_view name, std::string_view value);

  void clear();
  bool empty() const { return changes_.empty(); }
  // Of keys and values, as a measure of how much has been collected.
  std::size_t size_bytes() const { return bytes_.size(); }

 private:
  friend class EventStore;

  // Key and value stand behind each other in bytes_, in the order of changes_.
  struct Change {
    Family family;
    bool is_deletion;
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };

  void put(Family family, std::string_view key, std::string_view value);
  void remove(Family family, std::string_view key);
  void advance(std::uint64_t position);

  std::string bytes_;
  std::vector<Change> changes_;
  std::uint64_t first_position_ = 0;  // 0: none
  std::uint64_t last_position_ = 0;
  std::optional<ShownKey> last_shown_;
  std::vector<UserIndex> erased_users_;
  std::string scratch_;
};

}  // namespace coseno
