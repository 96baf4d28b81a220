// The best items of a model that scores by an inner product, beside voices that add to its scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/live_scores.h"
#include "math/matrix.h"
#include "math/top_k.h"
#include "retrieval/hnsw_retriever.h"

namespace coseno {

// Of one thread, kept from search to search.
struct SearchScratch {
  HnswRetriever::Scratch retriever;
  std::vector<std::uint64_t> done;  // a bit an item
  std::vector<Scored> found;
};

// A user's vector, and how u . v_i is spread over all items of the model.
struct SearchQuery {
  std::vector<float> vector;  // u, dim
  double mean = 0;
  double variance = 0;
};

// Which items, and how many of them.
struct ItemChoice {
  std::span<const std::uint64_t> allowed;  // a bit an item, ceil(n_items / 64) words
  std::size_t n;
};

// The n best by `scores` alone of the items that may be, best first, ties by lower number; all
// where there are fewer. They lie in `scratch` until its next use. Exact.
// Cost: that of LiveScores::for_each_above().
std::span<const Scored> best_of(const LiveScores& scores, const ItemChoice& choice,
                                SearchScratch& scratch);

// Finds what scoring everything would:
//
//   score(i) = weight (u . v_i - mean) / deviation + live_i     for items that the model knows
//   score(i) = live_i                                           for others
//
// mean and deviation are those of u . v_i over all its items, as of a user's standardised scores
// (models/blend_weights.h): mean = u . m, deviation^2 = u' G u / n - mean^2, with m the mean of the
// vectors and G = V'V.
//
// First some more than n items of the largest u . v_i are found. No other has more than the last of
// them, so one whose live score does not make up for what it lacks even then to the n-th best score
// so far is out; of the few that are left the scores are taken. This is the threshold algorithm
// (Fagin, Lotem and Naor, PODS 2001); the live scores say themselves which are large.
//
// The largest u . v_i come from a graph where there is one, and then all but some of them are
// found; else, and where the filter lets few items pass, from a look at all vectors.
//
// Immutable; thread-safe while each thread brings its own scratch.
class VectorSearch {
 public:
  // A view of the vectors is kept: they must outlive this object.
  explicit VectorSearch(MatrixView vectors) : VectorSearch(HnswRetriever(vectors)) {}
  explicit VectorSearch(HnswRetriever retriever);

  // `vector`: u, dim. Cost: dim^2.
  SearchQuery query(std::vector<float> vector) const;

  // As best_of() above. `query` is one of query(). weight > 0. `live` knows all items of the model
  // at least.
  std::span<const Scored> top(const SearchQuery& query, float weight, const LiveScores& live,
                              const ItemChoice& choice, SearchScratch& scratch) const;

  std::size_t size_bytes() const { return retriever_.size_bytes(); }
  const HnswRetriever& retriever() const { return retriever_; }

 private:
  MatrixView vectors_;
  HnswRetriever retriever_;
  std::vector<float> mean_;   // dim
  std::vector<double> gram_;  // dim x dim, divided by the number of vectors
};

}  // namespace coseno
