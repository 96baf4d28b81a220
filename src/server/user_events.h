// What a user has done.
#pragma once

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"

namespace coseno::server {

// GET /v1/users/{user}/events: newest first, in pages; what comes between two pages is in none of
// the later ones, and moves nothing.
Answer<Reply> list_user_events(const Engine& engine, const ApiOptions& options, const Call& call);

// `"item": "tea", "type": "view", "value": 1, "time": "2026-02-28T23:59:59.250Z"`
void append_event(std::string_view item, std::string_view type, float value, std::int64_t time_ms,
                  std::string& out);

}  // namespace coseno::server
