// How coseno tells that something went wrong.
//
// What the world can get wrong (input, disk, memory asked for) comes back as `Result<T>`; what only
// we can get wrong is a COSENO_CHECK (base/check.h). Nothing throws across a room.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <utility>

namespace coseno {

enum class ErrorCode {
  invalid_argument,  // the caller's input is wrong; the message names the place
  not_found,         // a user, item, file or model that does not exist
  conflict,          // the state of something forbids it
  unavailable,       // try again later
  corrupt,           // what was read is not what was written
  io,                // the operating system refused
  cancelled,         // the caller asked to stop
  internal,          // a library failed in a way that we do not know
};

struct Error {
  ErrorCode code;
  // One sentence without a full stop: the field or file, the trouble, the bounds.
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

// `return make_error(ErrorCode::corrupt, "{}: ...", path);` in any function that returns Result<T>.
template <class... Args>
std::unexpected<Error> make_error(ErrorCode code, fmt::format_string<Args...> format,
                                  Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

template <class... Args>
std::unexpected<Error> invalid_argument(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorCode::invalid_argument, format, std::forward<Args>(args)...);
}

}  // namespace coseno

// Returns the error of `expression` (a Result<void>) from the enclosing function, if there is one.
#define COSENO_TRY(expression)                                  \
  do {                                                          \
    if (auto coseno_result = (expression); !coseno_result) {    \
      return std::unexpected(std::move(coseno_result).error()); \
    }                                                           \
  } while (false)

// Declares `variable` with the value of `expression` (a Result<T>), or returns its error.
#define COSENO_ASSIGN(variable, expression)                       \
  auto variable##_result = (expression);                          \
  if (!variable##_result) {                                       \
    return std::unexpected(std::move(variable##_result).error()); \
  }                                                               \
  auto& variable = *variable##_result
