// A nearly exact answer, by a walk over a graph that looks at few of the vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "math/matrix.h"
#include "math/top_k.h"
#include "retrieval/exact_retriever.h"
#include "retrieval/retriever.h"

namespace coseno {

// Hierarchical navigable small worlds: every row is a node with links to near rows; a sixteenth of
// them are nodes of a sparser layer too, a sixteenth of those of the next, and so on. A search goes
// greedily from the top layer down, and in the lowest one widens to the `width` best rows it has
// come to, until none of their neighbours is better than all of them.
//
// Rows are near by the cosine between them, and good by the inner product with the query. Other
// nearness was worse: of the vectors of 40,981 items by ials (Gowalla, dim 128; the queries are
// 1,000 of its users) a search with width 100 found of the 10 best
//
//   cosine                                        0.997 in 53 us
//   inner product (ip-NSW)                        0.977 in 53 us
//   Euclid, all rows brought to one length by
//   an added dimension (Bachrach et al.)          0.855 in 39 us; 0.938 in 144 us with width 400
//
// since a few long rows take all links by inner product, and beside them all others are as good as
// in one place once one dimension is added. The ExactRetriever takes 77 us there.
//
// A trap: what it finds depends on the vectors. Of 60,000 x 128 drawn without any structure
// (bench/scan.cc, uneven) the defaults find 0.38, at 95 us where the scan takes 81. So compare it
// with exact() on queries of one's own before it serves.
//
// A walk that finds fewer than k rows which pass the filter, or that has scored more than
// `walk_share` of all rows, gives way to the ExactRetriever inside. So k rows come back whenever k
// match, selective filters get exact answers, and so does everything where rows are few.
//
// hnswlib makes the graphs, each of them row after row by one thread: with several its order would
// be a matter of chance, and so would the answers. So rows are dealt out to several graphs where
// they are many, of which threads make one each, and a search asks all of them; how many they are
// is a matter of the rows alone. What follows is ours: of hnswlib 0.6.2 a search knows no filter,
// allocates, counts its steps in a variable that all threads write to, and the compiler's flags
// rather than the processor say how it multiplies. Nor does it keep the vectors: the graph names
// rows.
//
// Source: Malkov and Yashunin, TPAMI 2020. Rejected: Morozov and Babenko, NeurIPS 2018 (ip-NSW);
// Bachrach et al., RecSys 2014 (the added dimension). Links by cosine are a part of Liu et al.,
// AAAI 2020 (ip-NSW+).
class HnswRetriever {
 public:
  struct Options {
    // On the vectors above, where these have recall 0.991 in 34 us, from a graph that took 4.7 s of
    // one thread and has 68 bytes a row. Behind each what another value has.
    int links = 16;         // in [2, 128]; 12: 0.989 in 36 us; 24: 0.995 in 54 us, 72 bytes
    int build_width = 200;  // in [links, 10000]; 100: 0.981 in 44 us, 3.0 s
    int width = 64;  // or k where it is larger; in [1, 100000]; 32: 0.971 in 20 us; 100: 0.997
    // A row costs 0.05 us in a walk and 0.002 us in a scan: a walk that is in vain costs about as
    // much as the scan that comes after it, or somewhat more.
    double walk_share = 0.03;  // of all rows; in [0, 1]
    std::uint64_t seed = 1;    // of the layers
    // At most, in [1000, 2^32 - 1]. With more graphs more threads make them, and a search takes
    // more steps.
    std::size_t rows_a_graph = 300'000;
  };

  // A layer of a graph. Its nodes are numbered by rising row.
  struct Layer {
    std::vector<std::uint32_t> rows;  // of each node; empty in the lowest layer, which has all
    std::vector<std::uint64_t> begin = {0};  // n_nodes + 1, into links
    std::vector<std::uint32_t> links;        // nodes

    std::span<const std::uint32_t> links_of(std::uint32_t node) const {
      return std::span(links).subspan(begin[node], begin[node + 1] - begin[node]);
    }
  };

  // Has rows first, first + stride, first + 2 stride, ...
  struct Graph {
    std::uint32_t first = 0;
    std::uint32_t stride = 1;
    std::uint32_t entry_row = 0;  // in all layers
    std::vector<Layer> layers;    // the lowest first

    std::uint32_t row(std::size_t layer, std::uint32_t node) const {
      return layer == 0 ? first + node * stride : layers[layer].rows[node];
    }
    std::uint32_t node(std::size_t layer, std::uint32_t row) const;
  };

  // Of one thread; may be used again and again, and with several retrievers.
  class Scratch {
   public:
    // Rows that the last search looked at; all of them where it was an exact one.
    std::size_t n_scored() const { return n_scored_; }

   private:
    friend class HnswRetriever;
    void forget(std::size_t n_rows);
    bool see(std::uint32_t row);

    ExactRetriever::Scratch exact_;
    std::vector<Scored> found_;          // of all graphs
    std::vector<Scored> best_;           // of one of them
    std::vector<Scored> candidates_;     // a heap, the best in front
    std::vector<std::uint32_t> unseen_;  // neighbours of one row
    std::vector<std::uint16_t> marks_;   // one a row: mark_ where it has been seen
    std::uint16_t mark_ = 0;
    std::size_t n_scored_ = 0;
  };

  // Without a graph: every search is exact. A view of `vectors` is kept: they must outlive this
  // object. At most 2^32 - 1 rows.
  explicit HnswRetriever(MatrixView vectors) : HnswRetriever(vectors, Options(), nullptr) {}
  // None of the vectors may be longer than 10^18. The same vectors and options give the same
  // graphs, with any `pool`. Errors: invalid_argument (options), unavailable (memory), cancelled.
  static Result<HnswRetriever> build(MatrixView vectors, const Options& options, ThreadPool& pool,
                                     Progress& progress);
  // From graphs that build() made of the same vectors. Errors: corrupt where they cannot be that.
  static Result<HnswRetriever> assemble(MatrixView vectors, const Options& options,
                                        std::vector<Graph> graphs);

  MatrixView vectors() const { return vectors_; }
  std::size_t n_rows() const { return vectors_.n_rows; }
  std::size_t dim() const { return vectors_.dim; }
  // Without the float32 vectors.
  std::size_t size_bytes() const;
  const ExactRetriever& exact() const { return exact_; }
  const std::vector<Graph>& graphs() const { return graphs_; }

  // As retriever.h says.
  std::span<const Scored> top(const RetrieverRequest& request, Scratch& scratch) const;

 private:
  class Builder;

  HnswRetriever(MatrixView vectors, const Options& options, ThreadPool* pool);

  std::size_t most_scored() const;
  std::size_t width_for(std::size_t k) const;
  bool is_worth_a_walk(const RetrieverRequest& request, std::size_t width) const;
  Scored score(std::span<const float> query, std::uint32_t row) const;
  Scored climb(const Graph& graph, std::size_t layer, std::span<const float> query, Scored from,
               Scratch& scratch) const;
  bool walk(const Graph& graph, const RetrieverRequest& request, std::size_t width,
            Scratch& scratch) const;

  MatrixView vectors_;
  ExactRetriever exact_;
  std::size_t width_;
  double walk_share_;
  std::vector<Graph> graphs_;  // none where every search is exact
};

}  // namespace coseno
