// The best of a model's scores where ties do not flatter it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "data/ids.h"

namespace coseno {

// The k largest scores, best first; of equal scores what is not relevant comes first, then the
// lower number. Those of kNeverScore are left out. is_relevant: 0 or 1, scores.size() of them; k
// >= 1. Nothing where a score is none: NaN or +infinity, which nothing could rank above. Cost: one
// pass, and k log k for what enters; does not allocate beyond 3 k.
std::optional<std::vector<ItemIndex>> pessimistic_list(std::span<const float> scores,
                                                       std::span<const char> is_relevant,
                                                       std::size_t k);

}  // namespace coseno
