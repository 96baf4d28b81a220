// One side of a Bayesian matrix factorisation, users or items, as a Gibbs sampler sees it.
// biased_mf_sampler.h tells the whole model.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "base/thread_pool.h"
#include "math/kernels.h"
#include "math/matrix.h"

namespace coseno {

// Gamma distributed, mean shape / rate.
double draw_gamma(Rng& rng, double shape, double rate);

// Sparse rows of (who, rating), or of (column, weight).
class RatingRows {
 public:
  RatingRows() = default;
  explicit RatingRows(std::size_t n_rows) { begin_.reserve(n_rows + 1); }

  std::size_t n_rows() const { return begin_.size() - 1; }
  std::span<const RowWeight> row(std::size_t i) const {
    return std::span(entries_).subspan(begin_[i], begin_[i + 1] - begin_[i]);
  }

  void push(std::uint32_t column, float weight) { entries_.push_back({column, weight}); }
  void end_row() { begin_.push_back(entries_.size()); }

  RatingRows transposed(std::size_t n_columns) const;

 private:
  std::vector<RowWeight> entries_;
  std::vector<std::size_t> begin_{0};
};

// The features that the prior of one side learns from: implicit ones first, then properties.
struct Design {
  RatingRows rows;                   // n x n_features
  RatingRows columns;                // n_features x n
  std::vector<std::uint32_t> group;  // of each feature
  std::size_t n_groups = 1;          // 0 is the implicit group
};

// Users or items: their vectors, and the prior that these are drawn from.
class GibbsSide {
 public:
  // `ratings`: a row each, of (who on the other side, rating). `stream` keeps the random numbers of
  // the sides apart.
  GibbsSide(RatingRows ratings, Design design, std::size_t dim, std::uint64_t seed,
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

  // Draws all vectors given the other side. `noise_precisions`: of the ratings of each user; this
  // side are the users if `noise_is_of_rows`, the other is otherwise. `squared_errors`: empty, or
  // of each row's ratings under its new vector.
  void sample_vectors(const GibbsSide& other, std::span<const float> noise_precisions,
                      bool noise_is_of_rows, std::uint64_t round, ThreadPool& pool,
                      std::span<double> squared_errors);

 private:
  struct Scratch {
    std::span<const float> noise_precisions;
    bool noise_is_of_rows;
    std::vector<float> rows;  // kGather x width
    std::vector<float> weights;
    std::vector<float> targets;
    std::vector<float> predicted;
    std::vector<float> gram;   // width x width
    std::vector<float> copy;   // width x width
    std::vector<float> right;  // width
  };

  std::size_t n_numbers() const { return dim_ + 1; }
  Rng rng(std::uint64_t round, std::uint64_t purpose, std::uint64_t unit) const {
    return Rng(seed_, (round * 2 + stream_) * 4 + purpose, unit);
  }

  void sample_mean_and_precision(Rng& rng, ThreadPool& pool);
  Eigen::MatrixXd scatter(const Eigen::VectorXd& mean_step, ThreadPool& pool) const;
  Eigen::VectorXd mean_deviation(ThreadPool& pool);
  void sample_weights(std::uint64_t round, ThreadPool& pool);
  void sweep_lanes(std::size_t lanes, Rng rng, std::span<float> residuals,
                   std::span<float> weights) const;
  void sample_weight_precisions(Rng& rng, std::span<const double> squared_lengths);
  void update_prior_means(ThreadPool& pool);
  void gather(const GibbsSide& other, std::size_t i, std::size_t from, std::size_t to,
              Scratch& scratch) const;
  void sample_vector(const GibbsSide& other, std::size_t i, std::uint64_t round, Scratch& scratch);
  double squared_error(const GibbsSide& other, std::size_t i, Scratch& scratch) const;

  RatingRows ratings_;
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

}  // namespace coseno
