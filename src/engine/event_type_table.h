// What events mean, by their type.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "coseno/engine.h"
#include "data/ids.h"

namespace coseno {

// Types by number, as a request or an event sees them: immutable.
struct TypeMeanings {
  std::vector<std::string> names;   // by TypeIndex
  std::vector<EventType> meanings;  // the same; of a type that was taken away, as it was last
  EventTypes by_name;               // those that events may have

  const EventType& of(TypeIndex type) const { return meanings[std::to_underlying(type)]; }
};

// Errors: invalid_argument, with the type and the field.
Result<void> check_event_types(const EventTypes& types);

// JSON both ways, as the store keeps it and the command line reads it.
std::string event_types_json(const EventTypes& types);
Result<EventTypes> parse_event_types(std::string_view json);

// How much an act of that type and age counts for what its user likes; >= 0.
float weight_now(const EventType& type, std::int64_t age_ms);

}  // namespace coseno
