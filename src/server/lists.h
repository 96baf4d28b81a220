// Lists: for a user, for a session, like an item, of the moment.
#pragma once

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"
#include "server/list_request.h"

namespace coseno::server {

// What all of them need.
struct ListContext {
  Engine& engine;
  const ApiOptions& options;
  ListDefaults defaults;  // of the moment
};

// GET and POST /v1/users/{user}/recommendations. "next" is the cursor of the next page; absent
// where there is none. However much happens meanwhile, no page repeats what one before it had: the
// cursor carries a hash of 48 bits of each item that was shown. All pages of a list have max_k
// items at most.
Answer<Reply> recommend(const ListContext& context, const Call& call);
// POST /v1/sessions/recommendations
Answer<Reply> recommend_session(const ListContext& context, const Call& call);
// GET /v1/items/{item}/similar
Answer<Reply> similar_items(const ListContext& context, const Call& call);
// GET /v1/trending
Answer<Reply> trending(const ListContext& context, const Call& call);

// What the engine refused of a list, with the field that it speaks of: `prefix` is "/" where fields
// stand in a body, "" where they stand in a query.
Problem list_problem(Error error, std::string_view prefix);

}  // namespace coseno::server
