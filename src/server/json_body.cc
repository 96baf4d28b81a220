#include "server/json_body.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "data/text_reader.h"
#include "data/text_values.h"
#include "ranking/json_document.h"

namespace coseno::server {
namespace {

namespace json = boost::json;

constexpr double kMostWhole = 0x1p53;
// 0001-01-01 and 10000-01-01: RFC 3339 can say no others.
constexpr double kFirstSecond = -62135596800;
constexpr double kEndSecond = 253402300800;
constexpr long long kEndMs = 253402300800000;
constexpr double kMsPerSecond = 1000;

// "application/json; charset=utf-8", "application/merge-patch+json"; or nothing said at all.
bool is_json_type(std::string_view content_type) {
  if (content_type.empty() || content_type == "application/json") return true;
  std::string type;
  for (const char letter : content_type.substr(0, content_type.find(';'))) {
    if (letter == ' ' || letter == '\t') continue;
    type += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  }
  return type == "application/json" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

}  // namespace

Answer<const json::value*> JsonBody::parse(const Request& request, std::size_t max_depth) {
  if (!is_json_type(request.content_type)) {
    return std::unexpected(Problem(
        415, "unsupported_media_type",
        fmt::format("the body must be application/json, not {}", quote(request.content_type))));
  }
  Result<json::value> parsed = parse_json_document(
      request.body, std::numeric_limits<std::size_t>::max(), max_depth, &memory_);
  if (!parsed) {
    return std::unexpected(json_problem(std::move(parsed.error().message), ""));
  }
  // Moved within one memory: nothing is copied.
  std::destroy_at(&value_);
  std::construct_at(&value_, std::move(*parsed));
  return &value_;
}

Answer<Fields> Fields::of(const json::value& value, std::string place) {
  if (const json::object* const object = value.if_object()) {
    return Fields(*object, std::move(place));
  }
  return bad_request(place, "{} must be an object, not {}",
                     place.empty() ? std::string_view("the body") : place, json_kind(value));
}

const json::value* Fields::any(std::string_view name) {
  const json::object::const_iterator member = object_->find(name);
  if (member == object_->end()) return nullptr;
  if (std::ranges::find(taken_, &*member) == taken_.end()) taken_.push_back(&*member);
  return &member->value();
}

Answer<std::optional<std::string_view>> Fields::text(std::string_view name) {
  const json::value* const value = any(name);
  if (value == nullptr) return std::nullopt;
  if (const json::string* const text = value->if_string()) return std::string_view(*text);
  return bad_request(place_of(name), "{} must be a string, not {}", name, json_kind(*value));
}

Answer<std::optional<double>> Fields::number(std::string_view name) {
  const json::value* const value = any(name);
  if (value == nullptr) return std::nullopt;
  if (const double* const number = value->if_double()) return *number;
  return bad_request(place_of(name), "{} must be a number, not {}", name, json_kind(*value));
}

Answer<std::optional<std::uint64_t>> Fields::whole_number(std::string_view name) {
  COSENO_ASSIGN(number, this->number(name));
  if (!number) return std::nullopt;
  if (!(*number >= 0 && *number <= kMostWhole && *number == std::floor(*number))) {
    return bad_request(place_of(name), "{} must be a whole number from 0 on, not {}", name,
                       *number);
  }
  return static_cast<std::uint64_t>(*number);
}

Answer<std::optional<bool>> Fields::truth(std::string_view name) {
  const json::value* const value = any(name);
  if (value == nullptr) return std::nullopt;
  if (const bool* const truth = value->if_bool()) return *truth;
  return bad_request(place_of(name), "{} must be true or false, not {}", name, json_kind(*value));
}

Answer<const json::array*> Fields::list(std::string_view name) {
  const json::value* const value = any(name);
  if (value == nullptr) return nullptr;
  if (const json::array* const list = value->if_array()) return list;
  return bad_request(place_of(name), "{} must be a list, not {}", name, json_kind(*value));
}

Answer<std::vector<std::string_view>> Fields::texts(std::string_view name) {
  std::vector<std::string_view> texts;
  COSENO_ASSIGN(list, this->list(name));
  if (list == nullptr) return texts;
  for (const json::value& value : *list) {
    const json::string* const text = value.if_string();
    if (text == nullptr) {
      return bad_request(json_pointer(place_of(name), texts.size()),
                         "{} must be a list of strings, and has {}", name, json_kind(value));
    }
    texts.emplace_back(*text);
  }
  return texts;
}

Answer<std::optional<std::int64_t>> Fields::time_ms(std::string_view name) {
  const json::value* const value = any(name);
  if (value == nullptr) return std::nullopt;
  if (const double* const seconds = value->if_double()) {
    if (*seconds >= kFirstSecond && *seconds < kEndSecond) {
      return std::min(std::llround(*seconds * kMsPerSecond), kEndMs - 1);
    }
    return bad_request(place_of(name), "{} must be Unix seconds within the years 1 to 9999, not {}",
                       name, *seconds);
  }
  if (const json::string* const text = value->if_string()) {
    if (const auto time_ms = parse_calendar_time_ms(*text)) return time_ms;
    return bad_request(place_of(name), "{}", time_trouble(*text));
  }
  return bad_request(place_of(name), "{} must be Unix seconds or a time as RFC 3339 has it, not {}",
                     name, json_kind(*value));
}

std::string Fields::place_of(std::string_view name) const { return json_pointer(place_, name); }

Answer<void> Fields::end() const {
  if (taken_.size() == object_->size()) return {};
  for (const json::key_value_pair& member : *object_) {
    if (std::ranges::find(taken_, &member) != taken_.end()) continue;
    return std::unexpected(Problem(400, "unknown_field",
                                   fmt::format("there is no field {} here", quote(member.key())),
                                   place_of(member.key())));
  }
  return {};
}

Problem json_problem(std::string message, std::string field) {
  const bool is_number =
      message.contains("more digits than a double") || message.contains("out of a double's range");
  return {is_number ? 422U : 400U, "invalid_json", std::move(message), std::move(field)};
}

std::string text_of(const json::value& value) { return json::serialize(value); }

}  // namespace coseno::server
