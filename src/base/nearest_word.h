// The word that somebody may have meant.
#pragma once

#include <span>
#include <string_view>

namespace coseno {

// The first of `known` that is nearest to `word`, at most two letters put in, taken out or changed
// (Levenshtein's distance, by bytes); empty where none is so near. Cost: the product of the
// lengths, for each known word.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace coseno
