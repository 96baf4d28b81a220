#include "storage/shown_record.h"

#include <bit>
#include <boost/endian/conversion.hpp>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/check.h"

namespace coseno {
namespace {

constexpr std::uint32_t kNobody = 0xFFFFFFFF;
constexpr std::size_t kHeadBytes = 4 + 8 + 8 + 8 + 8;
constexpr std::size_t kPlaceBytes = 4 + 4 + 8;

template <class Number>
void append(std::string& out, Number number) {
  unsigned char bytes[sizeof(Number)];
  boost::endian::endian_store<Number, sizeof(Number), boost::endian::order::little>(bytes, number);
  out.append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
}

template <class Number>
Number take(std::string_view& bytes) {
  const auto* const at = reinterpret_cast<const unsigned char*>(bytes.data());
  bytes.remove_prefix(sizeof(Number));
  return boost::endian::endian_load<Number, sizeof(Number), boost::endian::order::little>(at);
}

bool is_share(double value) { return value >= 0 && value <= 1; }

bool is_good(const ShownPlace& place) {
  return std::isfinite(place.score) && is_share(place.propensity);
}

std::unexpected<Error> corrupt(ShownKey key, std::string_view trouble) {
  return make_error(ErrorCode::corrupt, "the list shown at {} ms: {}", key.time_ms, trouble);
}

}  // namespace

void encode_shown_record(const ShownRecord& record, std::string& out) {
  COSENO_CHECK(is_share(record.exploration));
  append(out, record.user ? std::to_underlying(*record.user) : kNobody);
  append(out, record.position);
  append(out, record.snapshot);
  append(out, record.seed);
  append(out, std::bit_cast<std::uint64_t>(record.exploration));
  for (const ShownPlace& place : record.places) {
    COSENO_CHECK(is_good(place));
    append(out, std::to_underlying(place.item));
    append(out, std::bit_cast<std::uint32_t>(place.score));
    append(out, std::bit_cast<std::uint64_t>(place.propensity));
  }
}

Result<void> decode_shown_record(ShownKey key, std::string_view bytes, ShownRecord& record) {
  if (bytes.size() < kHeadBytes || (bytes.size() - kHeadBytes) % kPlaceBytes != 0) {
    return corrupt(key, fmt::format("no list has {} bytes", bytes.size()));
  }
  record.key = key;
  const auto user = take<std::uint32_t>(bytes);
  record.user = user == kNobody ? std::nullopt : std::optional(UserIndex{user});
  record.position = take<std::uint64_t>(bytes);
  record.snapshot = take<std::uint64_t>(bytes);
  record.seed = take<std::uint64_t>(bytes);
  record.exploration = std::bit_cast<double>(take<std::uint64_t>(bytes));
  if (!is_share(record.exploration)) return corrupt(key, "an exploration that is not in [0, 1]");
  record.places.clear();
  while (!bytes.empty()) {
    ShownPlace place;
    place.item = ItemIndex{take<std::uint32_t>(bytes)};
    place.score = std::bit_cast<float>(take<std::uint32_t>(bytes));
    place.propensity = std::bit_cast<double>(take<std::uint64_t>(bytes));
    if (!is_good(place)) return corrupt(key, "a score that is not finite, or no propensity");
    record.places.push_back(place);
  }
  return {};
}

}  // namespace coseno
