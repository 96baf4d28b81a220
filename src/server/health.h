// Whether the server is there, and whether it answers.
#pragma once

#include "coseno/engine.h"
#include "server/call.h"

namespace coseno::server {

// GET /v1/health/live and /v1/health/ready. An engine that is open answers; the second also tells
// its position.
Answer<Reply> live(const Call& call);
Answer<Reply> ready(const Engine& engine, const Call& call);

}  // namespace coseno::server
