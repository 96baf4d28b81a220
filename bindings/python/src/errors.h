// Where an Error becomes an exception of Python.
#pragma once

#include <utility>

#include "coseno/error.h"

namespace coseno::python {

// Throws the exception of coseno/_errors.py that belongs to the error's code. With the GIL.
[[noreturn]] void raise(const Error& error);

// The value, or the exception.
template <class T>
T value_of(Result<T>&& result) {
  if (!result) raise(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace coseno::python
