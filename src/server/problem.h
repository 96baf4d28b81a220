// What went wrong with a request, as RFC 9457 has it.
//
//   {"type": "/docs#problem-invalid_argument", "title": "Something in the request is wrong",
//    "status": 400, "code": "invalid_argument", "detail": "k must be in [1, 1000], not 0",
//    "field": "k", "request_id": "5f0c..."}
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "server/message.h"

namespace coseno::server {

struct Problem {
  Problem(unsigned http_status, std::string_view problem_code, std::string sentence,
          std::string place = {})
      : status(http_status),
        code(problem_code),
        detail(std::move(sentence)),
        field(std::move(place)) {}
  // Implicit, so that COSENO_TRY hands on what the engine refused. The one place where an error
  // becomes a status.
  Problem(Error error);  // NOLINT(google-explicit-constructor)

  unsigned status;
  std::string code;
  std::string detail;  // one sentence without a full stop
  // Where: a parameter of the path or the query by its name, a member of the body as a JSON
  // pointer ("/3/user"); empty where it is nowhere in particular.
  std::string field;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

template <class T>
using Answer = std::expected<T, Problem>;

// 400, of a request that is not of the form that openapi.json describes:
// `return bad_request("k", "k must be in [1, {}], not {}", ...)`.
template <class... Args>
std::unexpected<Problem> bad_request(std::string field, fmt::format_string<Args...> format,
                                     Args&&... args) {
  return std::unexpected(Problem(
      400, "invalid_argument", fmt::format(format, std::forward<Args>(args)...), std::move(field)));
}

// 422, invalid_argument: of the form that openapi.json describes, but of a value that cannot be.
template <class... Args>
std::unexpected<Problem> unprocessable(std::string field, fmt::format_string<Args...> format,
                                       Args&&... args) {
  return std::unexpected(Problem(
      422, "invalid_argument", fmt::format(format, std::forward<Args>(args)...), std::move(field)));
}

// An id of 1 to 512 bytes; empty is 400, too long 422, since the description counts characters.
Answer<void> check_id(std::string_view id, std::string_view what, const std::string& field);

// A code that is used, and what it says to people.
struct ProblemKind {
  std::string_view code;
  std::string_view title;
};
// The kind with that code; of one that is unknown, which only says that something went wrong.
ProblemKind problem_kind(std::string_view code);

Reply problem_reply(const Problem& problem, std::string_view request_id);

}  // namespace coseno::server
