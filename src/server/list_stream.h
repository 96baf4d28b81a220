// A list that is told whenever it changes.
#pragma once

#include "server/call.h"
#include "server/lists.h"

namespace coseno::server {

// GET /v1/users/{user}/recommendations/stream: server-sent events, each a whole list:
//
//   id: 12
//   event: list
//   data: {"items": [...], "position": 12, "snapshot": 1}
//
// The first at once, then one whenever other items, or the same in another order, are in it. Where
// nothing happens a comment each 15 s shows that the connection is alive. The list is made anew
// where the log has grown, and at least each 5 s, since trainings and time change it too.
Answer<Reply> recommend_stream(const ListContext& context, const Call& call);

}  // namespace coseno::server
