// What a request for vectors from elsewhere must be.
#pragma once

#include "base/error.h"
#include "coseno/engine.h"

namespace coseno {

// Sizes, numbers, name and settings; ids and position are the engine's to check. Errors:
// invalid_argument, with the field, and where it is one of many, its row and place.
Result<void> check_vectors(const VectorsRequest& request);

}  // namespace coseno
