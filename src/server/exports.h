// All that there is, as JSON Lines.
#pragma once

#include "coseno/engine.h"
#include "server/call.h"

namespace coseno::server {

// GET /v1/exports/{events,items,users}: a line a record, as POST /v1/events, /v1/items and
// /v1/users take it. Events are those up to the position that the header Coseno-Position tells,
// less those that were taken back or erased before they were read. Items and users are as they are
// when they are read, each once.
Answer<Reply> export_all(const Engine& engine, const Call& call);

}  // namespace coseno::server
