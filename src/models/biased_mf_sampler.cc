#include "models/biased_mf_sampler.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/rng.h"
#include "math/kernels.h"

namespace coseno {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Rows a block of a parallel loop: about 50 microseconds of work.
constexpr std::size_t kBlock = 32;
// Rows a partial sum of the scatter matrix.
constexpr std::size_t kScatterBlock = 1024;
// Ratings gathered at a time, so that scratch memory does not grow with the longest history.
constexpr std::size_t kGather = 256;
// Standard deviation of the first vectors' elements, in units of the ratings' deviation: with 0.1
// the chain leaves the origin only after some 40 rounds, with 0.3 in the first.
constexpr float kFirstDeviation = 0.3F;

using Normal = boost::random::normal_distribution<float>;

// One of `n` for `shape` and `rate`.
double draw_gamma(Rng& rng, double shape, double rate) {
  return boost::random::gamma_distribution<double>(shape, 1.0 / rate)(rng);
}

// Sparse rows of (column, weight), or of (who, rating).
class SparseRows {
 public:
  SparseRows() = default;
  explicit SparseRows(std::size_t n_rows) { begin_.reserve(n_rows + 1); }

  std::size_t n_rows() const { return begin_.size() - 1; }
  std::span<const RowWeight> row(std::size_t i) const {
    return std::span(entries_).subspan(begin_[i], begin_[i + 1] - begin_[i]);
  }

  void push(std::uint32_t column, float weight) { entries_.push_back({column, weight}); }
  void end_row() { begin_.push_back(entries_.size()); }

  SparseRows transposed(std::size_t n_columns) const;

 private:
  std::vector<RowWeight> entries_;
  std::vector<std::size_t> begin_{0};
};

SparseRows SparseRows::transposed(std::size_t n_columns) const {
  SparseRows result;
  result.begin_.assign(n_columns + 1, 0);
  for (const RowWeight& entry : entries_) ++result.begin_[entry.row + 1];
  for (std::size_t i = 0; i < n_columns; ++i) result.begin_[i + 1] += result.begin_[i];
  result.entries_.resize(entries_.size());
  std::vector<std::size_t> next(result.begin_.begin(), result.begin_.end() - 1);
  for (std::size_t i = 0; i < n_rows(); ++i) {
    for (const RowWeight& entry : row(i)) {
      result.entries_[next[entry.row]++] = {static_cast<std::uint32_t>(i), entry.weight};
    }
  }
  return result;
}

// The features that the prior of one side learns from: implicit ones first, then properties.
struct Design {
  SparseRows rows;                   // n x n_features
  SparseRows columns;                // n_features x n
  std::vector<std::uint32_t> group;  // of each feature
  std::size_t n_groups = 1;          // 0 is the implicit group
};

// Words of titles are for `content`: as features here they cost much and gain nothing.
bool is_word(const std::string& feature_name) { return feature_name.starts_with("word:"); }

// "genres=Drama" and "age<25.5" belong to "genres" and "age".
std::string property_of(const std::string& feature_name) {
  return feature_name.substr(0, feature_name.find_first_of("=<"));
}

// `n_others` implicit features, one for each of the other side that has rated or was rated.
Design make_design(const SparseRows& ratings, std::size_t n_others, const FeatureMatrix& features,
                   const FeatureEncoder& encoder) {
  Design design;
  design.group.assign(n_others, 0);
  std::vector<std::uint32_t> place(features.n_features(), 0);  // 0: not used
  std::map<std::string, std::uint32_t> groups;
  for (std::uint32_t f = 0; f < features.n_features(); ++f) {
    if (is_word(encoder.name(f))) continue;
    const auto next_group = static_cast<std::uint32_t>(groups.size() + 1);
    const std::uint32_t group =
        groups.try_emplace(property_of(encoder.name(f)), next_group).first->second;
    place[f] = static_cast<std::uint32_t>(design.group.size());
    design.group.push_back(group);
  }
  design.n_groups = groups.size() + 1;
  for (std::size_t i = 0; i < ratings.n_rows(); ++i) {
    const std::span<const RowWeight> row = ratings.row(i);
    const float weight = 1.0F / std::sqrt(static_cast<float>(row.size()));
    for (const RowWeight& entry : row) design.rows.push(entry.row, weight);
    for (const Feature& feature : features.row(i)) {
      if (place[feature.index] != 0) design.rows.push(place[feature.index], feature.weight);
    }
    design.rows.end_row();
  }
  design.columns = design.rows.transposed(design.group.size());
  return design;
}

// Users or items: their vectors, and the prior that these are drawn from.
class Side {
 public:
  // `ratings`: a row each, of (who on the other side, rating). `stream` keeps the random numbers of
  // the sides apart.
  Side(SparseRows ratings, Design design, std::size_t dim, std::uint64_t seed,
       std::uint64_t stream);

  std::size_t n() const { return ratings_.n_rows(); }
  // (vector, bias) of each, dim + 1 numbers padded: n x width.
  const Factors& vectors() const { return vectors_; }
  const Factors& weights() const { return weights_; }
  const std::vector<float>& mean() const { return mean_; }
  const std::vector<float>& precision() const { return precision_; }
  std::span<const RowWeight> ratings(std::size_t i) const { return ratings_.row(i); }

  // Draws (m, L), W and l given the vectors.
  void sample_prior(std::uint64_t round, ThreadPool& pool);

  // Draws all vectors given the other side and the noise: `precision_of(i, entry)` is that of the
  // rating `entry` of row i. `drawn(i, squared_error, rng)` is called for each, from any thread,
  // unless it is nullptr.
  template <class PrecisionOf, class Drawn>
  void sample_vectors(const Side& other, std::uint64_t round, ThreadPool& pool,
                      const PrecisionOf& precision_of, const Drawn& drawn);

 private:
  struct Scratch {
    std::vector<float> rows;  // kGather x width
    std::vector<float> weights;
    std::vector<float> targets;
    std::vector<float> predicted;
    std::vector<float> gram;   // width x width
    std::vector<float> right;  // width
  };

  std::size_t n_numbers() const { return dim_ + 1; }
  Rng rng(std::uint64_t round, std::uint64_t purpose, std::uint64_t unit) const {
    return Rng(seed_, (round * 2 + stream_) * 4 + purpose, unit);
  }

  void sample_mean_and_precision(Rng& rng, ThreadPool& pool);
  MatrixXd scatter(const VectorXd& mean_step, ThreadPool& pool) const;
  VectorXd mean_deviation(ThreadPool& pool);
  void sample_weights(std::uint64_t round, ThreadPool& pool);
  void sweep_lanes(std::size_t lanes, Rng rng, std::span<float> residuals,
                   std::span<float> weights) const;
  void sample_weight_precisions(Rng& rng, std::span<const double> squared_lengths);
  void update_prior_means(ThreadPool& pool);
  void gather(const Side& other, std::size_t i, std::size_t from, std::size_t to,
              Scratch& scratch) const;
  double squared_error(const Side& other, std::size_t i, Scratch& scratch) const;

  SparseRows ratings_;
  Design design_;
  std::size_t dim_;
  std::size_t width_;  // padded(dim + 1)
  std::uint64_t seed_;
  std::uint64_t stream_;

  Factors vectors_;                        // n x width
  Factors prior_means_;                    // n x width: m + W x
  Factors weights_;                        // n_features x width: W
  std::vector<float> mean_;                // width: m
  std::vector<float> precision_;           // width x width: L
  std::vector<float> root_columns_;        // width x width: U'
  std::vector<float> root_;                // width x width: U, L = U'U
  std::vector<double> weight_precisions_;  // n_groups: l
  std::vector<float> squared_weights_;     // n_features: sum of the feature's squared weights
};

Side::Side(SparseRows ratings, Design design, std::size_t dim, std::uint64_t seed,
           std::uint64_t stream)
    : ratings_(std::move(ratings)),
      design_(std::move(design)),
      dim_(dim),
      width_(padded(dim + 1)),
      seed_(seed),
      stream_(stream),
      vectors_(ratings_.n_rows(), width_),
      prior_means_(ratings_.n_rows(), width_),
      weights_(design_.group.size(), width_),
      mean_(width_),
      precision_(width_ * width_),
      root_columns_(width_ * width_),
      root_(width_ * width_),
      weight_precisions_(design_.n_groups, 1.0) {
  Rng first = rng(0, 3, 0);
  Normal normal(0, kFirstDeviation);
  for (std::size_t i = 0; i < n(); ++i) {
    for (float& x : vectors_.row(i).first(n_numbers())) x = normal(first);
  }
  for (std::size_t f = 0; f < design_.group.size(); ++f) {
    float sum = 0;
    for (const RowWeight& entry : design_.columns.row(f)) sum += entry.weight * entry.weight;
    squared_weights_.push_back(sum);
  }
}

void Side::sample_prior(std::uint64_t round, ThreadPool& pool) {
  Rng prior_rng = rng(round, 0, 0);
  sample_mean_and_precision(prior_rng, pool);
  sample_weights(round, pool);
  update_prior_means(pool);
}

// The mean of vectors - prior_means, first turning prior_means_ into those differences.
VectorXd Side::mean_deviation(ThreadPool& pool) {
  const std::size_t n_blocks = (n() + kScatterBlock - 1) / kScatterBlock;
  std::vector<VectorXd> sums(n_blocks, VectorXd::Zero(static_cast<Eigen::Index>(n_numbers())));
  pool.parallel_for(n(), kScatterBlock, [&](std::size_t begin, std::size_t end, int) {
    VectorXd& sum = sums[begin / kScatterBlock];
    for (std::size_t i = begin; i < end; ++i) {
      const std::span<const float> vector = vectors_.row(i);
      const std::span<float> difference = prior_means_.row(i);
      for (std::size_t k = 0; k < n_numbers(); ++k) {
        difference[k] = vector[k] - difference[k];
        sum[static_cast<Eigen::Index>(k)] += difference[k];
      }
    }
  });
  VectorXd total = VectorXd::Zero(static_cast<Eigen::Index>(n_numbers()));
  for (const VectorXd& sum : sums) total += sum;
  return total / static_cast<double>(std::max<std::size_t>(n(), 1));
}

// Sum of (d - step)(d - step)' over the differences in prior_means_, plus sum of l w w' over W.
MatrixXd Side::scatter(const VectorXd& mean_step, ThreadPool& pool) const {
  const auto numbers = static_cast<Eigen::Index>(n_numbers());
  const auto width = static_cast<Eigen::Index>(width_);
  const std::size_t n_features = design_.group.size();
  const std::size_t n_blocks = (n() + kScatterBlock - 1) / kScatterBlock;
  const std::size_t n_feature_blocks = (n_features + kScatterBlock - 1) / kScatterBlock;
  std::vector<std::vector<float>> grams(n_blocks + n_feature_blocks);
  const auto add_gram = [&](const Factors& rows, std::size_t begin, std::size_t end,
                            std::span<const float> weights, std::vector<float>& gram) {
    gram.assign(width_ * width_, 0.0F);
    std::vector<float> right(width_);
    const std::vector<float> targets(end - begin, 0.0F);
    add_normal_equations(rows.row(begin).data(), weights, targets, width_, gram.data(),
                         right.data());
  };
  pool.parallel_for(n_blocks + n_feature_blocks, 1, [&](std::size_t block, std::size_t, int) {
    std::vector<float> weights;
    if (block < n_blocks) {
      const std::size_t begin = block * kScatterBlock;
      const std::size_t end = std::min(n(), begin + kScatterBlock);
      weights.assign(end - begin, 1.0F);
      add_gram(prior_means_, begin, end, weights, grams[block]);
    } else {
      const std::size_t begin = (block - n_blocks) * kScatterBlock;
      const std::size_t end = std::min(n_features, begin + kScatterBlock);
      for (std::size_t f = begin; f < end; ++f) {
        weights.push_back(static_cast<float>(weight_precisions_[design_.group[f]]));
      }
      add_gram(weights_, begin, end, weights, grams[block]);
    }
  });
  MatrixXd total = MatrixXd::Zero(numbers, numbers);
  using GramView =
      Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  for (const std::vector<float>& gram : grams) {
    total += GramView(gram.data(), width, width).topLeftCorner(numbers, numbers).cast<double>();
  }
  total.triangularView<Eigen::StrictlyLower>() = total.transpose();
  return total - static_cast<double>(n()) * mean_step * mean_step.transpose();
}

// Normal-Wishart posterior (Salakhutdinov and Mnih 2008, equation 14) with W0 = I, nu0 = dim + 1,
// beta0 = 1, mu0 = 0; W is seen as further draws from N(0, L^-1).
void Side::sample_mean_and_precision(Rng& rng, ThreadPool& pool) {
  constexpr double kBeta0 = 1;
  const auto numbers = static_cast<Eigen::Index>(n_numbers());
  const auto count = static_cast<double>(n());
  boost::random::normal_distribution<double> normal;

  const VectorXd step = mean_deviation(pool);
  VectorXd mean = step;
  for (Eigen::Index k = 0; k < numbers; ++k) mean[k] += mean_[static_cast<std::size_t>(k)];
  MatrixXd inverse_scale = MatrixXd::Identity(numbers, numbers) + scatter(step, pool);
  inverse_scale += kBeta0 * count / (kBeta0 + count) * mean * mean.transpose();

  // Bartlett: L = B B' with B = R^-T A, inverse_scale = R R', A lower triangular.
  const double freedom =
      static_cast<double>(numbers) + count + static_cast<double>(design_.group.size());
  MatrixXd bartlett = MatrixXd::Zero(numbers, numbers);
  for (Eigen::Index r = 0; r < numbers; ++r) {
    bartlett(r, r) = std::sqrt(2 * draw_gamma(rng, (freedom - static_cast<double>(r)) / 2, 1));
    for (Eigen::Index c = 0; c < r; ++c) bartlett(r, c) = normal(rng);
  }
  const Eigen::LLT<MatrixXd> inverse_root(inverse_scale);
  const MatrixXd half = inverse_root.matrixU().solve(bartlett);
  const MatrixXd precision = half * half.transpose();
  const MatrixXd root = Eigen::LLT<MatrixXd>(precision).matrixU();

  VectorXd noise(numbers);
  for (double& x : noise) x = normal(rng);
  const VectorXd new_mean =
      mean * (count / (kBeta0 + count)) +
      root.triangularView<Eigen::Upper>().solve(noise) / std::sqrt(kBeta0 + count);

  // The differences of prior_means_ become vectors - W x - new mean.
  const VectorXd shift = new_mean - (mean - step);
  pool.parallel_for(n(), kScatterBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t k = 0; k < n_numbers(); ++k) {
        prior_means_.row(i)[k] -= static_cast<float>(shift[static_cast<Eigen::Index>(k)]);
      }
    }
  });
  for (std::size_t r = 0; r < n_numbers(); ++r) {
    mean_[r] = static_cast<float>(new_mean[static_cast<Eigen::Index>(r)]);
    for (std::size_t c = 0; c < n_numbers(); ++c) {
      const auto row = static_cast<Eigen::Index>(r);
      const auto column = static_cast<Eigen::Index>(c);
      precision_[r * width_ + c] = static_cast<float>(precision(row, column));
      root_[r * width_ + c] = static_cast<float>(root(row, column));
      root_columns_[c * width_ + r] = root_[r * width_ + c];
    }
  }
}

// In coordinates e -> U e the noise of the vectors around their prior mean is the identity, so each
// number's regression on the features stands alone. kLanes of them are drawn together.
void Side::sample_weights(std::uint64_t round, ThreadPool& pool) {
  const std::size_t n_features = design_.group.size();
  const std::size_t n_lanes = (n_numbers() + kLanes - 1) / kLanes;
  const MatrixView root_columns{root_columns_.data(), width_, width_};
  std::vector<float> residuals(n_lanes * n() * kLanes);  // n_lanes x n x kLanes
  std::vector<float> weights(n_lanes * n_features * kLanes);

  // Spreads rows into one array for each kLanes columns, through U.
  const auto whiten = [&](const Factors& rows, std::vector<float>& lanes) {
    pool.parallel_for(rows.n_rows(), kBlock * 4, [&](std::size_t begin, std::size_t end, int) {
      std::vector<float> white(width_);
      for (std::size_t i = begin; i < end; ++i) {
        combine(root_columns, rows.row(i), white);
        for (std::size_t lane = 0; lane < n_lanes; ++lane) {
          std::copy_n(white.data() + lane * kLanes, kLanes,
                      lanes.data() + (lane * rows.n_rows() + i) * kLanes);
        }
      }
    });
  };
  whiten(prior_means_, residuals);
  whiten(weights_, weights);
  pool.parallel_for(n_lanes, 1, [&](std::size_t lane, std::size_t, int) {
    sweep_lanes(lane, rng(round, 1, lane),
                std::span(residuals).subspan(lane * n() * kLanes, n() * kLanes),
                std::span(weights).subspan(lane * n_features * kLanes, n_features * kLanes));
  });

  std::vector<double> squared_lengths(n_features);
  pool.parallel_for(n_features, kBlock * 4, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t f = begin; f < end; ++f) {
      const std::span<float> row = weights_.row(f);
      for (std::size_t lane = 0; lane < n_lanes; ++lane) {
        std::copy_n(weights.data() + (lane * n_features + f) * kLanes, kLanes,
                    row.data() + lane * kLanes);
      }
      squared_lengths[f] = dot(row, row);
      solve_upper(root_.data(), n_numbers(), width_, row.data());
    }
  });
  Rng precision_rng = rng(round, 1, n_lanes);
  sample_weight_precisions(precision_rng, squared_lengths);
}

// One pass over the features: each one's weights given the others', then out of the residuals.
void Side::sweep_lanes(std::size_t lanes, Rng rng, std::span<float> residuals,
                       std::span<float> weights) const {
  const std::size_t n_used = std::min(kLanes, n_numbers() - lanes * kLanes);
  Normal normal;
  for (std::size_t f = 0; f < design_.group.size(); ++f) {
    const std::span<const RowWeight> column = design_.columns.row(f);
    const double precision = squared_weights_[f] + weight_precisions_[design_.group[f]];
    const auto deviation = static_cast<float>(1 / std::sqrt(precision));
    float* const weight = weights.data() + f * kLanes;
    float sum[kLanes] = {};
    float change[kLanes] = {};
    add_weighted_rows(column, residuals.data(), kLanes, sum);
    for (std::size_t k = 0; k < n_used; ++k) {
      const float mean = (sum[k] + squared_weights_[f] * weight[k]) / static_cast<float>(precision);
      change[k] = mean + deviation * normal(rng) - weight[k];
      weight[k] += change[k];
    }
    subtract_from_rows(column, change, kLanes, residuals.data());
  }
}

// l_g ~ Gamma(1/2, 1/2) before the data.
void Side::sample_weight_precisions(Rng& rng, std::span<const double> squared_lengths) {
  std::vector<double> sums(design_.n_groups, 0.0);
  std::vector<double> counts(design_.n_groups, 0.0);
  for (std::size_t f = 0; f < squared_lengths.size(); ++f) {
    sums[design_.group[f]] += squared_lengths[f];
    counts[design_.group[f]] += static_cast<double>(n_numbers());
  }
  for (std::size_t g = 0; g < design_.n_groups; ++g) {
    weight_precisions_[g] = draw_gamma(rng, (1 + counts[g]) / 2, (1 + sums[g]) / 2);
  }
}

void Side::update_prior_means(ThreadPool& pool) {
  pool.parallel_for(n(), kBlock * 4, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::span<float> row = prior_means_.row(i);
      std::ranges::copy(mean_, row.begin());
      add_weighted_rows(design_.rows.row(i), weights_.values().data(), width_, row.data());
    }
  });
}

// The other side's vectors as regressors (vector, 1), and the ratings less their biases as targets.
void Side::gather(const Side& other, std::size_t i, std::size_t from, std::size_t to,
                  Scratch& scratch) const {
  const std::span<const RowWeight> row = ratings_.row(i);
  for (std::size_t j = from; j < to; ++j) {
    const std::span<const float> vector = other.vectors_.row(row[j].row);
    float* const regressors = scratch.rows.data() + (j - from) * width_;
    std::ranges::copy(vector, regressors);
    regressors[dim_] = 1;
    scratch.targets[j - from] = row[j].weight - vector[dim_];
  }
}

// Of the ratings of row i under the vector in scratch.right. Where the row fits, its regressors are
// still in scratch.
double Side::squared_error(const Side& other, std::size_t i, Scratch& scratch) const {
  const std::size_t size = ratings_.row(i).size();
  double sum = 0;
  for (std::size_t from = 0; from < size; from += kGather) {
    const std::size_t count = std::min(size - from, kGather);
    if (size > kGather) gather(other, i, from, from + count, scratch);
    multiply({scratch.rows.data(), count, width_}, scratch.right, scratch.predicted);
    for (std::size_t j = 0; j < count; ++j) {
      const double error = scratch.targets[j] - scratch.predicted[j];
      sum += error * error;
    }
  }
  return sum;
}

template <class PrecisionOf, class Drawn>
void Side::sample_vectors(const Side& other, std::uint64_t round, ThreadPool& pool,
                          const PrecisionOf& precision_of, const Drawn& drawn) {
  const Scratch empty{.rows = std::vector<float>(kGather * width_),
                      .weights = std::vector<float>(kGather),
                      .targets = std::vector<float>(kGather),
                      .predicted = std::vector<float>(kGather),
                      .gram = std::vector<float>(width_ * width_),
                      .right = std::vector<float>(width_)};
  std::vector<Scratch> scratches(static_cast<std::size_t>(pool.n_threads()), empty);
  const MatrixView precision{precision_.data(), width_, width_};
  pool.parallel_for(n(), kBlock, [&](std::size_t begin, std::size_t end, int worker) {
    Scratch& s = scratches[static_cast<std::size_t>(worker)];
    for (std::size_t i = begin; i < end; ++i) {
      const std::span<const RowWeight> row = ratings_.row(i);
      s.gram = precision_;
      combine(precision, prior_means_.row(i), s.right);  // L is symmetric
      for (std::size_t from = 0; from < row.size(); from += kGather) {
        const std::size_t to = std::min(row.size(), from + kGather);
        gather(other, i, from, to, s);
        for (std::size_t j = from; j < to; ++j) s.weights[j - from] = precision_of(i, row[j]);
        add_normal_equations(s.rows.data(), std::span(s.weights).first(to - from),
                             std::span(s.targets).first(to - from), width_, s.gram.data(),
                             s.right.data());
      }
      COSENO_CHECK(cholesky(s.gram.data(), n_numbers(), width_));
      solve_transposed_upper(s.gram.data(), n_numbers(), width_, s.right.data());
      Rng vector_rng = rng(round, 2, i);
      Normal normal;
      for (std::size_t k = 0; k < n_numbers(); ++k) s.right[k] += normal(vector_rng);
      solve_upper(s.gram.data(), n_numbers(), width_, s.right.data());
      std::ranges::copy(s.right, vectors_.row(i).begin());

      if constexpr (!std::is_null_pointer_v<Drawn>) {
        drawn(i, squared_error(other, i, s), vector_rng);
      }
    }
  });
}

// The ratings of each user and of each item, centred and scaled.
SparseRows ratings_by_user(const UserItemMatrix& matrix, const BiasedMfDraws& draws) {
  SparseRows rows(matrix.n_users());
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) {
      rows.push(std::to_underlying(entry.item), (entry.value - draws.mean) / draws.scale);
    }
    rows.end_row();
  }
  return rows;
}

SparseRows ratings_by_item(const UserItemMatrix& matrix, const BiasedMfDraws& draws) {
  SparseRows rows(matrix.n_items());
  for (std::size_t i = 0; i < matrix.n_items(); ++i) {
    for (const UserItemMatrix::UserValue& entry : matrix.item(static_cast<ItemIndex>(i))) {
      rows.push(std::to_underlying(entry.user), (entry.value - draws.mean) / draws.scale);
    }
    rows.end_row();
  }
  return rows;
}

void measure_ratings(const UserItemMatrix& matrix, BiasedMfDraws& draws) {
  double sum = 0;
  double squares = 0;
  draws.min = std::numeric_limits<float>::max();
  draws.max = std::numeric_limits<float>::lowest();
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) {
      sum += entry.value;
      squares += static_cast<double>(entry.value) * entry.value;
      draws.min = std::min(draws.min, entry.value);
      draws.max = std::max(draws.max, entry.value);
    }
  }
  const auto n = static_cast<double>(matrix.n_entries());
  const double variance = squares / n - (sum / n) * (sum / n);
  draws.mean = static_cast<float>(sum / n);
  draws.scale = variance > 1e-12 ? static_cast<float>(std::sqrt(variance)) : 1.0F;
}

BiasedMfDraws empty_draws(const Dataset& dataset, std::size_t n_draws, std::size_t dim) {
  BiasedMfDraws draws;
  const std::size_t n_items = dataset.matrix.n_items();
  const std::size_t numbers = dim + 1;
  draws.n_draws = n_draws;
  draws.dim = dim;
  draws.item_vectors = Factors(n_items, n_draws * dim);
  draws.item_biases = Factors(n_items, n_draws);
  draws.unknown_item_vector.resize(n_draws * dim);
  draws.unknown_item_biases.resize(n_draws);
  draws.user_means = Factors(n_draws, numbers);
  draws.user_precisions = Factors(n_draws, numbers * numbers);
  draws.implicit_weights = Factors(n_items, n_draws * numbers);
  draws.property_weights = Factors(dataset.user_features.n_features(), n_draws * numbers);
  draws.noise_precisions.resize(n_draws);
  return draws;
}

// Writes the chain's state as draw number `draw`.
void keep_draw(const Side& users, const Side& items, double noise_precision, std::size_t draw,
               BiasedMfDraws& draws) {
  const std::size_t dim = draws.dim;
  const std::size_t numbers = dim + 1;
  const std::size_t n_items = draws.item_vectors.n_rows();
  for (std::size_t i = 0; i < n_items; ++i) {
    const std::span<const float> vector = items.vectors().row(i);
    std::ranges::copy(vector.first(dim), draws.item_vectors.row(i).subspan(draw * dim).begin());
    draws.item_biases.row(i)[draw] = vector[dim];
    std::ranges::copy(users.weights().row(i).first(numbers),
                      draws.implicit_weights.row(i).subspan(draw * numbers).begin());
  }
  for (std::size_t f = 0; f < draws.property_weights.n_rows(); ++f) {
    std::ranges::copy(users.weights().row(n_items + f).first(numbers),
                      draws.property_weights.row(f).subspan(draw * numbers).begin());
  }
  const std::size_t width = padded(numbers);
  std::copy_n(users.mean().begin(), numbers, draws.user_means.row(draw).begin());
  for (std::size_t r = 0; r < numbers; ++r) {
    std::copy_n(users.precision().data() + r * width, numbers,
                draws.user_precisions.row(draw).data() + r * numbers);
  }
  std::copy_n(items.mean().begin(), dim, draws.unknown_item_vector.data() + draw * dim);
  draws.unknown_item_biases[draw] = items.mean()[dim];
  draws.noise_precisions[draw] = static_cast<float>(noise_precision);
}

}  // namespace

Result<BiasedMfDraws> sample_biased_mf(const Dataset& dataset, const BiasedMfSampling& sampling,
                                       FitContext& context) {
  const UserItemMatrix& matrix = dataset.matrix;
  const auto burn_in =
      static_cast<std::size_t>(std::ceil(kBurnIn * static_cast<double>(sampling.n_rounds)));
  const std::size_t n_after = std::max<std::size_t>(1, sampling.n_rounds - burn_in);
  BiasedMfDraws draws = empty_draws(dataset, std::min(sampling.n_draws, n_after), sampling.dim);
  measure_ratings(matrix, draws);

  SparseRows by_user = ratings_by_user(matrix, draws);
  SparseRows by_item = ratings_by_item(matrix, draws);
  Design user_design =
      make_design(by_user, matrix.n_items(), dataset.user_features, dataset.user_encoder);
  Design item_design =
      make_design(by_item, matrix.n_users(), dataset.item_features, dataset.item_encoder);
  Side users(std::move(by_user), std::move(user_design), sampling.dim, context.seed, 0);
  Side items(std::move(by_item), std::move(item_design), sampling.dim, context.seed, 1);

  double noise_precision = 1;  // of the typical user; ratings have variance 1
  std::vector<float> user_noise(matrix.n_users(), 1.0F);
  std::vector<double> squared_errors(matrix.n_users());
  std::size_t n_kept = 0;
  for (std::size_t round = 0; round < sampling.n_rounds; ++round) {
    if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "fit was cancelled");
    items.sample_prior(round, context.pool);
    items.sample_vectors(
        users, round, context.pool,
        [&](std::size_t, const RowWeight& rating) { return user_noise[rating.row]; }, nullptr);
    users.sample_prior(round, context.pool);
    users.sample_vectors(
        items, round, context.pool, [&](std::size_t u, const RowWeight&) { return user_noise[u]; },
        [&](std::size_t u, double squared_error, Rng& rng) {
          squared_errors[u] = squared_error;
          const double count = kNoiseShape + static_cast<double>(users.ratings(u).size());
          user_noise[u] = static_cast<float>(
              draw_gamma(rng, count / 2, (kNoiseShape / noise_precision + squared_error) / 2));
        });

    double sum_of_noise = 0;
    double squared_error = 0;
    for (std::size_t u = 0; u < matrix.n_users(); ++u) {
      sum_of_noise += user_noise[u];
      squared_error += squared_errors[u];
    }
    Rng noise_rng(context.seed, round, 0xA015E);
    noise_precision =
        1 / draw_gamma(noise_rng, kNoiseShape / 2 * static_cast<double>(matrix.n_users()) + 1,
                       kNoiseShape / 2 * sum_of_noise);

    // Draw number k is kept at the end of equal parts of the rounds after burn-in.
    const std::size_t done = round + 1;
    if (n_kept < draws.n_draws &&
        done * draws.n_draws >=
            (sampling.n_rounds - n_after) * draws.n_draws + (n_kept + 1) * n_after) {
      keep_draw(users, items, noise_precision, n_kept++, draws);
    }
    const double rmse =
        draws.scale * std::sqrt(squared_error / static_cast<double>(matrix.n_entries()));
    context.progress.report("fitting biased_mf", done, sampling.n_rounds,
                            fmt::format("training rmse {:.4f}", rmse));
  }
  COSENO_CHECK(n_kept == draws.n_draws);
  return draws;
}

}  // namespace coseno
