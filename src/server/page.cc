#include "server/page.h"

#include <algorithm>

#include "engine/answer_json.h"

namespace coseno::server {
namespace {

constexpr std::size_t kNumberBytes = 8;

}  // namespace

Answer<PageRequest> PageRequest::of(Query& query, const ApiOptions& options) {
  PageRequest page;
  page.limit = std::min(page.limit, options.max_page);
  COSENO_ASSIGN(limit, query.whole_number("limit"));
  if (limit) {
    if (*limit < 1 || *limit > options.max_page) {
      return bad_request("limit", "limit must be in [1, {}], not {}", options.max_page, *limit);
    }
    page.limit = *limit;
  }
  COSENO_ASSIGN(cursor, query.text("cursor"));
  if (cursor) page.cursor = std::move(*cursor);
  return page;
}

std::string number_cursor(CursorKind kind, std::string_view list, std::uint64_t number) {
  std::string bytes;
  append_number(hash_of(list), kNumberBytes, bytes);
  append_number(number, kNumberBytes, bytes);
  return make_cursor(kind, bytes);
}

Answer<std::uint64_t> cursor_number(CursorKind kind, std::string_view list,
                                    std::string_view cursor) {
  if (cursor.empty()) return 0;
  COSENO_ASSIGN(bytes, read_cursor(kind, cursor));
  if (bytes.size() != 2 * kNumberBytes) return invalid_cursor("is none of this server's");
  const std::string_view view = bytes;
  if (number_of(view.substr(0, kNumberBytes)) != hash_of(list)) {
    return invalid_cursor("is of a request for another list");
  }
  return number_of(view.substr(kNumberBytes));
}

void append_next(std::string_view cursor, std::string& out) {
  out += ", \"next\": ";
  append_json(cursor, out);
}

}  // namespace coseno::server
