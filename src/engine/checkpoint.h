// Derived state on disk, so that opening need not read the whole log.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "coseno/engine.h"
#include "engine/live_state.h"

namespace coseno {

// What follows from the log up to a position, beside LiveState.
struct LogTotals {
  std::string store_id;  // of the store with the log
  std::uint64_t position = 0;
  std::uint64_t n_events = 0;
  std::vector<std::uint64_t> retracted;  // positions, rising
  std::string event_types;               // JSON of those that events may have
  std::vector<EventType> meanings;       // by TypeIndex
};

// Bytes, little-endian, as they lie in memory of the machines that we know:
//
//   8 "COSENOST"   4 version   4 CRC-32 of all that follows
//   options        8 history_length, 8 covisitation_width, 8 trending_half_life_days
//   totals         the store's id; 8 each, and lists with their length
//   items          8 n; n_acts 4 each; what is trending: has a landmark, it, and 8 each; rows of
//                  co-visitation and of sessions
//   users          8 n; 4 length of each; 16 an event
//
// It is there whole or not at all. Derived: where it is damaged, of another version or of other
// options, it is no error, and the log is read instead.
Result<void> save_checkpoint(const std::string& path, const EngineOptions& options,
                             const LogTotals& totals, const LiveState& state, std::size_t n_users);

// Fills an empty state. Nothing where there is none to be had.
std::optional<LogTotals> load_checkpoint(const std::string& path, const EngineOptions& options,
                                         LiveState& state);

}  // namespace coseno
