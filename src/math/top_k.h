// The best of many scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace coseno {

// The score of what must not be in a list.
constexpr float kNeverScore = -std::numeric_limits<float>::infinity();

struct Scored {
  std::uint32_t index;
  float score;

  bool operator==(const Scored&) const = default;
};

// Best first, ties by lower index.
constexpr bool is_better(const Scored& a, const Scored& b) {
  return a.score != b.score ? a.score > b.score : a.index < b.index;
}

// The k largest of `scores` (no NaN), best first, ties by lower index; fewer where fewer are above
// kNeverScore. Cost: n comparisons and k log k for each that enters; does not allocate beyond 2 k.
std::vector<Scored> top_k(std::span<const float> scores, std::size_t k);

}  // namespace coseno
