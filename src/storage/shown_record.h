// One list that was shown to somebody, and its bytes.
//
// What is shown is no event: it has no position, and nothing is derived from it. It is kept so that
// what another order of things would have done can be estimated from what was chosen by chance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/ids.h"
#include "storage/store_keys.h"

namespace coseno {

// An item at its place.
struct ShownPlace {
  ItemIndex item{};
  float score = 0;        // finite
  double propensity = 1;  // in [0, 1]

  bool operator==(const ShownPlace&) const = default;
};

struct ShownRecord {
  ShownKey key;                         // not a part of its bytes
  std::optional<UserIndex> user = {};   // absent: it was made from a history, for nobody by name
  std::uint64_t position = 0;           // of the log, that the list reflects
  std::uint64_t snapshot = 0;           // 0: none
  std::uint64_t seed = 0;               // of the chance in it
  double exploration = 0;               // in [0, 1]
  std::vector<ShownPlace> places = {};  // first to last

  bool operator==(const ShownRecord&) const = default;
};

// Appends the bytes of `record`, little-endian, no padding:
//
//   4 user, 0xFFFFFFFF where there is none; 8 position, 8 snapshot, 8 seed, 8 exploration (double)
//   and for each place  4 item, 4 score, 8 propensity (double)
//
// 36 bytes and 16 a place: 196 for a list of ten.
void encode_shown_record(const ShownRecord& record, std::string& out);

// Fills `record`; used again and again, it does not allocate. Errors: corrupt, with the time.
Result<void> decode_shown_record(ShownKey key, std::string_view bytes, ShownRecord& record);

}  // namespace coseno
