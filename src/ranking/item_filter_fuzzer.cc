// Bytes as a filter, and what it lets pass of a few items.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "ranking/item_filter.h"

namespace {

coseno::ItemProperties make_table() {
  coseno::ItemProperties table;
  std::uint32_t item = 0;
  for (const std::string_view json :
       {R"({"a": 1, "b": "x", "c": ["x", 2, true, "2026-02-28"]})",
        R"({"a": "2026-02-28T12:00:00Z", "b": true, "p": {"lat": 52.5, "lon": 13.4}})", "{}",
        R"({"a": [], "c": 2, "p": {"lat": -90, "lon": 180}})"}) {
    const auto properties = coseno::Properties::parse(json);
    COSENO_CHECK(properties.has_value());
    table.put(coseno::ItemIndex{item++}, *properties);
  }
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const coseno::ItemProperties table = make_table();
  static coseno::ItemFilter::Scratch scratch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto filter = coseno::ItemFilter::parse(text);
  if (!filter) {
    COSENO_CHECK(filter.error().code == coseno::ErrorCode::invalid_argument);
    COSENO_CHECK(!filter.error().message.empty());
    return 0;
  }
  static_cast<void>(filter->check(table));
  std::vector<std::uint64_t> passed;
  filter->evaluate(table, 5, 1'772'000'000'000, scratch, passed);
  COSENO_CHECK(passed.size() == 1 && passed[0] < 32);
  return 0;
}
