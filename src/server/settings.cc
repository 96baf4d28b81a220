#include "server/settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/answer_json.h"
#include "ranking/json_document.h"
#include "server/json_body.h"

namespace coseno::server {
namespace {

namespace json = boost::json;

constexpr std::string_view kDefaultsNote = "list_defaults";
constexpr std::size_t kMaxNoteBytes = 4096;
constexpr std::size_t kMaxNoteDepth = 4;

std::string defaults_json(const ListDefaults& defaults) {
  std::string out = "{\"k\": ";
  append_json(std::uint64_t{defaults.k}, out);
  out += ", \"diversity\": ";
  append_json(defaults.diversity, out);
  return out + "}";
}

// Changes `defaults` to what `value` says.
Answer<void> take_defaults(const json::value& value, const std::string& place, std::size_t max_k,
                           ListDefaults& defaults) {
  COSENO_ASSIGN(fields, Fields::of(value, place));
  COSENO_ASSIGN(k, fields.whole_number("k"));
  if (k) {
    if (*k < 1 || *k > max_k) {
      return bad_request(fields.place_of("k"), "k must be in [1, {}], not {}", max_k, *k);
    }
    defaults.k = *k;
  }
  COSENO_ASSIGN(diversity, fields.number("diversity"));
  if (diversity) {
    if (!(*diversity >= 0 && *diversity <= 1)) {
      return bad_request(fields.place_of("diversity"), "diversity must be in [0, 1], not {}",
                         *diversity);
    }
    defaults.diversity = *diversity;
  }
  return fields.end();
}

std::optional<ListDefaults> noted_defaults(const Engine& engine, std::size_t max_k) {
  const Result<std::optional<std::string>> text = engine.note(kDefaultsNote);
  if (!text || !*text) return std::nullopt;
  const Result<json::value> value = parse_json_document(**text, kMaxNoteBytes, kMaxNoteDepth);
  ListDefaults defaults;
  if (!value || !take_defaults(*value, "", max_k, defaults)) return std::nullopt;
  return defaults;
}

Answer<EventType> event_type(const json::value& value, std::string place, EventType type) {
  COSENO_ASSIGN(fields, Fields::of(value, std::move(place)));
  COSENO_ASSIGN(weight, fields.number("weight"));
  type.weight = weight.value_or(type.weight);
  COSENO_ASSIGN(half_life_days, fields.number("half_life_days"));
  type.half_life_days = half_life_days.value_or(type.half_life_days);
  COSENO_ASSIGN(is_rating, fields.truth("is_rating"));
  type.is_rating = is_rating.value_or(type.is_rating);
  COSENO_ASSIGN(hides, fields.truth("hides"));
  type.hides = hides.value_or(type.hides);
  COSENO_ASSIGN(hides_days, fields.number("hides_days"));
  type.hides_days = hides_days.value_or(type.hides_days);
  COSENO_TRY(fields.end());
  return type;
}

Answer<EventTypes> patched(EventTypes types, const json::value& value) {
  COSENO_TRY(Fields::of(value, "/event_types"));
  for (const json::key_value_pair& member : value.get_object()) {
    const std::string name(member.key());
    if (member.value().is_null()) {
      types.erase(name);
      continue;
    }
    const auto known = types.find(name);
    COSENO_ASSIGN(type, event_type(member.value(), json_pointer("/event_types", name),
                                   known != types.end() ? known->second : EventType{}));
    types.insert_or_assign(name, type);
  }
  return types;
}

// "event type 'view': weight must ..." speaks of /event_types/view/weight.
Problem types_problem(Error error) {
  Problem problem(std::move(error));
  if (problem.status != 422) return problem;
  problem.field = "/event_types";
  const std::string_view message = problem.detail;
  constexpr std::string_view kBegin = "event type '";
  const std::size_t end = message.find("': ");
  if (!message.starts_with(kBegin) || end == std::string_view::npos) return problem;
  const std::string_view name = message.substr(kBegin.size(), end - kBegin.size());
  const std::string_view word = message.substr(end + 3, message.find(' ', end + 3) - end - 3);
  constexpr std::array<std::string_view, 3> kFields = {"weight", "half_life_days", "hides_days"};
  problem.field = json_pointer("/event_types", name);
  if (std::ranges::find(kFields, word) != kFields.end()) {
    problem.field = json_pointer(problem.field, word);
  }
  return problem;
}

void append_event_type(const EventType& type, std::string& out) {
  out += "{\"weight\": ";
  append_json(type.weight, out);
  out += ", \"half_life_days\": ";
  append_json(type.half_life_days, out);
  out += type.is_rating ? ", \"is_rating\": true" : ", \"is_rating\": false";
  out += type.hides ? ", \"hides\": true" : ", \"hides\": false";
  out += ", \"hides_days\": ";
  append_json(type.hides_days, out);
  out += '}';
}

}  // namespace

ServerSettings::ServerSettings(Engine& engine, const ApiOptions& options)
    : engine_(engine), options_(options), k_(10), diversity_(0) {
  const ListDefaults defaults =
      noted_defaults(engine, options.max_k)
          .value_or(ListDefaults{.k = std::min<std::size_t>(10, options.max_k)});
  k_ = defaults.k;
  diversity_ = defaults.diversity;
}

Reply ServerSettings::reply() const {
  std::string body = "{\"event_types\": {";
  for (std::string_view comma; const auto& [name, type] : engine_.event_types()) {
    body += comma;
    append_json(name, body);
    body += ": ";
    append_event_type(type, body);
    comma = ", ";
  }
  body += "}, \"defaults\": " + defaults_json(defaults());
  return json_reply(std::move(body) + "}");
}

Answer<Reply> ServerSettings::get(const Call& call) const {
  COSENO_TRY(call.no_query());
  return reply();
}

Answer<Reply> ServerSettings::patch(const Call& call) {
  COSENO_TRY(call.no_query());
  JsonBody body;
  COSENO_ASSIGN(value, body.parse(call.request, options_.max_json_depth));
  COSENO_ASSIGN(fields, Fields::of(*value, ""));
  const std::lock_guard lock(mutex_);
  ListDefaults defaults = this->defaults();
  if (const json::value* const asked = fields.any("defaults")) {
    COSENO_TRY(take_defaults(*asked, "/defaults", options_.max_k, defaults));
  }
  std::optional<EventTypes> types;
  if (const json::value* const asked = fields.any("event_types")) {
    COSENO_ASSIGN(changed, patched(engine_.event_types(), *asked));
    types = std::move(changed);
  }
  COSENO_TRY(fields.end());
  if (types) {
    Result<void> set = engine_.set_event_types(*types);
    if (!set) return std::unexpected(types_problem(std::move(set).error()));
  }
  if (defaults.k != k_ || defaults.diversity != diversity_) {
    COSENO_TRY(engine_.set_note(kDefaultsNote, defaults_json(defaults)));
    k_ = defaults.k;
    diversity_ = defaults.diversity;
  }
  return reply();
}

}  // namespace coseno::server
