#include "fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/nearest_word.h"
#include "engine/answer_json.h"

namespace coseno::node {
namespace {

// Whole numbers up to here are exact in JavaScript.
constexpr std::int64_t kLargestSafe = (std::int64_t{1} << 53) - 1;

std::string shown(const boost::json::value& value) {
  constexpr std::size_t kEnough = 60;
  std::string text = boost::json::serialize(value);
  if (text.size() > kEnough) text = text.substr(0, kEnough) + "...";
  return text;
}

std::string setting_text(const boost::json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_double()) return boost::json::serialize(value);
  std::string text;
  append_json(value.get_double(), text);
  return text;
}

}  // namespace

Result<boost::json::object> parse_object(std::string_view json) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(json, error);
  if (error) return invalid_argument("the options are no JSON: {}", error.message());
  if (!value.is_object()) return invalid_argument("the options must be an object");
  return std::move(value.get_object());
}

const boost::json::value* Fields::find(std::string_view name) {
  if (trouble_) return nullptr;
  taken_.push_back(name);
  return object_.if_contains(name);
}

void Fields::refuse(std::string_view name, std::string_view trouble) {
  if (trouble_) return;
  trouble_ = Error{ErrorCode::invalid_argument, fmt::format("{}{} {}", place_, name, trouble)};
}

void Fields::mistaken(std::string_view name, std::string_view wanted,
                      const boost::json::value& value) {
  refuse(name, fmt::format("must be {}, not {}", wanted, shown(value)));
}

void Fields::require(std::string_view name) {
  if (object_.if_contains(name) == nullptr) refuse(name, "is missing");
}

std::optional<std::int64_t> Fields::whole(std::string_view name, std::int64_t lowest,
                                          std::int64_t highest) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return std::nullopt;
  std::optional<std::int64_t> value;
  if (found->is_int64()) value = found->get_int64();
  if (!value || *value < lowest || *value > highest) {
    mistaken(name, fmt::format("a whole number in [{}, {}]", lowest, highest), *found);
    return std::nullopt;
  }
  return value;
}

void Fields::take(std::string_view name, std::string_view& value) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return;
  if (!found->is_string()) return mistaken(name, "a string", *found);
  value = found->get_string();
}

void Fields::take(std::string_view name, std::string& value) {
  std::string_view text = value;
  take(name, text);
  if (text.data() != value.data()) value = text;
}

void Fields::take(std::string_view name, double& value) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return;
  if (!found->is_number()) return mistaken(name, "a number", *found);
  value = found->to_number<double>();
}

void Fields::take(std::string_view name, float& value) {
  double number = value;
  take(name, number);
  // One that no float can hold is infinite, which the engine refuses.
  value = std::fabs(number) > std::numeric_limits<float>::max()
              ? std::numeric_limits<float>::infinity()
              : static_cast<float>(number);
}

void Fields::take(std::string_view name, bool& value) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return;
  if (!found->is_bool()) return mistaken(name, "true or false", *found);
  value = found->get_bool();
}

void Fields::take(std::string_view name, int& value) {
  const std::optional<std::int64_t> number =
      whole(name, std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  if (number) value = static_cast<int>(*number);
}

void Fields::take(std::string_view name, std::uint64_t& value) {
  const std::optional<std::int64_t> number = whole(name, 0, kLargestSafe);
  if (number) value = static_cast<std::uint64_t>(*number);
}

void Fields::take(std::string_view name, std::optional<std::int64_t>& value) {
  const std::optional<std::int64_t> number = whole(name, -kLargestSafe, kLargestSafe);
  if (number) value = number;
}

void Fields::take(std::string_view name, std::vector<std::string_view>& value) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return;
  if (!found->is_array()) return mistaken(name, "a list of strings", *found);
  value.clear();
  for (const boost::json::value& each : found->get_array()) {
    if (!each.is_string()) return mistaken(name, "a list of strings", *found);
    value.push_back(each.get_string());
  }
}

void Fields::take(std::string_view name, std::optional<float>& value) {
  float number = 0;
  take(name, number);
  if (object_.contains(name)) value = number;
}

void Fields::take(std::string_view name, std::optional<std::vector<std::string_view>>& value) {
  std::vector<std::string_view> texts;
  take(name, texts);
  if (object_.contains(name)) value = std::move(texts);
}

void Fields::take_all(Settings& value) {
  for (const auto& [key, each] : object_) {
    if (find(key) == nullptr) return;
    if (each.is_structured() || each.is_null()) {
      return mistaken(key, "a string, a number, true or false", each);
    }
    value[std::string(key)] = setting_text(each);
  }
}

void Fields::take(std::string_view name, Settings& value) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return;
  element(*found, std::string(name), [&value](Fields& settings) { settings.take_all(value); });
}

void Fields::take_json(std::string_view name, std::string& value) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return;
  value = found->is_string() ? std::string(found->get_string()) : boost::json::serialize(*found);
}

Result<void> Fields::done() {
  if (trouble_) return std::unexpected(*trouble_);
  for (const auto& member : object_) {
    const std::string_view name = member.key();
    if (std::ranges::find(taken_, name) != taken_.end()) continue;
    const std::string_view near = nearest_word(name, taken_);
    return invalid_argument("there is no option {}{}{}", place_, name,
                            near.empty() ? "" : fmt::format("; did you mean {}?", near));
  }
  return {};
}

}  // namespace coseno::node
