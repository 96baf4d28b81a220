// The graph by which a snapshot's model is searched where its items are many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "data/user_item_matrix.h"
#include "math/matrix.h"
#include "models/model.h"
#include "retrieval/hnsw_retriever.h"

namespace coseno {

// What a snapshot keeps of the search in its model's vectors.
struct SearchGraph {
  HnswRetriever retriever;  // a view of the vectors
  // Of a user's 100 items of the largest inner products, how many a search finds: the mean over
  // some hundred users. What is live is added to what it finds, and is not missed.
  double recall = 1;
};

struct SearchGraphOptions {
  std::size_t least_items = 100'000;
  // With 12 links and a build_width of 40 a tenth of a user's 100 best of 1,000,000 items were
  // linked from nowhere that a walk comes to, however wide.
  HnswRetriever::Options hnsw = {.links = 16, .build_width = 100};
  // A row in a walk costs as much as so many in a look at all of them (retrieval/hnsw_retriever.h).
  double walked_row = 20;
};

// The graph over the items of a model that scores by inner products, if it is worth having: if they
// are `least_items` or more, it finds 98% of what a look at all vectors does, and looks at so few
// of them that it is faster by what a row costs here and there. That is no clock: the same log
// gives the same answer. Users are those of `matrix`, evenly taken. The view that is kept is one of
// `model`. Errors: cancelled, unavailable (memory). Cost: of 1,000,000 x 128 some minutes;
// docs/benchmarks.md.
Result<std::optional<SearchGraph>> make_search_graph(const Model& model,
                                                     const UserItemMatrix& matrix,
                                                     const SearchGraphOptions& options,
                                                     ThreadPool& pool, Progress& progress);

// A safetensors file, for the snapshot `id`. Errors: io.
Result<void> save_search_graph(const SearchGraph& graph, std::uint64_t id, const std::string& path);
// Over the `vectors` that it was made of, which must outlive it; `options` say how to search.
// Errors: io, corrupt.
Result<SearchGraph> load_search_graph(MatrixView vectors, std::uint64_t id, const std::string& path,
                                      const SearchGraphOptions& options = {});

}  // namespace coseno
