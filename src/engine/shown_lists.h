// Lists that were shown, between the engine's names and the store's numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"
#include "coseno/engine.h"
#include "engine/engine_state.h"
#include "storage/event_store.h"
#include "storage/shown_record.h"

namespace coseno {

// Errors: invalid_argument, where a list is to be kept and nobody can be named that it is for.
Result<void> check_log_shown(const RecommendRequest& request);

// What is kept of an answer to `request`; key and user are the caller's to add. All items of `list`
// are known.
ShownRecord shown_record(const RecommendRequest& request, const Recommendations& list,
                         const EngineState& state);

// Engine::scan_shown().
Result<void> scan_shown_lists(const EventStore& store, const EngineState& state,
                              std::optional<std::int64_t> from_ms,
                              const std::function<bool(const ShownList& list)>& visit);

}  // namespace coseno
