// Pages of records: how many, and from where on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/api.h"
#include "server/cursor.h"
#include "server/problem.h"
#include "server/query.h"

namespace coseno::server {

struct PageRequest {
  std::size_t limit = 100;
  std::string cursor = {};

  // `limit` and `cursor` of a query.
  static Answer<PageRequest> of(Query& query, const ApiOptions& options);
};

// A cursor that is a number, for the pages of one list only: `list` says which.
std::string number_cursor(CursorKind kind, std::string_view list, std::uint64_t number);
// 0 where `cursor` is empty.
Answer<std::uint64_t> cursor_number(CursorKind kind, std::string_view list,
                                    std::string_view cursor);

// `, "next": "..."`, of a page that is not the last.
void append_next(std::string_view cursor, std::string& out);

}  // namespace coseno::server
