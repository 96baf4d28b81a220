// The JSON of a request's body, taken apart field by field.
#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/message.h"
#include "server/problem.h"

namespace coseno::server {

// A body as a value. Texts of it are valid as long as this object.
class JsonBody {
 public:
  JsonBody() = default;
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // At most once. Problems: unsupported_media_type, where the request says that its body is
  // something else; invalid_json, where it is none, or has a name twice in an object, or is nested
  // deeper than `max_depth`.
  Answer<const boost::json::value*> parse(const Request& request, std::size_t max_depth);

 private:
  // Enough for small bodies; large ones take more from the heap.
  std::array<unsigned char, 4096> first_{};
  boost::json::monotonic_resource memory_{first_.data(), first_.size()};
  boost::json::value value_;
};

// The members of an object, taken by name; end() refuses those that nobody took. Views are valid as
// long as the value.
class Fields {
 public:
  // `place` is the JSON pointer of the object: "" is the body. Problem: invalid_argument where it
  // is no object.
  static Answer<Fields> of(const boost::json::value& value, std::string place);

  // Nothing where it is not there. Problems: invalid_argument.
  Answer<std::optional<std::string_view>> text(std::string_view name);
  Answer<std::optional<double>> number(std::string_view name);
  // Up to 2^53.
  Answer<std::optional<std::uint64_t>> whole_number(std::string_view name);
  Answer<std::optional<bool>> truth(std::string_view name);
  // A list of texts; empty where it is not there.
  Answer<std::vector<std::string_view>> texts(std::string_view name);
  // RFC 3339, or Unix seconds with or without a fraction; in milliseconds.
  Answer<std::optional<std::int64_t>> time_ms(std::string_view name);
  // As it is, or nullptr.
  const boost::json::value* any(std::string_view name);
  // A list, or nullptr.
  Answer<const boost::json::array*> list(std::string_view name);

  // Refuses that it is not there.
  template <class T>
  Answer<T> required(std::string_view name, Answer<std::optional<T>> value) const {
    if (!value) return std::unexpected(std::move(value).error());
    if (!*value) return bad_request(place_of(name), "{} is missing", name);
    return std::move(**value);
  }

  // "/items/3/price", for problems.
  std::string place_of(std::string_view name) const;
  const std::string& place() const { return place_; }

  // Problem: unknown_field, with its name.
  Answer<void> end() const;

 private:
  Fields(const boost::json::object& object, std::string place)
      : object_(&object), place_(std::move(place)) {}

  const boost::json::object* object_;
  std::string place_;
  std::vector<const boost::json::key_value_pair*> taken_;
};

// What parse_json_document() refused: 400, or 422 where it is JSON all the same, but of a number
// that nothing here can hold.
Problem json_problem(std::string message, std::string field);

// The object as text, for who takes JSON as text.
std::string text_of(const boost::json::value& value);

}  // namespace coseno::server
