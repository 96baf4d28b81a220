// Bytes as a record of the log: refused as corrupt, or a record that has these bytes and no others.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/log_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  coseno::LogRecord record;
  const auto decoded = coseno::decode_log_record(1, bytes, record);
  if (!decoded) {
    COSENO_CHECK(decoded.error().code == coseno::ErrorCode::corrupt);
    return 0;
  }
  std::string again;
  coseno::encode_log_record(record, record.has_event_id, again);
  COSENO_CHECK(again == bytes);
  return 0;
}
