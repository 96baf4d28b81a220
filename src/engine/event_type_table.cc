#include "engine/event_type_table.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "data/utf8.h"

namespace coseno {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr double kMaxWeight = 1000;
constexpr double kMaxDays = 36500;

Result<void> check_between(std::string_view type, std::string_view field, double value,
                           double most) {
  if (value >= 0 && value <= most) return {};
  return invalid_argument("event type '{}': {} must be in [0, {}], not {}", type, field, most,
                          value);
}

Result<double> number_of(std::string_view type, const boost::json::object::value_type& member) {
  if (member.value().is_number()) return member.value().to_number<double>();
  return invalid_argument("event type '{}': {} must be a number", type,
                          std::string_view(member.key()));
}

Result<bool> bool_of(std::string_view type, const boost::json::object::value_type& member) {
  if (member.value().is_bool()) return member.value().get_bool();
  return invalid_argument("event type '{}': {} must be true or false", type,
                          std::string_view(member.key()));
}

Result<EventType> parse_event_type(std::string_view name, const boost::json::value& json) {
  if (!json.is_object()) return invalid_argument("event type '{}' must be an object", name);
  EventType type;
  for (const auto& member : json.get_object()) {
    const std::string_view field = member.key();
    if (field == "weight") {
      COSENO_ASSIGN(value, number_of(name, member));
      type.weight = value;
    } else if (field == "half_life_days") {
      COSENO_ASSIGN(value, number_of(name, member));
      type.half_life_days = value;
    } else if (field == "hides_days") {
      COSENO_ASSIGN(value, number_of(name, member));
      type.hides_days = value;
    } else if (field == "is_rating") {
      COSENO_ASSIGN(value, bool_of(name, member));
      type.is_rating = value;
    } else if (field == "hides") {
      COSENO_ASSIGN(value, bool_of(name, member));
      type.hides = value;
    } else {
      return invalid_argument(
          "event type '{}': there is no field '{}'; there are weight, half_life_days, is_rating, "
          "hides, hides_days",
          name, field);
    }
  }
  return type;
}

}  // namespace

EventTypes default_event_types() {
  return {{"view", {}},
          {"click", {}},
          {"play", {}},
          {"save", {.weight = 2}},
          {"cart", {.weight = 2}},
          {"like", {.weight = 2}},
          {"purchase", {.weight = 3}},
          {"rating", {.is_rating = true}},
          {"dislike", {.weight = 0}}};
}

Result<void> check_event_types(const EventTypes& types) {
  if (types.empty() || types.size() > kMaxTypes) {
    return invalid_argument("there must be 1 to {} event types, not {}", kMaxTypes, types.size());
  }
  for (const auto& [name, type] : types) {
    if (name.empty() || name.size() > kMaxNameBytes) {
      return invalid_argument("event type '{}': a name has 1 to {} bytes", name, kMaxNameBytes);
    }
    if (const auto at = find_invalid_utf8(name)) {
      return invalid_argument("an event type's name: byte {} is not UTF-8", *at + 1);
    }
    COSENO_TRY(check_between(name, "weight", type.weight, kMaxWeight));
    COSENO_TRY(check_between(name, "half_life_days", type.half_life_days, kMaxDays));
    COSENO_TRY(check_between(name, "hides_days", type.hides_days, kMaxDays));
  }
  return {};
}

std::string event_types_json(const EventTypes& types) {
  boost::json::object json;
  for (const auto& [name, type] : types) {
    json[name] = {{"weight", type.weight},
                  {"half_life_days", type.half_life_days},
                  {"is_rating", type.is_rating},
                  {"hides", type.hides},
                  {"hides_days", type.hides_days}};
  }
  return boost::json::serialize(json);
}

Result<EventTypes> parse_event_types(std::string_view json) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  if (error) return invalid_argument("event types: not JSON: {}", error.message());
  if (!value.is_object()) return invalid_argument("event types: must be a JSON object");
  EventTypes types;
  for (const auto& member : value.get_object()) {
    COSENO_ASSIGN(type, parse_event_type(member.key(), member.value()));
    types.emplace(std::string_view(member.key()), type);
  }
  COSENO_TRY(check_event_types(types));
  return types;
}

float weight_now(const EventType& type, std::int64_t age_ms) {
  if (type.half_life_days == 0 || age_ms <= 0) return static_cast<float>(type.weight);
  const double half_lives = static_cast<double>(age_ms) / (type.half_life_days * kDayMs);
  return static_cast<float>(type.weight * std::exp2(-half_lives));
}

}  // namespace coseno
