// Bytes as a catalogue.

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "data/interaction_readers.h"
#include "data/text_values.h"
#include "data/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  coseno::Progress silent;
  const auto result = coseno::read_catalog(coseno::TextSource::from_memory("in", text), silent);
  if (!result) {
    COSENO_CHECK(!result.error().message.empty());
    return 0;
  }
  COSENO_CHECK(result->size() > 0);
  for (const coseno::Record& record : result->records()) {
    COSENO_CHECK(coseno::is_valid_id(record.id));
    COSENO_CHECK(!coseno::find_invalid_utf8(record.id));
    COSENO_CHECK(!coseno::find_invalid_utf8(record.title));
    for (const coseno::Property& property : record.properties) {
      const auto* const number = std::get_if<double>(&property.value);
      COSENO_CHECK(number == nullptr || std::isfinite(*number));
      const auto* const word = std::get_if<std::string>(&property.value);
      COSENO_CHECK(word == nullptr || !coseno::find_invalid_utf8(*word));
    }
  }
  return 0;
}
