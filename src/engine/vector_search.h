// The best items of a model that scores by an inner product, beside voices that add to its scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "math/matrix.h"
#include "math/top_k.h"
#include "models/model.h"
#include "retrieval/exact_retriever.h"

namespace coseno {

// Finds what scoring everything would:
//
//   score(i) = weight (u . v_i - mean) / deviation + rest_i     for items that the model knows
//   score(i) = rest_i                                           for others
//
// mean and deviation are those of u . v_i over all its items, as of a user's standardised scores
// (models/blend_weights.h): mean = u . m, deviation^2 = u' G u / n - mean^2, with m the mean of the
// vectors and G = V'V.
//
// First the n items of the largest u . v_i are found. No other has more than the last of them, so
// one whose `rest` does not make up for what it lacks even then to the n-th best score so far is
// out; of the few that are left the scores are taken. This is the threshold algorithm (Fagin, Lotem
// and Naor, PODS 2001) with one list sorted and the other one read through.
//
// Immutable; thread-safe while each thread brings its own scratch.
class VectorSearch {
 public:
  struct Scratch {
    ExactRetriever::Scratch retriever;
    std::vector<std::uint64_t> done;  // a bit an item
    std::vector<Scored> found;
  };

  // A view of the vectors is kept: they must outlive this object.
  explicit VectorSearch(MatrixView vectors);

  struct Request {
    std::span<const float> vector;  // u, dim
    float weight;                   // > 0
    std::span<const float> rest;    // n_items: as many as there are, at least those of the model
    std::span<const std::uint64_t> allowed;  // a bit an item, ceil(n_items / 64) words
    std::size_t n;
  };
  // The n best of the items that may be, best first, ties by lower number; all where there are
  // fewer. They lie in `scratch` until its next use.
  // Cost: that of the retriever, and a look at each of `rest`.
  std::span<const Scored> top(const Request& request, Scratch& scratch) const;

  std::size_t size_bytes() const { return retriever_.size_bytes(); }

 private:
  MatrixView vectors_;
  ExactRetriever retriever_;
  std::vector<float> mean_;   // dim
  std::vector<double> gram_;  // dim x dim, divided by the number of vectors
};

}  // namespace coseno
