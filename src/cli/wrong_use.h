// What the program says of a command line that it does not understand.
#pragma once

#include <string>

#include "cli/command_line.h"

namespace coseno::cli {

// One sentence for what stopped `program`; of an unknown option or command, the known one that it
// may have been meant to be.
std::string explain(const CommandLine& program, const ParseStop& stop);

}  // namespace coseno::cli
