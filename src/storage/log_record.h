// One record of the event log, and its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/ids.h"

namespace coseno {

// What the log holds is dense numbers only: the ids behind them stand beside the log, once each. So
// reading it needs no hashing, and without the id nothing in it tells who somebody was.
struct LogRecord {
  enum class Kind : std::uint8_t {
    event = 1,       // user, item, type, value, time_ms, has_event_id
    retraction = 2,  // target
    erasure = 3,     // user
    settings = 4,    // text
  };

  Kind kind = Kind::event;
  // From 1, rising, not necessarily by 1. It is the key of the record, not a part of its bytes.
  std::uint64_t position = 0;
  UserIndex user{};
  ItemIndex item{};
  TypeIndex type{};
  float value = 1;  // finite
  std::int64_t time_ms = 0;
  // Read from a store: the event came with an id of its own.
  bool has_event_id = false;
  // Position of the event that is taken back. compact() may have dropped that event.
  std::uint64_t target = 0;
  std::string text = {};  // JSON, to whoever wrote it

  bool operator==(const LogRecord&) const = default;
};

// Appends the bytes of `record`, little-endian, no padding:
//
//   all         1  kind, and 0x80 where the event has an id
//   event       4 user, 4 item, 2 type, 4 value, 8 time_ms
//   retraction  8 target
//   erasure     4 user
//   settings    the text to the end
//
// An event takes 23 bytes. A record has one form only, so equal bytes are equal records.
// Whether there is an id is said apart, because who makes an event brings the id itself.
void encode_log_record(const LogRecord& record, bool has_event_id, std::string& out);

// Fills `record`, its position too; fields of other kinds get their defaults. It may be used again
// and again, and then does not allocate. Errors: corrupt, with the position.
Result<void> decode_log_record(std::uint64_t position, std::string_view bytes, LogRecord& record);

}  // namespace coseno
