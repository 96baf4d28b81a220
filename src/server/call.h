// A request on its way to the one who answers it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/message.h"
#include "server/problem.h"
#include "server/query.h"
#include "server/routes.h"

namespace coseno::server {

struct Call {
  const Request& request;
  const Matched& matched;

  // What stands for {} in the path.
  Answer<std::string> id(std::string_view field) const { return decoded_id(matched.id, field); }
  Answer<Query> query() const { return Query::parse(matched.query); }
  // Refuses any parameter of the query.
  Answer<void> no_query() const {
    COSENO_ASSIGN(query, this->query());
    return query.end();
  }
};

// 200 with a body of JSON.
inline Reply json_reply(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  reply.body += '\n';
  return reply;
}

}  // namespace coseno::server
