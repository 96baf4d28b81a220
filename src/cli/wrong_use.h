// What the program says of a command line that it does not understand.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace coseno::cli {

// One sentence for `error`, which `program` threw; of an unknown option or command, the known one
// that it may have been meant to be.
std::string explain(const CLI::App& program, const CLI::ParseError& error);

}  // namespace coseno::cli
