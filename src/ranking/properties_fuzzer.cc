// Bytes as an item's properties: put in a table, given back, taken away.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ranking/item_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto properties = coseno::Properties::parse(text);
  if (!properties) {
    COSENO_CHECK(properties.error().code == coseno::ErrorCode::invalid_argument);
    COSENO_CHECK(!properties.error().message.empty());
    return 0;
  }
  const std::string json = properties->json();
  const auto again = coseno::Properties::parse(json);
  COSENO_CHECK(again.has_value() && *again == *properties && again->json() == json);

  constexpr coseno::ItemIndex kItem{3};
  coseno::ItemProperties table;
  table.put(kItem, *properties);
  COSENO_CHECK(table.get(kItem) == *properties);
  table.remove(kItem);
  COSENO_CHECK(table.n_items() == 0 && table.names().empty());
  return 0;
}
