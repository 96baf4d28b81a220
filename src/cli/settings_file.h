// A TOML file of settings. Its parser takes seconds of every file that includes it, so only
// settings_file.cc does.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/failure.h"

namespace coseno::cli {

// Keys and values as text, in the order of their names: numbers as they would be typed, true and
// false, texts without quotes, a list of texts with commas between. Wrong use where the file has
// tables, dates or lists of something else; failed where it cannot be read.
Outcome<std::vector<std::pair<std::string, std::string>>> read_settings_file(
    const std::string& path);

}  // namespace coseno::cli
