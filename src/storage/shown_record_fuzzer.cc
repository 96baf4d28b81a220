// Bytes as a list that was shown: refused as corrupt, or one that has these bytes and no others.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "storage/shown_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  coseno::ShownRecord record;
  const auto decoded = coseno::decode_shown_record({}, bytes, record);
  if (!decoded) {
    COSENO_CHECK(decoded.error().code == coseno::ErrorCode::corrupt);
    return 0;
  }
  std::string again;
  coseno::encode_shown_record(record, again);
  COSENO_CHECK(again == bytes);
  return 0;
}
