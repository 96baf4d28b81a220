// What stands in a request's target, decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/problem.h"

namespace coseno::server {

// An id of a path, without its percent-encoding: 1 to 512 bytes of UTF-8. `field` is what problems
// call it.
Answer<std::string> decoded_id(std::string_view encoded, std::string_view field);

// The parameters of a query, "k=10&exclude=tea&exclude=jam", taken one by one; end() refuses those
// that nobody took. "+" is a blank, as forms have it.
class Query {
 public:
  // Problem: invalid_path, where a percent sign is followed by no two hexadecimal digits, or where
  // the text is not UTF-8.
  static Answer<Query> parse(std::string_view encoded);

  // Nothing where it is not there. Problems: invalid_argument, for one that stands twice too.
  Answer<std::optional<std::string>> text(std::string_view name);
  Answer<std::optional<double>> number(std::string_view name);
  Answer<std::optional<std::uint64_t>> whole_number(std::string_view name);
  // "true" or "false".
  Answer<std::optional<bool>> truth(std::string_view name);
  // One that may stand several times.
  std::vector<std::string> texts(std::string_view name);

  // Problem: unknown_field.
  Answer<void> end() const;

 private:
  struct Parameter {
    std::string name;
    std::string value;
    bool is_taken = false;
  };
  std::vector<Parameter> parameters_;
};

}  // namespace coseno::server
