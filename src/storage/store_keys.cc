#include "storage/store_keys.h"

#include <boost/endian/conversion.hpp>
#include <utility>

namespace coseno {
namespace {

using boost::endian::load_big_u32;
using boost::endian::load_big_u64;
using boost::endian::load_little_u32;
using boost::endian::load_little_u64;
using boost::endian::store_big_u32;
using boost::endian::store_big_u64;
using boost::endian::store_little_u32;
using boost::endian::store_little_u64;

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

unsigned char* raw(char* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

OneByte table_key(Table table) { return {{std::to_underlying(table)}}; }

NumberKey number_key(Table table, std::uint32_t number) {
  NumberKey key;
  key.bytes[0] = std::to_underlying(table);
  store_big_u32(raw(key.bytes.data() + 1), number);
  return key;
}

std::string setting_key(std::string_view name) {
  std::string key(table_key(Table::settings).view());
  return key += name;
}

PositionBytes log_key(std::uint64_t position) {
  PositionBytes key;
  store_big_u64(raw(key.bytes.data()), position);
  return key;
}

std::optional<std::uint32_t> number_of(std::string_view number) {
  if (number.size() != sizeof(std::uint32_t)) return std::nullopt;
  return load_big_u32(raw(number));
}

std::optional<std::uint64_t> position_of(std::string_view log_key) {
  if (log_key.size() != sizeof(PositionBytes)) return std::nullopt;
  return load_big_u64(raw(log_key));
}

PositionBytes position_value(std::uint64_t position) {
  PositionBytes value;
  store_little_u64(raw(value.bytes.data()), position);
  return value;
}

std::optional<std::uint64_t> position_of_value(std::string_view value) {
  if (value.size() != sizeof(PositionBytes)) return std::nullopt;
  return load_little_u64(raw(value));
}

EventKeyBytes event_key_value(EventKey key) {
  EventKeyBytes value;
  store_little_u64(raw(value.bytes.data()), key.position);
  store_little_u32(raw(value.bytes.data() + 8), std::to_underlying(key.user));
  return value;
}

ShownKeyBytes shown_key(ShownKey key) {
  ShownKeyBytes bytes;
  store_big_u64(raw(bytes.bytes.data()), static_cast<std::uint64_t>(key.time_ms) ^ kSignBit);
  store_big_u32(raw(bytes.bytes.data() + 8), key.number);
  return bytes;
}

std::optional<ShownKey> shown_key_of(std::string_view key) {
  if (key.size() != sizeof(ShownKeyBytes)) return std::nullopt;
  return ShownKey{.time_ms = static_cast<std::int64_t>(load_big_u64(raw(key)) ^ kSignBit),
                  .number = load_big_u32(raw(key.substr(8)))};
}

OneByte erasure_value(Erasure erasure) { return {{std::to_underlying(erasure)}}; }

std::optional<EventKey> event_key_of(std::string_view value) {
  if (value.size() != sizeof(EventKeyBytes)) return std::nullopt;
  return EventKey{.position = load_little_u64(raw(value)),
                  .user = UserIndex{load_little_u32(raw(value.substr(8)))}};
}

}  // namespace coseno
