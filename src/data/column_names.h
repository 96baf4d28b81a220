// The names under which people keep users, items, ratings and times.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coseno {

enum class ColumnRole { user, item, value, time };

// "user_id:token", "User-ID" and "userId" are all "userid": ASCII lower case, without '_', '-' and
// blanks, and without the type that RecBole writes behind a colon.
std::string normal_name(std::string_view name);
std::vector<std::string> normal_names(std::span<const std::string_view> names);

// Which of `names` (normal ones) has the role: the one that stands first in our list of known
// names, so that "user" is preferred to "session". Nothing where none is known.
std::optional<std::size_t> find_column(std::span<const std::string> names, ColumnRole role);

// Which of `names` (normal ones) is the id of a catalogue: an item, else a user, else "id".
std::optional<std::size_t> find_id_column(std::span<const std::string> names);

// The place of `wanted`, or nothing.
std::optional<std::size_t> find_name(std::span<const std::string> names, std::string_view wanted);

// The place of the first name that stood before, empty names aside; or nothing.
std::optional<std::size_t> find_repeated(std::span<const std::string> names);

// Examples of the known names, for messages about a missing column.
std::string_view known_names(ColumnRole role);

}  // namespace coseno
