// Where things stand in the store: column families, and the bytes of their keys and small values.
//
//   family      key                              value
//   log         8 position, big-endian           encode_log_record()
//   event_ids   the event's id                   8 position, 4 user, little-endian
//   shown       8 time_ms, 4 number, big-endian  encode_shown_record()
//   default     table (1 byte), and
//     't' 'u' 'i'   4 number, big-endian         id of the type, user or item
//     'U' 'I'       4 number, big-endian         properties of the user or item: JSON
//     'e'           4 user, big-endian           'p' (pending) or 'c' (compacted away)
//     's'           name of the setting          its value
//     'p'                                        8 position, little-endian
//
// Big-endian keys lie on disk in the order of their numbers; of a time the first bit is flipped, so
// that those before 1970 come first. An event without an id touches the log only; all that is small
// shares one family, because every family has memtables and files of its own. Lists that were shown
// have one, since they are written in the order of their keys and dropped from the front.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/ids.h"

namespace coseno {

// In the order in which RocksDB numbers them.
enum class Family : std::uint8_t { records, log, event_ids, shown };
constexpr std::size_t kNFamilies = 4;
// What stores of format 1 have: all but the last.
constexpr std::size_t kNFamiliesOfFormat1 = 3;
// The first is RocksDB's own name of the family that every database has.
constexpr std::array<const char*, kNFamilies> kFamilyNames = {"default", "log", "event_ids",
                                                              "shown"};

// A table of Family::records.
enum class Table : char {
  erased_users = 'e',
  item_properties = 'I',
  items = 'i',
  position = 'p',
  settings = 's',
  types = 't',
  user_properties = 'U',
  users = 'u',
};

// A key or value that needs no memory of its own.
template <std::size_t Size>
struct ShortBytes {
  std::array<char, Size> bytes;
  std::string_view view() const { return {bytes.data(), Size}; }
};

using OneByte = ShortBytes<1>;
using NumberKey = ShortBytes<5>;
using PositionBytes = ShortBytes<8>;
using EventKeyBytes = ShortBytes<12>;
using ShownKeyBytes = ShortBytes<12>;

OneByte table_key(Table table);
NumberKey number_key(Table table, std::uint32_t number);
std::string setting_key(std::string_view name);
PositionBytes log_key(std::uint64_t position);

// Nothing where the bytes are not of the form, as only damage makes them. `number` is what stands
// behind the table's byte.
std::optional<std::uint32_t> number_of(std::string_view number);
std::optional<std::uint64_t> position_of(std::string_view log_key);

PositionBytes position_value(std::uint64_t position);
std::optional<std::uint64_t> position_of_value(std::string_view value);

// What is known of an event by its id.
struct EventKey {
  std::uint64_t position = 0;
  UserIndex user{};

  bool operator==(const EventKey&) const = default;
};

EventKeyBytes event_key_value(EventKey key);
std::optional<EventKey> event_key_of(std::string_view value);

// Which list that was shown: of those of one millisecond the `number`-th, from 0.
struct ShownKey {
  std::int64_t time_ms = 0;
  std::uint32_t number = 0;

  auto operator<=>(const ShownKey&) const = default;
};

ShownKeyBytes shown_key(ShownKey key);
// Nothing where the bytes are not of the form.
std::optional<ShownKey> shown_key_of(std::string_view key);

// Whether compact() has been over what an erased user left in the log.
enum class Erasure : char { pending = 'p', compacted = 'c' };

OneByte erasure_value(Erasure erasure);

using UserSet = boost::unordered_flat_set<UserIndex>;

}  // namespace coseno
