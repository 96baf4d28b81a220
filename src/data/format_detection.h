// What kind of file it is, by its first bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/readers.h"

namespace coseno {

// The kind of the interactions that begin with `head`: the first 64 KiB, or all, of a text that is
// not blank. Always an answer: where it is wrong, the reader says at which place.
//
//   {  with an object as its first value    JSON matrix
//   {  with anything else                   JSON Lines
//   a delimiter, "::", tab or comma, that stands equally often in each line; else one that stands
//   in the first line
//   none                                    user lines
InteractionFormat detect_format(std::string_view head);

// What speaks against user lines where `head` was found to be of that kind: ratings between blanks
// would be read as items. A sentence for the error, or nothing.
std::optional<std::string> user_lines_trouble(std::string_view head);

// The delimiter of the first lines, by the same rule: "::", "\t", "," or nothing.
std::string_view detect_delimiter(std::string_view head);

// The first line of `head` that is not empty, without its end.
std::string_view first_line(std::string_view head);

}  // namespace coseno
