// What ways of searching rows share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "math/top_k.h"
#include "retrieval/retriever.h"

namespace coseno {

// Ends the process where the filter is not as RowFilter says. Cost: the excluded rows.
inline void check_filter(const RowFilter& filter, std::size_t n_rows) {
  COSENO_CHECK(std::ranges::is_sorted(filter.excluded));
  COSENO_CHECK(filter.allowed.empty() || filter.allowed.size() >= (n_rows + 63) / 64);
}

inline bool is_allowed(const RowFilter& filter, std::uint32_t row) {
  return filter.allowed.empty() || (filter.allowed[row / 64] >> (row % 64) & 1) != 0;
}

// The k best of the rows offered, in a heap that somebody else keeps.
class BestRows {
 public:
  BestRows(std::size_t k, std::vector<Scored>& heap) : k_(k), heap_(heap) {
    heap_.clear();
    heap_.reserve(k);
  }

  // A row with less than this cannot enter, nor one with as much and a higher index than all.
  float threshold() const { return heap_.size() < k_ ? kNeverScore : heap_.front().score; }

  void offer(Scored scored) {
    if (heap_.size() == k_) {
      if (!is_better(scored, heap_.front())) return;
      std::ranges::pop_heap(heap_, is_better);
      heap_.pop_back();
    }
    heap_.push_back(scored);
    std::ranges::push_heap(heap_, is_better);
  }

  std::span<const Scored> sorted() {
    std::ranges::sort_heap(heap_, is_better);
    return heap_;
  }

 private:
  std::size_t k_;
  std::vector<Scored>& heap_;  // the worst in front
};

// Has the memory of a row fetched.
inline void prefetch(std::span<const float> row) {
  constexpr std::size_t kFloatsOfLine = 16;
  for (std::size_t i = 0; i < row.size(); i += kFloatsOfLine) __builtin_prefetch(&row[i]);
}

}  // namespace coseno
