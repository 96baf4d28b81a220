#include "math/top_k.h"

#include <algorithm>

namespace coseno {

// Collects 2 k candidates above the threshold, then throws the worse half away and raises the
// threshold to the k-th: amortised, a candidate costs O(1).
std::vector<Scored> top_k(std::span<const float> scores, std::size_t k) {
  std::vector<Scored> best;
  k = std::min(k, scores.size());
  if (k == 0) return best;
  best.reserve(2 * k);
  float threshold = kNeverScore;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!(scores[i] > threshold)) continue;
    best.push_back({static_cast<std::uint32_t>(i), scores[i]});
    if (best.size() == 2 * k) {
      const auto kth = best.begin() + static_cast<std::ptrdiff_t>(k) - 1;
      std::ranges::nth_element(best, kth, is_better);
      threshold = kth->score;
      best.resize(k);
    }
  }
  std::ranges::sort(best, is_better);
  if (best.size() > k) best.resize(k);
  return best;
}

}  // namespace coseno
