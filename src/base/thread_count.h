// How many threads a caller may ask for.
#pragma once

#include "base/error.h"

namespace coseno {

// 0 is one a core. Errors: invalid_argument.
inline Result<void> check_threads(int n_threads) {
  constexpr int kMost = 1024;
  if (n_threads >= 0 && n_threads <= kMost) return {};
  return invalid_argument("n_threads must be in [0, {}], not {}", kMost, n_threads);
}

}  // namespace coseno
