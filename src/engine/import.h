// Files of events, items and users into an engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/progress.h"
#include "coseno/engine.h"
#include "data/readers.h"

namespace coseno {

struct ImportEventsOptions {
  std::optional<InteractionFormat> format = {};  // absent: found by looking
  std::string type = {};    // of the events; empty: rating where the file has values, else view
  std::int64_t now_ms = 0;  // of rows without a time
};

struct ImportedEvents {
  std::size_t n_rows = 0;
  std::size_t n_new = 0;
  std::size_t n_repeated = 0;  // rows that there were before
};

// Each row of the file ("-" is standard input, as for all here) is an event, with an id made of
// what it says (docs/formats.md): a file that is imported twice adds nothing, and an import that
// was ended goes on when it is run again. In batches of 1,000, of which each is taken whole.
// `counts` is added to, also where an error ends it. Errors: those of read_interactions() and
// Engine::observe(), with the file and the rows; cancelled.
Result<void> import_events(Engine& engine, const std::string& path,
                           const ImportEventsOptions& options, Progress& progress,
                           ImportedEvents& counts);

// Properties of items, or users, from a file that read_catalog() takes. How many were put: those
// that are there with the same properties are not. Errors: those of read_catalog() and
// Engine::put_item(), with the file and the id; cancelled.
Result<std::size_t> import_items(Engine& engine, const std::string& path, Progress& progress);
Result<std::size_t> import_users(Engine& engine, const std::string& path, Progress& progress);

}  // namespace coseno
