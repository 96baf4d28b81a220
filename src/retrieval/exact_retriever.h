// The exact answer, by a look at every vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "math/matrix.h"
#include "math/quantized_rows.h"
#include "math/top_k.h"
#include "retrieval/retriever.h"

namespace coseno {

// First the rows with the longest vectors are scored: the k-th best of these few tells at once what
// all others must pass. Then three steps, each for the few rows that the one before could not rule
// out:
//
//   4 bits a number, of all rows       a bound of the score, compared with the k-th best so far
//   8 bits a number                    a closer bound
//   float32                            the score
//
// The bounds are proven (math/quantized_rows.h), so the answer is what scoring all rows in float32
// and sorting would give, and not only likely to be. Reading is what such a scan spends its time
// on: of 128 numbers a row it reads 68 bytes, where float32 has 512.
//
// Few vectors, which lie in a cache, are scored one and all.
//
// Memory: 8 bits a number and 4 bytes a row, beside the float32 vectors of which it keeps a view.
class ExactRetriever {
 public:
  // Of one thread; may be used again and again.
  class Scratch {
   private:
    friend class ExactRetriever;
    QuantizedRows::Query query_;
    std::vector<RowHit> hits_;
    std::vector<Scored> best_;
    std::vector<float> scores_;
  };

  // A view of `vectors` is kept: they must outlive this object. At most 2^32 - 1 rows. `pool` only
  // makes it sooner: the codes are the same.
  explicit ExactRetriever(MatrixView vectors, ThreadPool* pool = nullptr);

  std::size_t n_rows() const { return vectors_.n_rows; }
  std::size_t dim() const { return vectors_.dim; }
  // Without the float32 vectors.
  std::size_t size_bytes() const { return codes_.size_bytes(); }

  // As retriever.h says. 1,000,000 x 128 and 41,000 x 128 take the times in docs/benchmarks.md; a
  // filter that few rows pass makes it slower, by a small factor.
  std::span<const Scored> top(const RetrieverRequest& request, Scratch& scratch) const;
  // The same by the three steps, however few the vectors are.
  std::span<const Scored> top_by_codes(const RetrieverRequest& request, Scratch& scratch) const;
  // The answers to several requests, as top() gives them, the i-th in out[i] and by scratches[i],
  // which are as many. They share each reading of the codes.
  void top_many(std::span<const RetrieverRequest> requests, std::span<Scratch> scratches,
                std::span<std::span<const Scored>> out) const;

 private:
  class Walk;

  bool is_multiplied() const;
  // Calls look_at(first, last) for parts of the blocks, in order.
  template <class LookAt>
  void for_each_part(const LookAt& look_at) const;
  void check(const RetrieverRequest& request) const;
  std::span<const Scored> top_of_all(const RetrieverRequest& request, Scratch& scratch) const;
  float floor(const RetrieverRequest& request, std::size_t k, Scratch& scratch) const;

  MatrixView vectors_;
  // The longest vectors, copied, which are scored before all others.
  std::vector<std::uint32_t> probe_rows_;  // ascending
  Factors probes_;
  QuantizedRows codes_;
};

}  // namespace coseno
