// Bytes as a journal of RocksDB, and as the records of one that is then damaged: what is not
// damaged passes, what is cut passes as torn, and no flipped bit passes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "storage/log_format.h"
#include "storage/log_format_testing.h"

namespace coseno {
namespace {

bool passes(std::string_view journal) {
  LogFormatChecker checker("journal");
  for (std::size_t at = 0; at < journal.size(); at += LogFormatChecker::kBlockBytes) {
    if (!checker.add_block(journal.substr(at, LogFormatChecker::kBlockBytes))) return false;
  }
  return true;
}

// Each byte of the input is the length of a record, or of a very long one.
std::vector<std::string> records_of(std::string_view input) {
  std::vector<std::string> records;
  for (const char byte : input.substr(0, 20)) {
    const auto size = static_cast<unsigned char>(byte);
    records.emplace_back(size < 250 ? size : std::size_t{size} * 200, byte);
  }
  return records;
}

}  // namespace
}  // namespace coseno

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static_cast<void>(coseno::passes(input));
  if (size < 3) return 0;
  const std::size_t place = (std::size_t{data[0]} << 8) | data[1];
  coseno::Journal journal = coseno::make_journal(coseno::records_of(input.substr(2)));
  std::string& bytes = journal.bytes;
  COSENO_CHECK(coseno::passes(bytes));
  COSENO_CHECK(coseno::passes(std::string_view(bytes).substr(0, place)));
  // The first header is no padding.
  const std::size_t bit = place % (7 * 8);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  COSENO_CHECK(!coseno::passes(bytes));
  return 0;
}
