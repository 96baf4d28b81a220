#include "retrieval/hnsw_retriever.h"

// Without instructions of its own hnswlib reads nothing past the end of lists, which its prefetches
// do; distances are ours.
#define NO_MANUAL_VECTORIZATION  // NOLINT(readability-identifier-naming): a name of hnswlib
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <exception>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/huge_pages.h"
#include "math/kernels.h"
#include "retrieval/row_search.h"

namespace coseno {
namespace {

// Rows inserted between two looks at the progress: some 10 milliseconds.
constexpr std::size_t kRowsInBlock = 64;

// Rows that a walk looks at for each that it keeps, about.
constexpr double kScoredAWidth = 20;

// A row in hnswlib's hands: what a distance needs, in place of the vector, which would be copied.
struct Point {
  std::uint32_t row;
  float inverse_length;  // 0 of a row of zeros
};

float minus_cosine(const void* a, const void* b, const void* vectors) {
  const auto& p = *static_cast<const Point*>(a);
  const auto& q = *static_cast<const Point*>(b);
  const auto& rows = *static_cast<const MatrixView*>(vectors);
  return -dot(rows.row(p.row), rows.row(q.row)) * p.inverse_length * q.inverse_length;
}

class Space : public hnswlib::SpaceInterface<float> {
 public:
  explicit Space(MatrixView vectors) : vectors_(vectors) {}

  std::size_t get_data_size() override { return sizeof(Point); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return minus_cosine; }
  void* get_dist_func_param() override { return &vectors_; }

 private:
  MatrixView vectors_;
};

std::vector<Point> points_of(MatrixView vectors) {
  std::vector<Point> points(vectors.n_rows);
  for (std::uint32_t row = 0; row < points.size(); ++row) {
    const float length = std::sqrt(dot(vectors.row(row), vectors.row(row)));
    COSENO_CHECK(std::isfinite(length));
    points[row] = {row, length > 0 ? 1 / length : 0};
  }
  return points;
}

Result<void> check(const HnswRetriever::Options& options) {
  const auto require = [](const char* name, double value, double min, double max) -> Result<void> {
    if (value >= min && value <= max) return {};
    return invalid_argument("hnsw: {} must be in [{}, {}], not {}", name, min, max, value);
  };
  COSENO_TRY(require("links", options.links, 2, 128));
  COSENO_TRY(require("build_width", options.build_width, options.links, 10000));
  COSENO_TRY(require("width", options.width, 1, 100000));
  COSENO_TRY(require("rows_a_graph", static_cast<double>(options.rows_a_graph), 1000, 4294967295));
  return require("walk_share", options.walk_share, 0, 1);
}

bool passes(const RowFilter& filter, std::uint32_t row) {
  return is_allowed(filter, row) && !std::ranges::binary_search(filter.excluded, row);
}

bool is_worse(const Scored& a, const Scored& b) { return is_better(b, a); }

}  // namespace

// Has hnswlib make one graph, and takes it over.
class HnswRetriever::Builder {
 public:
  // `points` and `vectors` are those of all rows. Throws what hnswlib throws.
  Builder(MatrixView vectors, std::span<const Point> points, const Options& options,
          std::uint32_t first, std::uint32_t stride)
      : points_(points),
        first_(first),
        stride_(stride),
        space_(vectors),
        graph_(&space_, n_nodes(), static_cast<std::size_t>(options.links),
               static_cast<std::size_t>(options.build_width), options.seed + first) {}

  std::uint32_t n_nodes() const {
    return (static_cast<std::uint32_t>(points_.size()) - first_ + stride_ - 1) / stride_;
  }

  // Calls inserted(n) after each n rows; ends where that is false.
  template <class Inserted>
  bool insert_all(const Inserted& inserted) {
    for (std::uint32_t node = 0; node < n_nodes(); ++node) {
      if (node % kRowsInBlock == 0 && !inserted(kRowsInBlock)) return false;
      graph_.addPoint(&points_[first_ + node * stride_], node);
    }
    return true;
  }

  // hnswlib numbers rows in the order of insertion, which is ours.
  Graph graph() const {
    Graph graph;
    graph.first = first_;
    graph.stride = stride_;
    graph.entry_row = first_ + graph_.enterpoint_node_ * stride_;
    for (int level = 0; level <= graph_.maxlevel_; ++level) graph.layers.push_back(layer(level));
    return graph;
  }

 private:
  Layer layer(int level) const {
    Layer layer;
    std::vector<std::uint32_t> nodes;  // of the lowest layer
    for (std::uint32_t node = 0; node < n_nodes(); ++node) {
      if (graph_.element_levels_[node] >= level) nodes.push_back(node);
    }
    for (const std::uint32_t node : nodes) {
      if (level > 0) layer.rows.push_back(first_ + node * stride_);
      hnswlib::linklistsizeint* const list = graph_.get_linklist_at_level(node, level);
      for (const std::uint32_t linked : std::span(list + 1, graph_.getListCount(list))) {
        layer.links.push_back(
            static_cast<std::uint32_t>(std::ranges::lower_bound(nodes, linked) - nodes.begin()));
      }
      layer.begin.push_back(layer.links.size());
    }
    layer.links.shrink_to_fit();
    return layer;
  }

  std::span<const Point> points_;
  std::uint32_t first_;
  std::uint32_t stride_;
  Space space_;
  hnswlib::HierarchicalNSW<float> graph_;
};

std::uint32_t HnswRetriever::Graph::node(std::size_t layer, std::uint32_t row) const {
  if (layer == 0) return (row - first) / stride;
  const std::vector<std::uint32_t>& rows = layers[layer].rows;
  return static_cast<std::uint32_t>(std::ranges::lower_bound(rows, row) - rows.begin());
}

HnswRetriever::HnswRetriever(MatrixView vectors, const Options& options, ThreadPool* pool)
    : vectors_(vectors),
      exact_(vectors, pool),
      width_(static_cast<std::size_t>(options.width)),
      walk_share_(options.walk_share) {}

Result<HnswRetriever> HnswRetriever::build(MatrixView vectors, const Options& options,
                                           ThreadPool& pool, Progress& progress) {
  COSENO_TRY(check(options));
  HnswRetriever retriever(vectors, options, &pool);
  if (retriever.width_ > retriever.most_scored()) return retriever;
  const std::size_t n = vectors.n_rows;
  const auto n_graphs =
      static_cast<std::uint32_t>((n + options.rows_a_graph - 1) / options.rows_a_graph);
  const std::vector<Point> points = points_of(vectors);
  std::vector<Graph> graphs(n_graphs);
  std::vector<std::string> troubles(n_graphs);
  std::atomic<std::size_t> n_inserted = 0;
  pool.parallel_for(n_graphs, 1, [&](std::size_t begin, std::size_t end, int worker) {
    for (std::size_t g = begin; g < end; ++g) {
      try {
        Builder builder(vectors, points, options, static_cast<std::uint32_t>(g), n_graphs);
        const bool is_whole = builder.insert_all([&](std::size_t more) {
          const std::size_t now = n_inserted += more;
          // Progress is told by the thread that was called alone.
          if (worker == 0) progress.report("building hnsw", std::min(now, n), n, "");
          return !progress.cancelled();
        });
        if (is_whole) graphs[g] = builder.graph();
      } catch (const std::exception& error) {
        troubles[g] = error.what();
      }
    }
  });
  if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  for (const std::string& trouble : troubles) {
    if (!trouble.empty()) return make_error(ErrorCode::unavailable, "hnsw: {}", trouble);
  }
  progress.report("building hnsw", n, n, "");
  retriever.graphs_ = std::move(graphs);
  return retriever;
}

namespace {

// What a walk relies on: that every number is one of something there is.
bool is_sound(const HnswRetriever::Graph& graph, std::size_t n_rows) {
  const auto is_own = [&](std::uint32_t row) {
    return row < n_rows && row >= graph.first && (row - graph.first) % graph.stride == 0;
  };
  if (graph.layers.empty() || !is_own(graph.entry_row)) return false;
  for (std::size_t l = 0; l < graph.layers.size(); ++l) {
    const HnswRetriever::Layer& layer = graph.layers[l];
    const std::size_t n_nodes =
        l > 0 ? layer.rows.size() : (n_rows - graph.first + graph.stride - 1) / graph.stride;
    if (layer.begin.size() != n_nodes + 1 || layer.begin.front() != 0 ||
        layer.begin.back() != layer.links.size() || !std::ranges::is_sorted(layer.begin) ||
        !std::ranges::is_sorted(layer.rows) || !std::ranges::all_of(layer.rows, is_own) ||
        std::ranges::any_of(layer.links, [&](std::uint32_t node) { return node >= n_nodes; })) {
      return false;
    }
    if (l > 0 && !std::ranges::binary_search(layer.rows, graph.entry_row)) return false;
    // Each of a layer is in the one below.
    if (l > 1 && !std::ranges::includes(graph.layers[l - 1].rows, layer.rows)) return false;
  }
  return true;
}

}  // namespace

Result<HnswRetriever> HnswRetriever::assemble(MatrixView vectors, const Options& options,
                                              std::vector<Graph> graphs) {
  COSENO_TRY(check(options));
  for (std::size_t g = 0; g < graphs.size(); ++g) {
    if (graphs[g].first != g || graphs[g].stride != graphs.size() ||
        graphs.size() > vectors.n_rows || !is_sound(graphs[g], vectors.n_rows)) {
      return make_error(ErrorCode::corrupt, "hnsw: graph {} is none of these vectors", g);
    }
  }
  HnswRetriever retriever(vectors, options, nullptr);
  retriever.graphs_ = std::move(graphs);
  // A walk reads rows here and there, and each is on another page.
  if (!retriever.graphs_.empty()) {
    prefer_huge_pages(vectors.data, vectors.n_rows * vectors.dim * sizeof(float));
  }
  return retriever;
}

std::size_t HnswRetriever::size_bytes() const {
  std::size_t size = exact_.size_bytes();
  for (const Graph& graph : graphs_) {
    for (const Layer& layer : graph.layers) {
      size += (layer.rows.size() + layer.links.size()) * sizeof(std::uint32_t) +
              layer.begin.size() * sizeof(std::uint64_t);
    }
  }
  return size;
}

std::span<const Scored> HnswRetriever::top(const RetrieverRequest& request,
                                           Scratch& scratch) const {
  check_filter(request.filter, n_rows());
  COSENO_CHECK(request.vector.size() == dim());
  const std::size_t k = std::min(request.k, n_rows());
  const std::size_t width = width_for(k);
  bool is_found = is_worth_a_walk(request, width);
  if (is_found) scratch.forget(n_rows());
  scratch.found_.clear();
  for (std::size_t g = 0; g < graphs_.size() && is_found; ++g) {
    is_found = walk(graphs_[g], request, width, scratch);
    scratch.found_.insert(scratch.found_.end(), scratch.best_.begin(), scratch.best_.end());
  }
  if (!is_found || scratch.found_.size() < k) {
    scratch.n_scored_ = n_rows();
    return exact_.top(request, scratch.exact_);
  }
  std::ranges::sort(scratch.found_, is_better);
  return std::span(scratch.found_).first(k);
}

std::size_t HnswRetriever::most_scored() const {
  return static_cast<std::size_t>(walk_share_ * static_cast<double>(n_rows()));
}

// Of the k best rows each graph has about as many, since they are dealt out: its share, and three
// deviations.
std::size_t HnswRetriever::width_for(std::size_t k) const {
  const auto n_graphs = std::max<std::size_t>(1, graphs_.size());
  const double share = static_cast<double>(k) / static_cast<double>(n_graphs);
  const auto wide = static_cast<std::size_t>(std::ceil(share + 3 * std::sqrt(share)));
  // Several together find what is missed by one.
  const auto least = static_cast<double>(width_) / std::sqrt(static_cast<double>(n_graphs));
  return std::max(static_cast<std::size_t>(least), std::min(k, wide));
}

// The rarer rows are that pass, the more a walk looks at until it has its width of them.
bool HnswRetriever::is_worth_a_walk(const RetrieverRequest& request, std::size_t width) const {
  if (graphs_.empty()) return false;
  double share = 1;
  if (!request.filter.allowed.empty()) {
    std::size_t n_allowed = 0;
    for (const std::uint64_t word : request.filter.allowed) {
      n_allowed += static_cast<std::size_t>(std::popcount(word));
    }
    share = static_cast<double>(n_allowed) / static_cast<double>(n_rows());
  }
  return kScoredAWidth * static_cast<double>(width * graphs_.size()) <=
         share * static_cast<double>(most_scored());
}

Scored HnswRetriever::score(std::span<const float> query, std::uint32_t row) const {
  return {row, dot(query, vectors_.row(row))};
}

// Goes on to the best neighbour until none is better.
Scored HnswRetriever::climb(const Graph& graph, std::size_t layer, std::span<const float> query,
                            Scored from, Scratch& scratch) const {
  while (true) {
    Scored best = from;
    for (const std::uint32_t node : graph.layers[layer].links_of(graph.node(layer, from.index))) {
      const Scored next = score(query, graph.row(layer, node));
      ++scratch.n_scored_;
      if (is_better(next, best)) best = next;
    }
    if (best == from) return best;
    from = best;
  }
}

// Leaves the best rows of the graph in scratch.best_. False where all walks together came to too
// many.
bool HnswRetriever::walk(const Graph& graph, const RetrieverRequest& request, std::size_t width,
                         Scratch& scratch) const {
  const std::size_t most = most_scored();
  std::vector<Scored>& candidates = scratch.candidates_;
  BestRows best(width, scratch.best_);
  candidates.clear();
  const auto add = [&](Scored scored) {
    // Not where it is equal: a neighbour may have a lower number.
    if (scored.score < best.threshold()) return;
    candidates.push_back(scored);
    std::ranges::push_heap(candidates, is_worse);
    if (passes(request.filter, scored.index)) best.offer(scored);
  };
  Scored entry = score(request.vector, graph.entry_row);
  for (std::size_t l = graph.layers.size() - 1; l > 0; --l) {
    entry = climb(graph, l, request.vector, entry, scratch);
  }
  scratch.see(entry.index);
  add(entry);

  while (!candidates.empty() && !(candidates.front().score < best.threshold())) {
    const std::uint32_t from = candidates.front().index;
    std::ranges::pop_heap(candidates, is_worse);
    candidates.pop_back();
    scratch.unseen_.clear();
    for (const std::uint32_t node : graph.layers.front().links_of(graph.node(0, from))) {
      const std::uint32_t row = graph.row(0, node);
      if (!scratch.see(row)) continue;
      prefetch(vectors_.row(row));
      scratch.unseen_.push_back(row);
    }
    scratch.n_scored_ += scratch.unseen_.size();
    if (scratch.n_scored_ > most) return false;
    for (const std::uint32_t row : scratch.unseen_) add(score(request.vector, row));
  }
  return true;
}

void HnswRetriever::Scratch::forget(std::size_t n_rows) {
  n_scored_ = 0;
  if (marks_.size() < n_rows) marks_.resize(n_rows);
  if (++mark_ == 0) {
    std::ranges::fill(marks_, std::uint16_t{0});
    mark_ = 1;
  }
}

// False where it has been seen since forget().
bool HnswRetriever::Scratch::see(std::uint32_t row) {
  if (marks_[row] == mark_) return false;
  marks_[row] = mark_;
  return true;
}

}  // namespace coseno
