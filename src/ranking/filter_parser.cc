#include "ranking/filter_parser.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/nearest_word.h"
#include "data/text_reader.h"
#include "ranking/item_filter.h"
#include "ranking/json_document.h"

namespace coseno {
namespace {

namespace json = boost::json;
using Kind = FilterNode::Kind;

constexpr std::array<std::string_view, 8> kOperators = {"all", "any",   "not",    "equals",
                                                        "in",  "range", "exists", "near"};

// Half the way around the earth.
constexpr double kMaxRadiusKm = 20'016;

// Two levels of JSON for an operator in another, and what a condition has; some more, so that it is
// the operators that are counted.
constexpr std::size_t kMaxJsonDepth = 2 * ItemFilter::kMaxDepth + 8;

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }

// Nothing where `name` is near to none of `known`.
std::string suggestion(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view nearest = nearest_word(name, known);
  return nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest);
}

// Members other than `known` are refused.
Result<void> check_members(const json::object& object, std::span<const std::string_view> known,
                           std::string_view place) {
  for (const auto& [key, value] : object) {
    const std::string_view name = key;
    if (std::ranges::find(known, name) != known.end()) continue;
    return invalid_argument("{}: unknown member{}", json_pointer(place, name),
                            suggestion(name.substr(0, Properties::kMaxNameBytes), known));
  }
  return {};
}

Result<double> number_of(const json::object& object, std::string_view name, double least,
                         double most, std::string_view place) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return invalid_argument("{}: '{}' is missing", place, name);
  const double* const number = value->if_double();
  if (number == nullptr || !(least <= *number && *number <= most)) {
    return invalid_argument("{} must be a number from {} to {}", json_pointer(place, name), least,
                            most);
  }
  return *number;
}

// "now", "now-7d", "now+90m", in seconds after now; nothing where it is something else.
std::optional<double> parse_relative_time(std::string_view text) {
  if (!text.starts_with("now")) return std::nullopt;
  text.remove_prefix(3);
  if (text.empty()) return 0;
  const double sign = text.front() == '-' ? -1 : 1;
  if (text.front() != '-' && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  constexpr std::array<std::pair<char, double>, 5> kUnits = {
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}}};
  const auto unit =
      std::ranges::find(kUnits, text.empty() ? '\0' : text.back(), &std::pair<char, double>::first);
  if (unit == kUnits.end()) return std::nullopt;
  text.remove_suffix(1);
  std::uint32_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || stop != end) return std::nullopt;
  return sign * count * unit->second;
}

Result<FilterBound> time_bound(std::string_view text, std::string_view place) {
  if (const auto seconds = parse_relative_time(text)) {
    return FilterBound{.value = *seconds, .is_relative = true};
  }
  if (const auto seconds = property_time(text)) {
    return FilterBound{.value = static_cast<double>(*seconds)};
  }
  return invalid_argument(
      "{}: {} is neither a time like 2026-02-28T23:59:59Z or 2026-02-28, nor one like now, now-7d "
      "or now+12h (s, m, h, d, w)",
      place, quote(text));
}

class FilterParser {
 public:
  // `depth`: of all, any and not around it.
  Result<FilterNode> parse(const json::value& value, const std::string& place, std::size_t depth) {
    const json::object* const object = value.if_object();
    if (object == nullptr) {
      return invalid_argument("{}: a filter must be an object, not {}", place.empty() ? "/" : place,
                              json_kind(value));
    }
    FilterNode all;
    for (const auto& [key, operand] : *object) {
      const std::string_view name = key;
      if (std::ranges::find(kOperators, name) == kOperators.end()) {
        return invalid_argument("{}: unknown operator{}; there are {}", json_pointer(place, name),
                                suggestion(name.substr(0, 20), kOperators),
                                fmt::join(kOperators, ", "));
      }
      COSENO_TRY(add_operator(name, operand, json_pointer(place, name), depth, all));
    }
    std::ranges::stable_sort(all.children, {}, &FilterNode::kind);
    if (all.children.size() == 1) return FilterNode(std::move(all.children.front()));
    return all;
  }

 private:
  // Appends to the children of `all` what the operator asks for.
  Result<void> add_operator(std::string_view name, const json::value& operand,
                            const std::string& place, std::size_t depth, FilterNode& all) {
    if (name == "all" || name == "any" || name == "not") {
      if (depth == ItemFilter::kMaxDepth) {
        return invalid_argument("{}: all, any and not are nested deeper than {} levels", place,
                                ItemFilter::kMaxDepth);
      }
      if (name == "not") {
        COSENO_ASSIGN(child, parse(operand, place, depth + 1));
        FilterNode& negation = all.children.emplace_back();
        negation.kind = Kind::negation;
        negation.children.push_back(std::move(child));
        return {};
      }
      COSENO_ASSIGN(list, parse_list(operand, place, depth + 1));
      list.kind = name == "all" ? Kind::all : Kind::any;
      all.children.push_back(std::move(list));
      return {};
    }
    if (name == "exists") return add_exists(operand, place, all);
    return add_conditions(name, operand, place, all);
  }

  Result<FilterNode> parse_list(const json::value& operand, const std::string& place,
                                std::size_t depth) {
    const json::array* const array = operand.if_array();
    if (array == nullptr) {
      return invalid_argument("{} must be a list of filters, not {}", place, json_kind(operand));
    }
    FilterNode list;
    for (std::size_t i = 0; i < array->size(); ++i) {
      COSENO_ASSIGN(child, parse((*array)[i], json_pointer(place, i), depth));
      list.children.push_back(std::move(child));
    }
    std::ranges::stable_sort(list.children, {}, &FilterNode::kind);
    return list;
  }

  Result<void> add_exists(const json::value& operand, const std::string& place, FilterNode& all) {
    const json::string* const name = operand.if_string();
    if (name == nullptr) {
      return invalid_argument("{} must be the name of a property, a string, not {}", place,
                              json_kind(operand));
    }
    COSENO_ASSIGN(node, make_condition(Kind::exists, text_of(*name), place));
    all.children.push_back(std::move(node));
    return {};
  }

  // {"year": ..., "genre": ...}: one condition a member.
  Result<void> add_conditions(std::string_view name, const json::value& operand,
                              const std::string& place, FilterNode& all) {
    const json::object* const properties = operand.if_object();
    if (properties == nullptr || properties->empty()) {
      return invalid_argument("{} must be an object, {{\"PROPERTY\": ...}}, not {}", place,
                              properties == nullptr ? json_kind(operand) : "an empty one");
    }
    for (const auto& [property, value] : *properties) {
      COSENO_ASSIGN(node, make_condition(Kind::equal, property, json_pointer(place, property)));
      if (name == "equals") {
        COSENO_TRY(add_value(value, node.place, node));
      } else if (name == "in") {
        COSENO_TRY(read_values(value, node));
      } else if (name == "range") {
        COSENO_TRY(read_range(value, node));
      } else {
        COSENO_TRY(read_near(value, node));
      }
      all.children.push_back(std::move(node));
    }
    return {};
  }

  Result<FilterNode> make_condition(Kind kind, std::string_view name, const std::string& place) {
    if (name.empty() || name.size() > Properties::kMaxNameBytes) {
      return invalid_argument("{}: a property's name is 1 to {} bytes long, not {}", place,
                              Properties::kMaxNameBytes, name.size());
    }
    if (++n_conditions_ > ItemFilter::kMaxConditions) {
      return invalid_argument("{}: more than {} conditions", place, ItemFilter::kMaxConditions);
    }
    FilterNode node;
    node.kind = kind;
    node.name = name;
    node.place = place;
    return node;
  }

  static Result<void> add_value(const json::value& value, std::string_view place,
                                FilterNode& node) {
    if (const double* const number = value.if_double()) {
      node.numbers.push_back(*number);
    } else if (const bool* const boolean = value.if_bool()) {
      node.values.emplace_back(*boolean);
    } else if (const json::string* const text = value.if_string()) {
      node.values.emplace_back(std::string(text_of(*text)));
    } else {
      return invalid_argument("{} must be a string, a number, true or false, not {}", place,
                              json_kind(value));
    }
    return {};
  }

  static Result<void> read_values(const json::value& value, FilterNode& node) {
    const json::array* const array = value.if_array();
    if (array == nullptr) {
      return invalid_argument("{} must be a list of values, not {}", node.place, json_kind(value));
    }
    if (array->size() > ItemFilter::kMaxValues) {
      return invalid_argument("{} has {} values: at most {}", node.place, array->size(),
                              ItemFilter::kMaxValues);
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
      COSENO_TRY(add_value((*array)[i], json_pointer(node.place, i), node));
    }
    std::ranges::sort(node.numbers);
    return {};
  }

  static Result<void> read_range(const json::value& value, FilterNode& node) {
    constexpr std::array<std::string_view, 2> kMembers = {"from", "to"};
    const json::object* const range = value.if_object();
    if (range == nullptr || range->empty()) {
      return invalid_argument("{} must be an object with from, to or both, not {}", node.place,
                              range == nullptr ? json_kind(value) : "an empty one");
    }
    COSENO_TRY(check_members(*range, kMembers, node.place));
    for (const auto& [key, bound] : *range) {
      const std::string place = json_pointer(node.place, std::string_view(key));
      const Kind kind = bound.is_string() ? Kind::time_range : Kind::number_range;
      FilterBound& end = key == "from" ? node.from : node.to;
      if (bound.is_string()) {
        COSENO_ASSIGN(time, time_bound(text_of(bound.get_string()), place));
        end = time;
      } else if (const double* const number = bound.if_double()) {
        end.value = *number;
      } else {
        return invalid_argument("{} must be a number or a time, not {}", place, json_kind(bound));
      }
      if (node.kind != Kind::equal && node.kind != kind) {
        return invalid_argument("{}: from and to must both be numbers, or both times", node.place);
      }
      node.kind = kind;
    }
    // Whether a range between a time and one relative to now is empty changes as time passes.
    if (node.from.is_relative == node.to.is_relative && node.from.value > node.to.value) {
      return invalid_argument("{}: from is above to", node.place);
    }
    return {};
  }

  static Result<void> read_near(const json::value& value, FilterNode& node) {
    constexpr std::array<std::string_view, 3> kMembers = {"lat", "lon", "km"};
    const json::object* const circle = value.if_object();
    if (circle == nullptr) {
      return invalid_argument("{} must be an object with lat, lon and km, not {}", node.place,
                              json_kind(value));
    }
    COSENO_TRY(check_members(*circle, kMembers, node.place));
    COSENO_ASSIGN(latitude, number_of(*circle, "lat", -90, 90, node.place));
    COSENO_ASSIGN(longitude, number_of(*circle, "lon", -180, 180, node.place));
    COSENO_ASSIGN(radius_km, number_of(*circle, "km", 0, kMaxRadiusKm, node.place));
    node.kind = Kind::near;
    node.center = {latitude, longitude};
    node.radius_km = radius_km;
    return {};
  }

  std::size_t n_conditions_ = 0;
};

}  // namespace

Result<FilterNode> parse_filter(std::string_view json) {
  COSENO_ASSIGN(document, parse_json_document(json, ItemFilter::kMaxJsonBytes, kMaxJsonDepth));
  return FilterParser().parse(document, "", 0);
}

}  // namespace coseno
