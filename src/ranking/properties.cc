#include "ranking/properties.h"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/text_reader.h"
#include "data/text_values.h"
#include "ranking/json_document.h"

namespace coseno {
namespace {

namespace json = boost::json;

using Value = decltype(NamedValue::value);

// An object, a list or a point in it, and one level more, so that what is nested is refused by
// its name.
constexpr std::size_t kMaxPropertyDepth = 3;

constexpr std::string_view kKinds =
    "a string, a number, true, false, a list of those, or a point {\"lat\": ..., \"lon\": ...}";

// Nothing where `value` is no scalar.
std::optional<Scalar> scalar_of(const json::value& value) {
  if (const bool* const boolean = value.if_bool()) return Scalar(*boolean);
  if (const double* const number = value.if_double()) return Scalar(*number);
  if (const json::string* const text = value.if_string()) {
    return Scalar(std::string(text->data(), text->size()));
  }
  return std::nullopt;
}

Result<double> degrees_of(const json::object& point, std::string_view name, double most,
                          std::string_view place) {
  const json::value* const value = point.if_contains(name);
  const double* const number = value == nullptr ? nullptr : value->if_double();
  if (number == nullptr || std::abs(*number) > most) {
    return invalid_argument("{} must be a number from -{} to {}", json_pointer(place, name), most,
                            most);
  }
  return *number;
}

Result<Value> point_of(const json::object& object, std::string_view place) {
  for (const auto& [name, value] : object) {
    if (name != "lat" && name != "lon") {
      return invalid_argument("{}: an object must be a point, {{\"lat\": ..., \"lon\": ...}}",
                              json_pointer(place, name));
    }
  }
  COSENO_ASSIGN(latitude, degrees_of(object, "lat", 90, place));
  COSENO_ASSIGN(longitude, degrees_of(object, "lon", 180, place));
  return GeoPoint{latitude, longitude};
}

Result<Value> list_of(const json::array& array, std::string_view place) {
  std::vector<Scalar> list;
  list.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    auto element = scalar_of(array[i]);
    if (!element) {
      return invalid_argument("{} must be a string, a number, true or false, not {}",
                              json_pointer(place, i), json_kind(array[i]));
    }
    list.push_back(*std::move(element));
  }
  return list;
}

Result<Value> value_of(const json::value& value, std::string_view place) {
  if (auto scalar = scalar_of(value)) return *std::move(scalar);
  if (const json::array* const array = value.if_array()) return list_of(*array, place);
  if (const json::object* const object = value.if_object()) return point_of(*object, place);
  return invalid_argument("{} must be {}, not {}", place, kKinds, json_kind(value));
}

// A change to properties: no value where the property goes.
struct Change {
  std::string name;
  std::optional<Value> value;
};

// The members of a JSON object, by name.
Result<std::vector<Change>> parse_changes(std::string_view text) {
  COSENO_ASSIGN(document, parse_json_document(text, Properties::kMaxJsonBytes, kMaxPropertyDepth));
  const json::object* const object = document.if_object();
  if (object == nullptr) {
    return invalid_argument("properties must be a JSON object, not {}", json_kind(document));
  }
  std::vector<Change> changes;
  changes.reserve(object->size());
  for (const auto& [key, value] : *object) {
    const std::string_view name = key;
    const std::string place = json_pointer("", name);
    if (name.empty() || name.size() > Properties::kMaxNameBytes) {
      return invalid_argument("{}: a property's name is 1 to {} bytes long, not {}", place,
                              Properties::kMaxNameBytes, name.size());
    }
    Change& change = changes.emplace_back();
    change.name = name;
    if (value.is_null()) continue;
    COSENO_ASSIGN(checked, value_of(value, place));
    change.value = std::move(checked);
  }
  std::ranges::sort(changes, {}, &Change::name);
  return changes;
}

void append(const Scalar& scalar, std::string& text) {
  if (const bool* const boolean = std::get_if<bool>(&scalar)) {
    text += *boolean ? "true" : "false";
  } else if (const double* const number = std::get_if<double>(&scalar)) {
    text += fmt::format("{}", *number);
  } else {
    text += json::serialize(json::string_view(std::get<std::string>(scalar)));
  }
}

void append(const Value& value, std::string& text) {
  if (const auto* const scalar = std::get_if<Scalar>(&value)) return append(*scalar, text);
  if (const auto* const point = std::get_if<GeoPoint>(&value)) {
    text += fmt::format("{{\"lat\":{},\"lon\":{}}}", point->latitude, point->longitude);
    return;
  }
  text += '[';
  for (std::string_view comma; const Scalar& element : std::get<std::vector<Scalar>>(value)) {
    text += std::exchange(comma, ",");
    append(element, text);
  }
  text += ']';
}

}  // namespace

std::optional<std::int64_t> property_time(std::string_view text) {
  // parse_time knows Unix seconds as well, but a property that is "2001" is no time.
  const auto is_digit = [](char c) { return '0' <= c && c <= '9'; };
  if (text.size() < 10 || !std::ranges::all_of(text.substr(0, 4), is_digit) || text[4] != '-') {
    return std::nullopt;
  }
  return parse_time(text);
}

Result<Properties> Properties::parse(std::string_view json) { return Properties().patched(json); }

Result<Properties> Properties::patched(std::string_view json) const {
  COSENO_ASSIGN(changes, parse_changes(json));
  Properties result;
  result.values_.reserve(values_.size() + changes.size());
  auto old = values_.begin();
  for (Change& change : changes) {
    for (; old != values_.end() && old->name < change.name; ++old) result.values_.push_back(*old);
    if (old != values_.end() && old->name == change.name) ++old;
    if (change.value) result.values_.push_back({std::move(change.name), *std::move(change.value)});
  }
  result.values_.insert(result.values_.end(), old, values_.end());
  if (result.values_.size() > kMaxProperties) {
    return invalid_argument("{} properties: at most {}", result.values_.size(), kMaxProperties);
  }
  if (const std::size_t size = result.json().size(); size > kMaxJsonBytes) {
    return invalid_argument("the properties are {} bytes long as JSON: at most {}", size,
                            kMaxJsonBytes);
  }
  return result;
}

std::string Properties::json() const {
  std::string text = "{";
  for (std::string_view comma; const NamedValue& named : values_) {
    text += std::exchange(comma, ",");
    text += json::serialize(json::string_view(named.name));
    text += ':';
    append(named.value, text);
  }
  return text + '}';
}

const NamedValue* Properties::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(values_, name, {}, &NamedValue::name);
  return found != values_.end() && found->name == name ? &*found : nullptr;
}

}  // namespace coseno
