// Who and what there is, and who is like whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "coseno/engine.h"
#include "engine/engine_state.h"

namespace coseno {

// As the functions of these names in coseno/engine.h; thread-safe, beside a writer of the state.
// ListedPage::next is the number of the last record, plus 1.
Result<ListedPage> list_items(const EngineState& state, std::int64_t now_ms,
                              const ItemsRequest& request);
// Ids alone: properties of users are not in memory.
Result<ListedPage> list_users(const EngineState& state, std::uint64_t after, std::size_t limit);

//   like(u, v) = sum over what both have had of idf_i^2 / (|u| |v|),  |u|^2 = sum of u's idf_i^2
//   idf_i = log(1 + n_users / (1 + acts with i))
//
// Histories count as sets; events of types without weight are none. Source: Breese, Heckerman and
// Kadie, UAI 1998 (vector similarity, inverse user frequency).
Result<std::vector<SimilarUser>> similar_users(const EngineState& state, std::int64_t now_ms,
                                               std::string_view user, std::size_t k);

}  // namespace coseno
