// Bytes as a file of interactions. The first byte chooses the format, or that it be found.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "data/interaction_readers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr int kFormats = 6;
  const int choice = data[0] % (kFormats + 1);
  coseno::ReadOptions options;
  if (choice < kFormats) options.format = static_cast<coseno::InteractionFormat>(choice);

  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  coseno::Progress silent;
  const auto result =
      coseno::read_interactions(coseno::TextSource::from_memory("in", text), options, silent);
  if (!result) {
    COSENO_CHECK(!result.error().message.empty());
    return 0;
  }
  COSENO_CHECK(result->users.size() > 0);
  for (std::size_t i = 0; i < result->size(); ++i) {
    const auto [user, interaction] = result->row(i);
    COSENO_CHECK(coseno::offset(user) < result->users.size());
    COSENO_CHECK(coseno::offset(interaction.item) < result->items.size());
    COSENO_CHECK(interaction.value - interaction.value == 0);  // finite
  }
  return 0;
}
