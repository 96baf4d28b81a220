// What every retriever does: of many vectors, it finds the k that have the largest inner product
// with one.
//
// Each retriever is a class R of its own, made of a MatrixView `vectors` by a constructor, or by a
// build() where that takes long, with
//
//   std::span<const Scored> top(const RetrieverRequest& request, R::Scratch& scratch) const;
//
// * `vectors` are looked at, not copied: they must outlive the retriever, and not change. Finite.
// * top() gives rows of `vectors` with their inner product by dot(), best first, ties by lower
// index:
//   k of them wherever k rows match, else all that match. They lie in `scratch` until its next use.
// * A retriever is immutable. top() is thread-safe while each thread brings its own scratch, gives
//   the same answer for the same request, and does not allocate once the scratch has had such a
//   request.
// * An approximate retriever may miss rows, and says how many; what it gives keeps to all of the
// above.
//
// A score that adds a number of the item's own (a bias) is an inner product too: the number is one
// more element of the item's vector, where the query has a 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "math/top_k.h"

namespace coseno {

// Which rows may be in the answer. Views, which must outlive the call.
struct RowFilter {
  // Rows that may not; ascending. Those past the end are ignored, and so are repeats.
  std::span<const std::uint32_t> excluded = {};
  // Bit r % 64 of word r / 64 is set where row r may; empty: all may. Else a word for every 64
  // rows.
  std::span<const std::uint64_t> allowed = {};
};

struct RetrieverRequest {
  std::span<const float> vector;  // dim finite floats
  std::size_t k = 10;
  RowFilter filter = {};
};

}  // namespace coseno
