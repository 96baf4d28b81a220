#include "models/gibbs_side.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace coseno {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// Rows a block of a parallel loop: about 50 microseconds of work.
constexpr std::size_t kBlock = 32;
// Rows a partial sum of the scatter matrix.
constexpr std::size_t kScatterBlock = 1024;
// Ratings gathered at a time, so that scratch memory does not grow with the longest history.
constexpr std::size_t kGatheredAtOnce = 256;
// Standard deviation of the first vectors' elements, in units of the ratings' deviation: with 0.1
// the chain leaves the origin only after some 40 rounds, with 0.3 in the first.
constexpr float kStartDeviation = 0.3F;

using Normal = boost::random::normal_distribution<float>;

}  // namespace

double draw_gamma(Rng& rng, double shape, double rate) {
  return boost::random::gamma_distribution<double>(shape, 1.0 / rate)(rng);
}

RatingRows RatingRows::transposed(std::size_t n_columns) const {
  RatingRows result;
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

GibbsSide::GibbsSide(RatingRows ratings, Design design, std::size_t dim, std::uint64_t seed,
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
  Normal normal(0, kStartDeviation);
  for (std::size_t i = 0; i < n(); ++i) {
    for (float& x : vectors_.row(i).first(n_numbers())) x = normal(first);
  }
  for (std::size_t f = 0; f < design_.group.size(); ++f) {
    float sum = 0;
    for (const RowWeight& entry : design_.columns.row(f)) sum += entry.weight * entry.weight;
    squared_weights_.push_back(sum);
  }
}

void GibbsSide::sample_prior(std::uint64_t round, ThreadPool& pool) {
  Rng prior_rng = rng(round, 0, 0);
  sample_mean_and_precision(prior_rng, pool);
  sample_weights(round, pool);
  update_prior_means(pool);
}

// The mean of vectors - prior_means, first turning prior_means_ into those differences.
VectorXd GibbsSide::mean_deviation(ThreadPool& pool) {
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
MatrixXd GibbsSide::scatter(const VectorXd& mean_step, ThreadPool& pool) const {
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
void GibbsSide::sample_mean_and_precision(Rng& rng, ThreadPool& pool) {
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
void GibbsSide::sample_weights(std::uint64_t round, ThreadPool& pool) {
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
void GibbsSide::sweep_lanes(std::size_t lanes, Rng rng, std::span<float> residuals,
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
void GibbsSide::sample_weight_precisions(Rng& rng, std::span<const double> squared_lengths) {
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

void GibbsSide::update_prior_means(ThreadPool& pool) {
  pool.parallel_for(n(), kBlock * 4, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::span<float> row = prior_means_.row(i);
      std::ranges::copy(mean_, row.begin());
      add_weighted_rows(design_.rows.row(i), weights_.values().data(), width_, row.data());
    }
  });
}

// The other side's vectors as regressors (vector, 1), and the ratings less their biases as targets.
void GibbsSide::gather(const GibbsSide& other, std::size_t i, std::size_t from, std::size_t to,
                       Scratch& scratch) const {
  const std::span<const RowWeight> row = ratings_.row(i);
  for (std::size_t j = from; j < to; ++j) {
    const std::span<const float> vector = other.vectors_.row(row[j].row);
    float* const regressors = scratch.rows.data() + (j - from) * width_;
    std::ranges::copy(vector, regressors);
    regressors[dim_] = 1;
    scratch.targets[j - from] = row[j].weight - vector[dim_];
    scratch.weights[j - from] = scratch.noise_precisions[scratch.noise_is_of_rows ? i : row[j].row];
  }
}

// Of the ratings of row i under the vector in scratch.right. Where the row fits, its regressors are
// still in scratch.
double GibbsSide::squared_error(const GibbsSide& other, std::size_t i, Scratch& scratch) const {
  const std::size_t size = ratings_.row(i).size();
  double sum = 0;
  for (std::size_t from = 0; from < size; from += kGatheredAtOnce) {
    const std::size_t count = std::min(size - from, kGatheredAtOnce);
    if (size > kGatheredAtOnce) gather(other, i, from, from + count, scratch);
    multiply({scratch.rows.data(), count, width_}, scratch.right, scratch.predicted);
    for (std::size_t j = 0; j < count; ++j) {
      const double error = scratch.targets[j] - scratch.predicted[j];
      sum += error * error;
    }
  }
  return sum;
}

void GibbsSide::sample_vectors(const GibbsSide& other, std::span<const float> noise_precisions,
                               bool noise_is_of_rows, std::uint64_t round, ThreadPool& pool,
                               std::span<double> squared_errors) {
  const Scratch empty{.noise_precisions = noise_precisions,
                      .noise_is_of_rows = noise_is_of_rows,
                      .rows = std::vector<float>(kGatheredAtOnce * width_),
                      .weights = std::vector<float>(kGatheredAtOnce),
                      .targets = std::vector<float>(kGatheredAtOnce),
                      .predicted = std::vector<float>(kGatheredAtOnce),
                      .gram = std::vector<float>(width_ * width_),
                      .copy = std::vector<float>(width_ * width_),
                      .right = std::vector<float>(width_)};
  std::vector<Scratch> scratches(static_cast<std::size_t>(pool.n_threads()), empty);
  pool.parallel_for(n(), kBlock, [&](std::size_t begin, std::size_t end, int worker) {
    Scratch& scratch = scratches[static_cast<std::size_t>(worker)];
    for (std::size_t i = begin; i < end; ++i) {
      sample_vector(other, i, round, scratch);
      if (!squared_errors.empty()) squared_errors[i] = squared_error(other, i, scratch);
    }
  });
}

// From N(A^-1 b, A^-1) with A = L + sum a x x' and b = L (m + W x_u) + sum a t x, over the row's
// regressors x and targets t: with A = U'U that is U^-1 (U'^-1 b + standard normals).
void GibbsSide::sample_vector(const GibbsSide& other, std::size_t i, std::uint64_t round,
                              Scratch& scratch) {
  const std::size_t size = ratings_.row(i).size();
  scratch.gram = precision_;
  combine({precision_.data(), width_, width_}, prior_means_.row(i), scratch.right);
  for (std::size_t from = 0; from < size; from += kGatheredAtOnce) {
    const std::size_t count = std::min(size - from, kGatheredAtOnce);
    gather(other, i, from, from + count, scratch);
    add_normal_equations(scratch.rows.data(), std::span(scratch.weights).first(count),
                         std::span(scratch.targets).first(count), width_, scratch.gram.data(),
                         scratch.right.data());
  }
  cholesky_with_ridge(scratch.gram.data(), n_numbers(), width_, scratch.copy.data());
  solve_transposed_upper(scratch.gram.data(), n_numbers(), width_, scratch.right.data());
  Rng vector_rng = rng(round, 2, i);
  Normal normal;
  for (std::size_t k = 0; k < n_numbers(); ++k) scratch.right[k] += normal(vector_rng);
  solve_upper(scratch.gram.data(), n_numbers(), width_, scratch.right.data());
  std::ranges::copy(scratch.right, vectors_.row(i).begin());
}

}  // namespace coseno
