#include "engine/vector_search.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <utility>

#include "math/kernels.h"

namespace coseno {
namespace {

constexpr std::size_t kGramRows = 1024;

// More items of the largest products than are asked for: the further down they go, the fewer others
// could still come near the n-th best with what is live.
constexpr std::size_t kMoreHits = 50;

// So that a bound in another order of rounding never hides an item.
constexpr float kSlack = 1e-5F;

// The best of what is offered.
class BestItems {
 public:
  BestItems(const ItemChoice& choice, SearchScratch& scratch)
      : choice_(choice), done_(scratch.done), found_(scratch.found) {
    done_.assign(choice.allowed.size(), 0);
    found_.clear();
  }

  // True the first time that it is asked of an item that may be.
  bool take(std::uint32_t item) {
    const std::uint64_t bit = std::uint64_t{1} << (item % 64);
    if ((choice_.allowed[item / 64] & ~done_[item / 64] & bit) == 0) return false;
    done_[item / 64] |= bit;
    return true;
  }

  // An item with less is none of the best.
  float least() const { return least_; }

  void offer(Scored scored) {
    if (scored.score < least_) return;
    found_.push_back(scored);
    if (found_.size() >= 3 * choice_.n || (found_.size() == choice_.n && least_ == kNeverScore)) {
      keep_best();
    }
  }

  std::span<const Scored> sorted() {
    keep_best();
    std::ranges::sort(found_, is_better);
    return found_;
  }

 private:
  void keep_best() {
    if (found_.size() < choice_.n) return;
    const auto last = found_.begin() + static_cast<std::ptrdiff_t>(choice_.n) - 1;
    std::ranges::nth_element(found_, last, is_better);
    found_.resize(choice_.n);
    least_ = found_.back().score;
  }

  const ItemChoice& choice_;
  std::vector<std::uint64_t>& done_;
  std::vector<Scored>& found_;
  float least_ = kNeverScore;
};

}  // namespace

std::span<const Scored> best_of(const LiveScores& scores, const ItemChoice& choice,
                                SearchScratch& scratch) {
  BestItems best(choice, scratch);
  scores.for_each_above([&] { return best.least(); },
                        [&](std::uint32_t item) {
                          if (best.take(item)) best.offer({item, scores.at(item)});
                        });
  return best.sorted();
}

VectorSearch::VectorSearch(HnswRetriever retriever)
    : vectors_(retriever.vectors()),
      retriever_(std::move(retriever)),
      mean_(vectors_.dim),
      gram_(vectors_.dim * vectors_.dim) {
  const MatrixView vectors = vectors_;
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

SearchQuery VectorSearch::query(std::vector<float> vector) const {
  const double mean = dot(vector, mean_);
  double square = 0;
  for (std::size_t a = 0; a < vectors_.dim; ++a) {
    double sum = 0;
    for (std::size_t b = 0; b < vectors_.dim; ++b) sum += gram_[a * vectors_.dim + b] * vector[b];
    square += vector[a] * sum;
  }
  return {std::move(vector), mean, square - mean * mean};
}

std::span<const Scored> VectorSearch::top(const SearchQuery& query, float weight,
                                          const LiveScores& live, const ItemChoice& choice,
                                          SearchScratch& scratch) const {
  const std::span<const float> vector = query.vector;
  const double mean = query.mean;
  const double scale =
      query.variance > 1e-12 * mean * mean ? weight / std::sqrt(query.variance) : 0;
  const auto by_model = [&](float product) { return static_cast<float>((product - mean) * scale); };

  const std::size_t n_hits = choice.n + kMoreHits;
  BestItems best(choice, scratch);
  const std::span<const Scored> hits = retriever_.top(
      {.vector = vector, .k = n_hits, .filter = {.allowed = choice.allowed}}, scratch.retriever);
  for (const Scored& hit : hits) {
    best.take(hit.index);
    best.offer({hit.index, by_model(hit.score) + live.at(hit.index)});
  }
  const auto visit = [&](std::uint32_t item) {
    if (!best.take(item)) return;
    const float known = item < vectors_.n_rows ? by_model(dot(vectors_.row(item), vector)) : 0;
    best.offer({item, known + live.at(item)});
  };
  if (hits.size() < n_hits) {
    // All that the model knows were hits.
    for (std::size_t i = vectors_.n_rows; i < live.n_items(); ++i) {
      visit(static_cast<std::uint32_t>(i));
    }
    return best.sorted();
  }
  // What no item beside the hits has more of; 0 for those that the model does not know.
  const float most = std::max(0.0F, by_model(hits.back().score) + kSlack);
  live.for_each_above([&] { return best.least() - most; }, visit);
  return best.sorted();
}

}  // namespace coseno
