#include "server/events.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/answer_json.h"
#include "ranking/json_document.h"
#include "server/json_body.h"

namespace coseno::server {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxKeyBytes = 255;

// A member of the interface's event, and what the engine calls it in its errors.
struct EventField {
  std::string_view engine_word;
  std::string_view field;
};
constexpr std::array kEventFields = std::to_array<EventField>({
    {"the user", "user"},
    {"user", "user"},
    {"the item", "item"},
    {"item", "item"},
    {"the id", "id"},
    {"id", "id"},
    {"value", "value"},
    {"time_ms", "time"},
    {"there is no event type", "type"},
});

// Which event and which field of it the engine speaks of: "event 3 of 10: value is ...".
std::string field_of(std::string_view message, bool is_list) {
  std::string place;
  if (message.starts_with("event ")) {
    message.remove_prefix(std::string_view("event ").size());
    std::size_t n = 0;
    std::from_chars(message.data(), message.data() + message.size(), n);
    if (n > 0) place = json_pointer("", n - 1);
    const std::size_t colon = message.find(": ");
    if (colon != std::string_view::npos) message.remove_prefix(colon + 2);
  } else if (is_list) {
    place = "/0";
  }
  for (const EventField& known : kEventFields) {
    if (message.starts_with(known.engine_word)) return json_pointer(place, known.field);
  }
  return place;
}

Answer<float> value_of(Fields& fields) {
  COSENO_ASSIGN(number, fields.number("value"));
  if (!number) return 1.0F;
  if (std::abs(*number) <= std::numeric_limits<float>::max()) return static_cast<float>(*number);
  return bad_request(fields.place_of("value"), "value must be at most {} in size, not {}",
                     std::numeric_limits<float>::max(), *number);
}

Answer<std::string_view> id_of(Fields& fields, std::string_view name) {
  COSENO_ASSIGN(id, fields.required(name, fields.text(name)));
  COSENO_TRY(check_id(id, name, fields.place_of(name)));
  return id;
}

Answer<Event> event_of(const json::value& value, std::string place) {
  COSENO_ASSIGN(fields, Fields::of(value, std::move(place)));
  Event event;
  COSENO_ASSIGN(user, id_of(fields, "user"));
  event.user = user;
  COSENO_ASSIGN(item, id_of(fields, "item"));
  event.item = item;
  COSENO_ASSIGN(type, fields.text("type"));
  if (type) event.type = *type;
  COSENO_ASSIGN(number, value_of(fields));
  event.value = number;
  COSENO_ASSIGN(time_ms, fields.time_ms("time"));
  event.time_ms = time_ms;
  COSENO_ASSIGN(id, fields.text("id"));
  if (id) {
    COSENO_TRY(check_id(*id, "id", fields.place_of("id")));
    event.id = *id;
  }
  COSENO_TRY(fields.end());
  return event;
}

// Ids for events that have none: the same request has the same.
Answer<void> add_ids(std::string_view key, std::vector<Event>& events,
                     std::vector<std::string>& ids) {
  if (key.empty()) return {};
  if (key.size() > kMaxKeyBytes) {
    return bad_request("Idempotency-Key", "Idempotency-Key has {} bytes, more than {}", key.size(),
                       kMaxKeyBytes);
  }
  ids.reserve(events.size());
  for (std::size_t n = 0; n < events.size(); ++n) {
    if (!events[n].id.empty()) continue;
    events[n].id = ids.emplace_back(fmt::format("idempotency-key:{}:{}", key, n));
  }
  return {};
}

Answer<Reply> store(Engine& engine, const std::vector<Event>& events, bool is_list) {
  Result<Acknowledged> acknowledged = engine.observe(events);
  if (acknowledged) return acknowledgement(*acknowledged);
  Problem problem(std::move(acknowledged).error());
  if (problem.status == 422) problem.field = field_of(problem.detail, is_list);
  return std::unexpected(std::move(problem));
}

}  // namespace

Reply acknowledgement(const Acknowledged& acknowledged) {
  std::string body = "{\"position\": ";
  append_json(acknowledged.position, body);
  body += ", \"new\": ";
  append_json(std::uint64_t{acknowledged.n_new}, body);
  body += ", \"repeated\": ";
  append_json(std::uint64_t{acknowledged.n_repeated}, body);
  return json_reply(std::move(body) + "}");
}

Answer<Reply> observe(Engine& engine, const ApiOptions& options, const Call& call) {
  COSENO_TRY(call.no_query());
  JsonBody body;
  COSENO_ASSIGN(value, body.parse(call.request, options.max_json_depth));
  std::vector<Event> events;
  const json::array* const list = value->if_array();
  if (list == nullptr) {
    COSENO_ASSIGN(event, event_of(*value, ""));
    events.push_back(event);
  } else {
    if (list->size() > options.max_batch) {
      return std::unexpected(Problem(
          413, "batch_too_long",
          fmt::format("a batch has at most {} events, not {}", options.max_batch, list->size())));
    }
    events.reserve(list->size());
    for (const json::value& element : *list) {
      COSENO_ASSIGN(event, event_of(element, json_pointer("", events.size())));
      events.push_back(event);
    }
  }
  std::vector<std::string> ids;
  COSENO_TRY(add_ids(call.request.idempotency_key, events, ids));
  return store(engine, events, list != nullptr);
}

Answer<Reply> retract(Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, call.id("id"));
  COSENO_ASSIGN(acknowledged, engine.retract(id));
  return acknowledgement(acknowledged);
}

}  // namespace coseno::server
