// The interface: what every path of the server means, in terms of the engine. It parses, calls and
// prints; docs/server.md describes it, openapi.json is its exact description.
#pragma once

#include <cstddef>
#include <memory>

#include "coseno/engine.h"
#include "server/message.h"

namespace coseno::server {

// Limits, each with the answer that a client gets who goes beyond it.
struct ApiOptions {
  std::size_t max_k = 1000;         // in [1, 1000]; 400, invalid_argument
  std::size_t max_batch = 10000;    // events, items or users of one request; 413, batch_too_long
  std::size_t max_json_depth = 32;  // lists and objects in one another; 400, invalid_json
  std::size_t max_page = 1000;      // `limit` of a page; 400, invalid_argument
  // Events are written off the threads that serve connections: for an engine that waits for the
  // disk at each.
  bool are_writes_slow = false;
};

// `engine` is one that writes, and outlives the handler. Destroying it stops trainings and imports
// that run, and waits for them.
std::unique_ptr<Handler> make_api(Engine& engine, const ApiOptions& options);

}  // namespace coseno::server
