// Events in, and back.
#pragma once

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"

namespace coseno::server {

// POST /v1/events: one event or a list of them, taken whole or not at all.
Answer<Reply> observe(Engine& engine, const ApiOptions& options, const Call& call);

// DELETE /v1/events/{id}
Answer<Reply> retract(Engine& engine, const Call& call);

// {"position": 12, "new": 1, "repeated": 0}
Reply acknowledgement(const Acknowledged& acknowledged);

}  // namespace coseno::server
