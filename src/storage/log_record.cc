#include "storage/log_record.h"

#include <bit>
#include <boost/endian/conversion.hpp>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/check.h"

namespace coseno {
namespace {

using Kind = LogRecord::Kind;

constexpr std::uint8_t kHasEventId = 0x80;

constexpr std::size_t kKindBytes = 1;
constexpr std::size_t kEventBytes = 4 + 4 + 2 + 4 + 8;
constexpr std::size_t kRetractionBytes = 8;
constexpr std::size_t kErasureBytes = 4;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <class Number>
  void write(Number number) {
    unsigned char bytes[sizeof(Number)];
    boost::endian::endian_store<Number, sizeof(Number), boost::endian::order::little>(bytes,
                                                                                      number);
    out_.append(reinterpret_cast<const char*>(bytes), sizeof(bytes));
  }

 private:
  std::string& out_;
};

// Reads what check_size() has found to be there.
class Reader {
 public:
  explicit Reader(std::string_view bytes)
      : at_(reinterpret_cast<const unsigned char*>(bytes.data())) {}

  template <class Number>
  Number read() {
    const auto number =
        boost::endian::endian_load<Number, sizeof(Number), boost::endian::order::little>(at_);
    at_ += sizeof(Number);
    return number;
  }

 private:
  const unsigned char* at_;
};

// Bytes behind the kind; nothing where any number will do.
Result<std::optional<std::size_t>> size_of(Kind kind) {
  switch (kind) {
    case Kind::event:
      return kEventBytes;
    case Kind::retraction:
      return kRetractionBytes;
    case Kind::erasure:
      return kErasureBytes;
    case Kind::settings:
      return std::nullopt;
  }
  return make_error(ErrorCode::corrupt, "unknown kind {}", std::to_underlying(kind));
}

Result<void> decode(std::string_view bytes, LogRecord& record) {
  if (bytes.empty()) return make_error(ErrorCode::corrupt, "empty");
  const auto first = static_cast<std::uint8_t>(bytes.front());
  record.kind = static_cast<Kind>(first & ~kHasEventId);
  record.has_event_id = (first & kHasEventId) != 0;
  COSENO_ASSIGN(expected, size_of(record.kind));
  const std::string_view rest = bytes.substr(kKindBytes);
  if (expected && rest.size() != *expected) {
    return make_error(ErrorCode::corrupt, "{} bytes, where its kind has {}", bytes.size(),
                      kKindBytes + *expected);
  }
  if (record.has_event_id && record.kind != Kind::event) {
    return make_error(ErrorCode::corrupt, "an event id, but no event");
  }
  Reader reader(rest);
  switch (record.kind) {
    case Kind::event:
      record.user = UserIndex{reader.read<std::uint32_t>()};
      record.item = ItemIndex{reader.read<std::uint32_t>()};
      record.type = TypeIndex{reader.read<std::uint16_t>()};
      record.value = std::bit_cast<float>(reader.read<std::uint32_t>());
      record.time_ms = reader.read<std::int64_t>();
      if (!std::isfinite(record.value)) {
        return make_error(ErrorCode::corrupt, "a value that is not finite");
      }
      break;
    case Kind::retraction:
      record.target = reader.read<std::uint64_t>();
      break;
    case Kind::erasure:
      record.user = UserIndex{reader.read<std::uint32_t>()};
      break;
    case Kind::settings:
      record.text = rest;
      break;
  }
  return {};
}

// Defaults everywhere, but the memory of the text is kept.
void reset(LogRecord& record) {
  std::string text = std::move(record.text);
  text.clear();
  record = LogRecord();
  record.text = std::move(text);
}

}  // namespace

void encode_log_record(const LogRecord& record, bool has_event_id, std::string& out) {
  COSENO_CHECK(std::isfinite(record.value));
  COSENO_CHECK(!has_event_id || record.kind == Kind::event);
  Writer writer(out);
  const std::uint8_t flags = has_event_id ? kHasEventId : 0;
  writer.write(static_cast<std::uint8_t>(std::to_underlying(record.kind) | flags));
  switch (record.kind) {
    case Kind::event:
      writer.write(std::to_underlying(record.user));
      writer.write(std::to_underlying(record.item));
      writer.write(std::to_underlying(record.type));
      writer.write(std::bit_cast<std::uint32_t>(record.value));
      writer.write(record.time_ms);
      break;
    case Kind::retraction:
      writer.write(record.target);
      break;
    case Kind::erasure:
      writer.write(std::to_underlying(record.user));
      break;
    case Kind::settings:
      out += record.text;
      break;
  }
}

Result<void> decode_log_record(std::uint64_t position, std::string_view bytes, LogRecord& record) {
  reset(record);
  record.position = position;
  const Result<void> decoded = decode(bytes, record);
  if (decoded) return {};
  return make_error(ErrorCode::corrupt, "log record at position {}: {}", position,
                    decoded.error().message);
}

}  // namespace coseno
