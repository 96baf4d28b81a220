// Text that leaves the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/failure.h"
#include "data/ids.h"

namespace coseno::cli {

// Writes all of `text` to the file, which is there whole or not at all; "-" is standard output.
Outcome<void> write_text(const std::string& path, std::string_view text);

// A sentence on standard error; where nobody can be told, nothing happens.
void print_note(std::string_view sentence);

// "user item item ..." and the end of the line.
std::string user_line(std::string_view user, std::span<const ItemIndex> items,
                      const ItemIds& item_ids);

// Failed where an id would not be one word of a user_line. `kind` is "user" or "item".
Outcome<void> check_one_word(std::string_view kind, std::string_view id);
Outcome<void> check_one_word(const ItemIds& items);

}  // namespace coseno::cli
