// Making errors and passing them on. What an error is stands in the public header.
//
// What the world can get wrong (input, disk, memory asked for) comes back as `Result<T>`; what only
// we can get wrong is a COSENO_CHECK (base/check.h). Nothing throws across a room.
#pragma once

#include <fmt/format.h>

#include <utility>

#include "coseno/error.h"

namespace coseno {

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
