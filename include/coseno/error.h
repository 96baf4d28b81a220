// How coseno tells that something went wrong.
#pragma once

#include <expected>
#include <string>

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

// Nothing throws out of coseno: what the world can get wrong comes back as an error.
template <class T>
using Result = std::expected<T, Error>;

}  // namespace coseno
