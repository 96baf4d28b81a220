// coseno inspect --shown.
#pragma once

#include <string>

#include "cli/failure.h"
#include "coseno/engine.h"

namespace coseno::cli {

// Writes the lists that were shown, a line each, oldest first, while they are read; of this user,
// where it is not empty.
Outcome<void> inspect_shown(const Engine& engine, const std::string& user, bool as_json);

}  // namespace coseno::cli
