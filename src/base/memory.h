// How much memory there is.
#pragma once

#include <optional>

namespace coseno {

// What this process could take more without swapping, bytes: the least of what the system has and
// what its control group leaves. Nothing where the system does not tell.
std::optional<double> available_memory_bytes();

}  // namespace coseno
