// The head of a reply as it stands on the wire.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/message.h"

namespace coseno::server {

struct ReplyHead {
  std::string_view request_id;
  std::string_view date;                 // as RFC 9110 has it
  std::string_view allowed_origin = {};  // CORS; empty: none
  bool varies_by_origin = false;         // what is allowed depends on who asks
  bool keeps_alive = true;
  bool is_http_10 = false;
  std::optional<std::uint64_t> n_bytes = {};  // of the body; absent: chunked, or up to the end
};

// Appends status line and fields of `reply`, with the empty line. What a header's value may not
// hold becomes a space.
void append_head(std::string& out, const Reply& reply, const ReplyHead& head);

// A status that never has a body.
constexpr bool is_bodiless(unsigned status) {
  return status < 200 || status == 204 || status == 304;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t unix_s);

}  // namespace coseno::server
