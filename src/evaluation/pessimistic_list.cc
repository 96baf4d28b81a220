#include "evaluation/pessimistic_list.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "math/top_k.h"

namespace coseno {
namespace {

// Scores looked at together: a few vector comparisons, and nearly always none passes.
constexpr std::size_t kBlock = 32;

struct Contestant {
  float score;
  char is_relevant;
  std::size_t item;

  // What is better is less.
  bool operator<(const Contestant& other) const {
    return std::tuple(-score, is_relevant, item) <
           std::tuple(-other.score, other.is_relevant, other.item);
  }
};

// Collects 2 k candidates, then throws the worse half away: amortised, a candidate costs O(1).
class Best {
 public:
  explicit Best(std::size_t k) : k_(k) { candidates_.reserve(2 * k); }

  // What is below it cannot be among the best.
  float threshold() const { return threshold_; }

  void add(const Contestant& candidate) {
    if (is_full_ && !(candidate < kth_)) return;
    candidates_.push_back(candidate);
    if (candidates_.size() < 2 * k_) return;
    const auto kth = candidates_.begin() + static_cast<std::ptrdiff_t>(k_) - 1;
    std::ranges::nth_element(candidates_, kth, std::less<>());
    kth_ = *kth;
    threshold_ = kth_.score;
    is_full_ = true;
    candidates_.resize(k_);
  }

  std::vector<ItemIndex> list() {
    std::ranges::sort(candidates_, std::less<>());
    candidates_.resize(std::min(k_, candidates_.size()));
    std::vector<ItemIndex> items;
    items.reserve(candidates_.size());
    for (const Contestant& candidate : candidates_) {
      items.push_back(static_cast<ItemIndex>(candidate.item));
    }
    return items;
  }

 private:
  std::size_t k_;
  std::vector<Contestant> candidates_;
  Contestant kth_{};
  float threshold_ = kNeverScore;
  bool is_full_ = false;
};

// NaN is not below anything, so it passes too, and is found by whoever looks closer.
bool any_passes(std::span<const float> scores, float threshold) {
  bool passes = false;
  for (const float score : scores) passes |= !(score < threshold);
  return passes;
}

}  // namespace

std::optional<std::vector<ItemIndex>> pessimistic_list(std::span<const float> scores,
                                                       std::span<const char> is_relevant,
                                                       std::size_t k) {
  Best best(std::min(k, scores.size()));
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, scores.size());
    if (!any_passes(scores.subspan(begin, end - begin), best.threshold())) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (scores[i] < best.threshold() || scores[i] == kNeverScore) continue;
      if (!(scores[i] < std::numeric_limits<float>::infinity())) return std::nullopt;
      best.add({scores[i], is_relevant[i], i});
    }
  }
  return best.list();
}

}  // namespace coseno
