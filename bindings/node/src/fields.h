// What JavaScript asks for, as JSON text taken apart field by field.
#pragma once

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace coseno::node {

using Settings = std::map<std::string, std::string, std::less<>>;

// The JSON of an object. Errors: invalid_argument.
Result<boost::json::object> parse_object(std::string_view json);

// The members of an object, taken by name. take() leaves the value as it is where there is no such
// member. The first trouble is kept, and all that follows does nothing; done() tells it, or that
// there is a member which nobody took. Texts are views of the object.
class Fields {
 public:
  // `place` stands before names in errors: "boosts[2].".
  explicit Fields(const boost::json::object& object, std::string place = "")
      : object_(object), place_(std::move(place)) {}

  void take(std::string_view name, std::string& value);
  void take(std::string_view name, std::string_view& value);
  void take(std::string_view name, double& value);
  void take(std::string_view name, float& value);
  void take(std::string_view name, bool& value);
  void take(std::string_view name, int& value);
  void take(std::string_view name, std::uint64_t& value);
  void take(std::string_view name, std::optional<std::int64_t>& value);
  void take(std::string_view name, std::optional<float>& value);
  void take(std::string_view name, std::vector<std::string_view>& value);
  void take(std::string_view name, std::optional<std::vector<std::string_view>>& value);
  // Values are texts, numbers, true or false.
  void take(std::string_view name, Settings& value);
  // The same of all members.
  void take_all(Settings& value);
  // A text as it is; anything else as its JSON.
  void take_json(std::string_view name, std::string& value);
  // Calls each(fields) for the elements of a list of objects; true where there is one.
  template <class Each>
  bool take_list(std::string_view name, Each&& each);
  // The same, each(name, fields), for the members of an object of objects.
  template <class Each>
  bool take_objects(std::string_view name, Each&& each);

  // Puts trouble in place of the value.
  void refuse(std::string_view name, std::string_view trouble);
  void require(std::string_view name);
  Result<void> done();

 private:
  const boost::json::value* find(std::string_view name);
  void mistaken(std::string_view name, std::string_view wanted, const boost::json::value& value);
  // A whole number from `lowest` on that a double has room for; nothing where there is trouble.
  std::optional<std::int64_t> whole(std::string_view name, std::int64_t lowest,
                                    std::int64_t highest);
  void element(const boost::json::value& value, const std::string& place, auto&& each);

  const boost::json::object& object_;
  std::string place_;
  std::vector<std::string_view> taken_;
  std::optional<Error> trouble_;
};

void Fields::element(const boost::json::value& value, const std::string& place, auto&& each) {
  if (!value.is_object()) {
    mistaken(place, "an object", value);
    return;
  }
  Fields fields(value.get_object(), place_ + place + ".");
  each(fields);
  if (const Result<void> done = fields.done(); !done && !trouble_) trouble_ = done.error();
}

template <class Each>
bool Fields::take_list(std::string_view name, Each&& each) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return false;
  if (!found->is_array()) {
    mistaken(name, "a list", *found);
    return true;
  }
  std::size_t n = 0;
  for (const boost::json::value& value : found->get_array()) {
    if (trouble_) break;
    element(value, fmt::format("{}[{}]", name, n++), each);
  }
  return true;
}

template <class Each>
bool Fields::take_objects(std::string_view name, Each&& each) {
  const boost::json::value* const found = find(name);
  if (found == nullptr) return false;
  if (!found->is_object()) {
    mistaken(name, "an object", *found);
    return true;
  }
  for (const auto& [key, value] : found->get_object()) {
    if (trouble_) break;
    element(value, fmt::format("{}.{}", name, std::string_view(key)),
            [&](Fields& fields) { each(std::string_view(key), fields); });
  }
  return true;
}

}  // namespace coseno::node
