#include "retrieval/hnsw_retriever.h"

// Without instructions of its own hnswlib reads nothing past the end of lists, which its prefetches
// do; distances are ours.
#define NO_MANUAL_VECTORIZATION  // NOLINT(readability-identifier-naming): a name of hnswlib
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "base/check.h"
#include "math/kernels.h"
#include "retrieval/row_search.h"

namespace coseno {
namespace {

// Rows inserted between two looks at the progress: some 10 milliseconds.
constexpr std::size_t kRowsInBlock = 64;

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
  return require("walk_share", options.walk_share, 0, 1);
}

bool passes(const RowFilter& filter, std::uint32_t row) {
  return is_allowed(filter, row) && !std::ranges::binary_search(filter.excluded, row);
}

bool is_worse(const Scored& a, const Scored& b) { return is_better(b, a); }

}  // namespace

// Has hnswlib make the graph, and takes it over.
class HnswRetriever::Builder {
 public:
  // Throws what hnswlib throws.
  Builder(MatrixView vectors, const Options& options)
      : points_(points_of(vectors)),
        space_(vectors),
        graph_(&space_, vectors.n_rows, static_cast<std::size_t>(options.links),
               static_cast<std::size_t>(options.build_width), options.seed) {}

  // False where it was cancelled.
  bool insert_all(Progress& progress) {
    for (const Point& point : points_) {
      if (point.row % kRowsInBlock == 0) {
        if (progress.cancelled()) return false;
        progress.report("building hnsw", point.row, points_.size(), "");
      }
      graph_.addPoint(&point, point.row);
    }
    progress.report("building hnsw", points_.size(), points_.size(), "");
    return true;
  }

  // hnswlib numbers rows in the order of insertion, which is ours.
  void finish(HnswRetriever& retriever) const {
    for (int level = 0; level <= graph_.maxlevel_; ++level) {
      retriever.layers_.push_back(layer(level));
    }
    retriever.entry_row_ = graph_.enterpoint_node_;
  }

 private:
  Layer layer(int level) const {
    Layer layer;
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < points_.size(); ++row) {
      if (graph_.element_levels_[row] >= level) rows.push_back(row);
    }
    if (level > 0) layer.rows = rows;
    for (const std::uint32_t row : rows) {
      hnswlib::linklistsizeint* const list = graph_.get_linklist_at_level(row, level);
      for (const std::uint32_t linked : std::span(list + 1, graph_.getListCount(list))) {
        layer.links.push_back(layer.node(linked));
      }
      layer.begin.push_back(layer.links.size());
    }
    layer.links.shrink_to_fit();
    return layer;
  }

  std::vector<Point> points_;
  Space space_;
  hnswlib::HierarchicalNSW<float> graph_;
};

std::uint32_t HnswRetriever::Layer::node(std::uint32_t row) const {
  if (rows.empty()) return row;
  return static_cast<std::uint32_t>(std::ranges::lower_bound(rows, row) - rows.begin());
}

HnswRetriever::HnswRetriever(MatrixView vectors, const Options& options, ThreadPool& pool)
    : vectors_(vectors),
      exact_(vectors, &pool),
      width_(static_cast<std::size_t>(options.width)),
      walk_share_(options.walk_share) {}

Result<HnswRetriever> HnswRetriever::build(MatrixView vectors, const Options& options,
                                           ThreadPool& pool, Progress& progress) {
  COSENO_TRY(check(options));
  HnswRetriever retriever(vectors, options, pool);
  if (retriever.width_ > retriever.most_scored()) return retriever;
  try {
    Builder builder(vectors, options);
    if (!builder.insert_all(progress)) return make_error(ErrorCode::cancelled, "cancelled");
    builder.finish(retriever);
  } catch (const std::exception& error) {
    return make_error(ErrorCode::unavailable, "hnsw: {}", error.what());
  }
  return retriever;
}

std::size_t HnswRetriever::size_bytes() const {
  std::size_t size = exact_.size_bytes();
  for (const Layer& layer : layers_) {
    size += (layer.rows.size() + layer.links.size()) * sizeof(std::uint32_t) +
            layer.begin.size() * sizeof(std::uint64_t);
  }
  return size;
}

std::span<const Scored> HnswRetriever::top(const RetrieverRequest& request,
                                           Scratch& scratch) const {
  check_filter(request.filter, n_rows());
  COSENO_CHECK(request.vector.size() == dim());
  const std::size_t k = std::min(request.k, n_rows());
  const std::size_t width = std::max(k, width_);
  if (layers_.empty() || width > most_scored() || !walk(request, width, scratch) ||
      scratch.best_.size() < k) {
    scratch.n_scored_ = n_rows();
    return exact_.top(request, scratch.exact_);
  }
  std::ranges::sort_heap(scratch.best_, is_better);
  return std::span(scratch.best_).first(k);
}

std::size_t HnswRetriever::most_scored() const {
  return static_cast<std::size_t>(walk_share_ * static_cast<double>(n_rows()));
}

Scored HnswRetriever::score(std::span<const float> query, std::uint32_t row) const {
  return {row, dot(query, vectors_.row(row))};
}

// Goes on to the best neighbour until none is better.
Scored HnswRetriever::climb(const Layer& layer, std::span<const float> query, Scored from,
                            Scratch& scratch) const {
  while (true) {
    Scored best = from;
    for (const std::uint32_t node : layer.links_of(layer.node(from.index))) {
      const Scored next = score(query, layer.row(node));
      ++scratch.n_scored_;
      if (is_better(next, best)) best = next;
    }
    if (best == from) return best;
    from = best;
  }
}

// Leaves the best rows in scratch.best_. False where it came to too many.
bool HnswRetriever::walk(const RetrieverRequest& request, std::size_t width,
                         Scratch& scratch) const {
  const std::size_t most = most_scored();
  std::vector<Scored>& candidates = scratch.candidates_;
  BestRows best(width, scratch.best_);
  scratch.forget(n_rows());
  candidates.clear();
  const auto add = [&](Scored scored) {
    // Not where it is equal: a neighbour may have a lower number.
    if (scored.score < best.threshold()) return;
    candidates.push_back(scored);
    std::ranges::push_heap(candidates, is_worse);
    if (passes(request.filter, scored.index)) best.offer(scored);
  };
  Scored entry = score(request.vector, entry_row_);
  for (std::size_t l = layers_.size() - 1; l > 0; --l) {
    entry = climb(layers_[l], request.vector, entry, scratch);
  }
  scratch.see(entry.index);
  add(entry);

  while (!candidates.empty() && !(candidates.front().score < best.threshold())) {
    const std::uint32_t from = candidates.front().index;
    std::ranges::pop_heap(candidates, is_worse);
    candidates.pop_back();
    scratch.unseen_.clear();
    for (const std::uint32_t row : layers_.front().links_of(from)) {
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
