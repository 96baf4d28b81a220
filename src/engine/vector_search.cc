#include "engine/vector_search.h"

#include <Eigen/Dense>
#include <algorithm>
#include <bit>
#include <cmath>

#include "math/kernels.h"
#include "retrieval/retriever.h"

namespace coseno {
namespace {

constexpr std::size_t kGramRows = 1024;

// More items of the largest products than are asked for: the further down they go, the fewer others
// could still come near the n-th best with what the rest gives them. In a large catalogue there are
// more of those: with 50 more, 1,000,000 items took twice as long as with 500; 41,000 items took
// half as long with 50 as with 200.
constexpr std::size_t kMoreHits = 50;
constexpr std::size_t kRowsAHit = 2000;

// So that a bound in another order of rounding never hides an item.
constexpr float kSlack = 1e-5F;

// Leaves the n best, and returns the score of the last of them; kNeverScore of fewer.
float keep_best(std::size_t n, std::vector<Scored>& scored) {
  if (scored.size() < n) return kNeverScore;
  const auto last = scored.begin() + static_cast<std::ptrdiff_t>(n) - 1;
  std::ranges::nth_element(scored, last, is_better);
  scored.resize(n);
  return scored.back().score;
}

}  // namespace

VectorSearch::VectorSearch(MatrixView vectors)
    : vectors_(vectors), retriever_(vectors), mean_(vectors.dim), gram_(vectors.dim * vectors.dim) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto dim = static_cast<Eigen::Index>(vectors.dim);
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(dim);
  Eigen::Map<Eigen::MatrixXd> gram(gram_.data(), dim, dim);
  // Blocks keep the sums in float32 short; over blocks they are taken in double.
  for (std::size_t begin = 0; begin < vectors.n_rows; begin += kGramRows) {
    const auto n = static_cast<Eigen::Index>(std::min(kGramRows, vectors.n_rows - begin));
    const Eigen::Map<const Rows> block(vectors.data + begin * vectors.dim, n, dim);
    sum += block.colwise().sum().transpose().cast<double>();
    gram += Eigen::MatrixXf(block.transpose() * block).cast<double>();
  }
  const auto n = static_cast<double>(std::max<std::size_t>(vectors.n_rows, 1));
  for (Eigen::Index a = 0; a < dim; ++a) {
    mean_[static_cast<std::size_t>(a)] = static_cast<float>(sum[a] / n);
  }
  gram /= n;
}

std::span<const Scored> VectorSearch::top(const Request& request, Scratch& scratch) const {
  const std::span<const float> u = request.vector;
  const double mean = dot(u, mean_);
  double square = 0;
  for (std::size_t a = 0; a < vectors_.dim; ++a) {
    double sum = 0;
    for (std::size_t b = 0; b < vectors_.dim; ++b) sum += gram_[a * vectors_.dim + b] * u[b];
    square += u[a] * sum;
  }
  const double variance = square - mean * mean;
  const double scale = variance > 1e-12 * mean * mean ? request.weight / std::sqrt(variance) : 0;
  const auto total = [&](float product, std::size_t i) {
    return static_cast<float>((product - mean) * scale) + request.rest[i];
  };

  const std::size_t n_words = request.allowed.size();
  const std::size_t n_hits = 2 * request.n + kMoreHits + vectors_.n_rows / kRowsAHit;
  scratch.done.assign(n_words, 0);
  std::vector<Scored>& found = scratch.found;
  found.clear();
  const std::span<const Scored> hits = retriever_.top(
      {.vector = u, .k = n_hits, .filter = {.allowed = request.allowed}}, scratch.retriever);
  for (const Scored& hit : hits) {
    found.push_back({hit.index, total(hit.score, hit.index)});
    scratch.done[hit.index / 64] |= std::uint64_t{1} << (hit.index % 64);
  }
  // What no item beside the hits has more of, and the least score that still counts.
  const bool has_all = hits.size() < n_hits;
  const float most = has_all ? 0 : static_cast<float>((hits.back().score - mean) * scale) + kSlack;
  float least = keep_best(request.n, found);

  for (std::size_t w = 0; w < n_words; ++w) {
    for (std::uint64_t bits = request.allowed[w] & ~scratch.done[w]; bits != 0; bits &= bits - 1) {
      const std::size_t i = w * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const auto number = static_cast<std::uint32_t>(i);
      if (i >= vectors_.n_rows) {
        if (request.rest[i] >= least) found.push_back({number, request.rest[i]});
      } else if (!has_all && most + request.rest[i] >= least) {
        const float score = total(dot(vectors_.row(i), u), i);
        if (score >= least) found.push_back({number, score});
      }
      if (found.size() >= 3 * request.n) least = keep_best(request.n, found);
    }
  }
  keep_best(request.n, found);
  std::ranges::sort(found, is_better);
  return found;
}

}  // namespace coseno
