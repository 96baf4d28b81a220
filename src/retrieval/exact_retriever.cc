#include "retrieval/exact_retriever.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "math/kernels.h"
#include "retrieval/row_search.h"

namespace coseno {
namespace {

// Blocks looked at in one go, between which the k-th best score is brought up to date. The first
// are few: nothing can be ruled out before k rows are known.
constexpr std::size_t kFirstBlocks = 4;
constexpr std::size_t kMostBlocks = 64;

// So many numbers, 1 MiB of them, lie in a cache and are multiplied sooner than ruled out: for the
// best 60 of 1,682 rows of 128 by a quarter; 4,096 rows would take a quarter longer so.
constexpr std::size_t kFewNumbers = std::size_t{1} << 18;

// Rows in ascending order against a filter.
class FilterCursor {
 public:
  explicit FilterCursor(const RowFilter& filter) : filter_(filter) {}

  bool passes(std::uint32_t row) {
    while (next_ < filter_.excluded.size() && filter_.excluded[next_] < row) ++next_;
    if (next_ < filter_.excluded.size() && filter_.excluded[next_] == row) return false;
    return is_allowed(filter_, row);
  }

 private:
  const RowFilter& filter_;
  std::size_t next_ = 0;  // of filter_.excluded: the first that is not below the last row asked for
};

// Keeps the hits of which `keep` holds, in order; returns them.
template <class Predicate>
std::span<RowHit> keep_if(std::span<RowHit> hits, Predicate keep) {
  const auto end =
      std::remove_if(hits.begin(), hits.end(), [&](const RowHit& hit) { return !keep(hit); });
  return {hits.begin(), end};
}

}  // namespace

ExactRetriever::ExactRetriever(MatrixView vectors, ThreadPool* pool)
    : vectors_(vectors), codes_(vectors, pool) {
  COSENO_CHECK(vectors.n_rows <= std::numeric_limits<std::uint32_t>::max());
}

void ExactRetriever::check(const RetrieverRequest& request) const {
  COSENO_CHECK(request.vector.size() == dim());
  check_filter(request.filter, n_rows());
}

std::span<const Scored> ExactRetriever::top(const RetrieverRequest& request,
                                            Scratch& scratch) const {
  return n_rows() * dim() <= kFewNumbers ? top_of_all(request, scratch)
                                         : top_by_codes(request, scratch);
}

std::span<const Scored> ExactRetriever::top_of_all(const RetrieverRequest& request,
                                                   Scratch& scratch) const {
  check(request);
  const std::size_t k = std::min(request.k, n_rows());
  BestRows best(k, scratch.best_);
  if (k == 0) return best.sorted();
  scratch.scores_.resize(n_rows());
  multiply(vectors_, request.vector, scratch.scores_);
  FilterCursor cursor(request.filter);
  float threshold = best.threshold();
  for (std::uint32_t row = 0; row < n_rows(); ++row) {
    if (!(scratch.scores_[row] > threshold) || !cursor.passes(row)) continue;
    best.offer({row, scratch.scores_[row]});
    threshold = best.threshold();
  }
  return best.sorted();
}

std::span<const Scored> ExactRetriever::top_by_codes(const RetrieverRequest& request,
                                                     Scratch& scratch) const {
  check(request);
  const std::size_t k = std::min(request.k, n_rows());
  BestRows best(k, scratch.best_);
  if (k == 0) return best.sorted();
  codes_.quantize(request.vector, scratch.query_);
  scratch.hits_.resize(kMostBlocks * kBlockRows);
  FilterCursor cursor(request.filter);

  std::size_t n_blocks = kFirstBlocks;
  for (std::size_t first = 0; first < codes_.n_blocks(); first += n_blocks) {
    n_blocks = std::min(
        {first == 0 ? kFirstBlocks : 2 * n_blocks, kMostBlocks, codes_.n_blocks() - first});
    // Rows come in ascending order: one with as much cannot enter.
    const float threshold = best.threshold();
    std::span<RowHit> hits(scratch.hits_);
    hits = hits.first(codes_.rows_above(scratch.query_, threshold, first, first + n_blocks, hits));
    // Two walks each, so that memory is asked for many rows at once.
    hits = keep_if(hits, [&](const RowHit& hit) {
      codes_.prefetch(hit.row);
      return cursor.passes(hit.row);
    });
    hits = keep_if(hits, [&](const RowHit& hit) {
      if (!(codes_.bound(scratch.query_, hit) > threshold)) return false;
      prefetch(vectors_.row(hit.row));
      return true;
    });
    for (const RowHit& hit : hits) {
      best.offer({hit.row, dot(request.vector, vectors_.row(hit.row))});
    }
  }
  return best.sorted();
}

}  // namespace coseno
