// COSENO_CHECK(condition): our own mistakes end the process, in every build, with file and line.
// The condition must have no effect of its own.
#pragma once

namespace coseno {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace coseno

#define COSENO_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::coseno::check_failed(#condition, __FILE__, __LINE__))
