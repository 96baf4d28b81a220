#include "retrieval/exact_retriever.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/check.h"
#include "math/kernels.h"
#include "retrieval/row_search.h"

namespace coseno {
namespace {

// Blocks looked at in one go, between which the k-th best score is brought up to date. The first
// are few: nothing can be ruled out before k rows are known. At 128 numbers a row, 32 blocks lie in
// the first cache, for the other requests that look at them; with 64, many at once took a tenth
// longer.
constexpr std::size_t kFirstBlocks = 4;
constexpr std::size_t kMostBlocks = 32;

// So many numbers, 1 MiB of them, lie in a cache and are multiplied sooner than ruled out: for the
// best 60 of 1,682 rows of 128 by a quarter; 4,096 rows would take a quarter longer so.
constexpr std::size_t kFewNumbers = std::size_t{1} << 18;

// Rows to score first: of 41,000 fitted vectors of 128 numbers, 70 rows pass the tenth best of the
// 256 longest, where 1,180 pass that of any 256; twice as many find half as many, and cost as much.
constexpr std::size_t kMostProbes = 256;
constexpr std::size_t kRowsOfProbe = 16;
// With fewer for each of the k, the k-th best of them says little.
constexpr std::size_t kProbesOfPlace = 4;

// The longest vectors, in ascending order.
std::vector<std::uint32_t> longest_rows(MatrixView vectors, std::size_t n) {
  std::vector<float> lengths(vectors.n_rows);
  for (std::size_t r = 0; r < vectors.n_rows; ++r) {
    lengths[r] = dot(vectors.row(r), vectors.row(r));
  }
  std::vector<std::uint32_t> rows;
  for (const Scored& longest : top_k(lengths, n)) rows.push_back(longest.index);
  std::ranges::sort(rows);
  return rows;
}

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
  probe_rows_ = longest_rows(vectors, std::min(kMostProbes, vectors.n_rows / kRowsOfProbe));
  probes_ = Factors(probe_rows_.size(), vectors.dim);
  for (std::size_t p = 0; p < probe_rows_.size(); ++p) {
    std::ranges::copy(vectors.row(probe_rows_[p]), probes_.row(p).begin());
  }
}

// What the k-th best row has at least, as far as the probes tell.
float ExactRetriever::floor(const RetrieverRequest& request, std::size_t k,
                            Scratch& scratch) const {
  if (probe_rows_.size() < kProbesOfPlace * k) return kNeverScore;
  std::vector<float>& scores = scratch.scores_;
  scores.resize(probe_rows_.size());
  multiply(probes_.view(), request.vector, scores);
  FilterCursor cursor(request.filter);
  std::size_t n = 0;
  for (std::size_t p = 0; p < probe_rows_.size(); ++p) {
    if (cursor.passes(probe_rows_[p])) scores[n++] = scores[p];
  }
  if (n < k) return kNeverScore;
  const auto kth = scores.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::nth_element(scores.begin(), kth, scores.begin() + static_cast<std::ptrdiff_t>(n),
                   std::greater<>());
  return *kth;
}

void ExactRetriever::check(const RetrieverRequest& request) const {
  COSENO_CHECK(request.vector.size() == dim());
  check_filter(request.filter, n_rows());
}

bool ExactRetriever::is_multiplied() const { return n_rows() * dim() <= kFewNumbers; }

std::span<const Scored> ExactRetriever::top(const RetrieverRequest& request,
                                            Scratch& scratch) const {
  return is_multiplied() ? top_of_all(request, scratch) : top_by_codes(request, scratch);
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

// One request on its way through the blocks.
class ExactRetriever::Walk {
 public:
  Walk(const ExactRetriever& retriever, const RetrieverRequest& request, Scratch& scratch)
      : retriever_(retriever),
        request_(request),
        scratch_(scratch),
        k_(std::min(request.k, retriever.n_rows())),
        best_(k_, scratch.best_),
        cursor_(request.filter) {
    retriever.check(request);
    if (k_ == 0) return;
    retriever.codes_.quantize(request.vector, scratch.query_);
    scratch.hits_.resize(kMostBlocks * kBlockRows);
    // What has just as much may be in the answer.
    below_ = std::nextafter(retriever.floor(request, k_, scratch), kNeverScore);
  }

  // Blocks [first, last), at most kMostBlocks and in ascending order from call to call.
  void look_at(std::size_t first, std::size_t last) {
    if (k_ == 0) return;
    const QuantizedRows& codes = retriever_.codes_;
    const MatrixView& vectors = retriever_.vectors_;
    // Rows come in ascending order: one with as much cannot enter.
    const float threshold = std::max(best_.threshold(), below_);
    std::span<RowHit> hits(scratch_.hits_);
    hits = hits.first(codes.rows_above(scratch_.query_, threshold, first, last, hits));
    // Two walks each, so that memory is asked for many rows at once.
    hits = keep_if(hits, [&](const RowHit& hit) {
      codes.prefetch(hit.row);
      return cursor_.passes(hit.row);
    });
    hits = keep_if(hits, [&](const RowHit& hit) {
      if (!(codes.bound(scratch_.query_, hit) > threshold)) return false;
      prefetch(vectors.row(hit.row));
      return true;
    });
    for (const RowHit& hit : hits) {
      best_.offer({hit.row, dot(request_.vector, vectors.row(hit.row))});
    }
  }

  std::span<const Scored> sorted() { return best_.sorted(); }

 private:
  const ExactRetriever& retriever_;
  const RetrieverRequest& request_;
  Scratch& scratch_;
  std::size_t k_;
  BestRows best_;
  FilterCursor cursor_;
  float below_ = kNeverScore;
};

template <class LookAt>
void ExactRetriever::for_each_part(const LookAt& look_at) const {
  std::size_t n_blocks = kFirstBlocks;
  for (std::size_t first = 0; first < codes_.n_blocks(); first += n_blocks) {
    n_blocks = std::min(
        {first == 0 ? kFirstBlocks : 2 * n_blocks, kMostBlocks, codes_.n_blocks() - first});
    look_at(first, first + n_blocks);
  }
}

std::span<const Scored> ExactRetriever::top_by_codes(const RetrieverRequest& request,
                                                     Scratch& scratch) const {
  Walk walk(*this, request, scratch);
  for_each_part([&](std::size_t first, std::size_t last) { walk.look_at(first, last); });
  return walk.sorted();
}

void ExactRetriever::top_many(std::span<const RetrieverRequest> requests,
                              std::span<Scratch> scratches,
                              std::span<std::span<const Scored>> out) const {
  COSENO_CHECK(scratches.size() == requests.size() && out.size() == requests.size());
  if (is_multiplied()) {
    for (std::size_t i = 0; i < requests.size(); ++i) out[i] = top(requests[i], scratches[i]);
    return;
  }
  std::vector<Walk> walks;
  walks.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    walks.emplace_back(*this, requests[i], scratches[i]);
  }
  for_each_part([&](std::size_t first, std::size_t last) {
    for (Walk& walk : walks) walk.look_at(first, last);
  });
  for (std::size_t i = 0; i < requests.size(); ++i) out[i] = walks[i].sorted();
}

}  // namespace coseno
