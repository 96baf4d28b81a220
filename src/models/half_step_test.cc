#include "models/half_step.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

#include "base/rng.h"

namespace coseno {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr float kUnobserved = 0.3F;
constexpr float kRidge = 0.7F;

// n rows of dim random numbers, padded with zeros.
Factors random_rows(std::size_t n, std::size_t dim, std::uint64_t seed) {
  Factors rows(n, padded(dim));
  Rng rng(seed);
  for (std::size_t i = 0; i < n; ++i) {
    for (float& x : rows.row(i).first(dim)) x = static_cast<float>(rng.uniform() - 0.3);
  }
  return rows;
}

std::vector<RowWeight> random_entries(std::size_t n, std::size_t n_items) {
  Rng rng(n);
  std::vector<RowWeight> entries;
  for (std::size_t j = 0; j < n; ++j) {
    entries.push_back({static_cast<std::uint32_t>(rng.below(n_items)),
                       static_cast<float>(0.2 + 2 * rng.uniform())});
  }
  return entries;
}

Matrix in_double(const Factors& rows) {
  Matrix matrix(static_cast<Eigen::Index>(rows.n_rows()), static_cast<Eigen::Index>(rows.dim()));
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {
    for (std::size_t k = 0; k < rows.dim(); ++k) {
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = rows.row(i)[k];
    }
  }
  return matrix;
}

Matrix weighted_gram(const Factors& rows, const std::vector<float>& weights) {
  const Matrix y = in_double(rows);
  Matrix gram = Matrix::Zero(y.cols(), y.cols());
  for (Eigen::Index i = 0; i < y.rows(); ++i) {
    gram += weights[static_cast<std::size_t>(i)] * y.row(i).transpose() * y.row(i);
  }
  return gram;
}

// The plain version: the normal equations in double, in whatever basis.
Vector solved_in_double(const Factors& items, const std::vector<float>& weights,
                        const std::vector<RowWeight>& entries, const std::vector<float>& targets) {
  const Matrix y = in_double(items);
  Matrix a =
      kUnobserved * weighted_gram(items, weights) + kRidge * Matrix::Identity(y.cols(), y.cols());
  Vector b = Vector::Zero(y.cols());
  for (std::size_t j = 0; j < entries.size(); ++j) {
    const Vector h = y.row(entries[j].row).transpose();
    a += entries[j].weight * h * h.transpose();
    b += entries[j].weight * targets[j] * h;
  }
  return a.ldlt().solve(b);
}

std::vector<float> ones(std::size_t n) { return std::vector<float>(n, 1); }

std::vector<float> random_targets(std::size_t n) {
  Rng rng(n + 1);
  std::vector<float> targets;
  for (std::size_t j = 0; j < n; ++j) targets.push_back(static_cast<float>(4 * rng.uniform() - 2));
  return targets;
}

// Items in their basis, and what goes with them.
struct Turned {
  explicit Turned(std::size_t n, std::size_t dim) : pool(1), items(random_rows(n, dim, 1)) {
    Rng rng(2);
    for (std::size_t i = 0; i < n; ++i) weights.push_back(static_cast<float>(0.5 + rng.uniform()));
    GramBasis basis = gram_basis(items, weights, dim, pool);
    turn(basis.directions, items, pool);
    squared_lengths = basis.squared_lengths;
  }

  HalfStep half_step() const { return {items.view(), squared_lengths, kUnobserved}; }

  ThreadPool pool;
  Factors items;
  std::vector<float> weights;
  std::vector<float> squared_lengths;
};

double distance(const Vector& expected, std::span<const float> actual) {
  double sum = 0;
  for (std::size_t k = 0; k < actual.size(); ++k) {
    const double difference = expected[static_cast<Eigen::Index>(k)] - actual[k];
    sum += difference * difference;
  }
  return std::sqrt(sum) / std::max(1e-9, expected.norm());
}

TEST(GramBasisTest, TheGramMatrixBecomesDiagonalAndNoProductChanges) {
  for (const std::size_t dim : {1, 5, 16, 37}) {
    const Factors before = random_rows(200, dim, 1);
    const Turned turned(200, dim);
    const Matrix gram = weighted_gram(turned.items, turned.weights);
    for (Eigen::Index r = 0; r < gram.rows(); ++r) {
      for (Eigen::Index c = 0; c < gram.cols(); ++c) {
        const double expected = r == c ? turned.squared_lengths[static_cast<std::size_t>(r)] : 0.0;
        EXPECT_NEAR(gram(r, c), expected, 1e-3) << r << ' ' << c;
      }
    }
    const Matrix products = in_double(before) * in_double(before).transpose();
    const Matrix after = in_double(turned.items) * in_double(turned.items).transpose();
    EXPECT_LT((products - after).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(HalfStepTest, BothExactWaysEqualTheNormalEquationsInDouble) {
  for (const std::size_t dim : {1, 7, 16, 40}) {
    const Turned turned(300, dim);
    for (const std::size_t n : {1, 2, 15, 16, 17, 60, 600}) {
      const std::vector<RowWeight> entries = random_entries(n, 300);
      HalfStep::Scratch scratch;
      std::vector<float> w(padded(dim), -1);
      for (const std::vector<float>& targets : {ones(n), random_targets(n)}) {
        const Vector expected = solved_in_double(turned.items, turned.weights, entries, targets);
        turned.half_step().solve(entries, targets, kRidge, scratch, w);
        EXPECT_LT(distance(expected, w), 1e-5) << dim << ' ' << n;
        turned.half_step().solve_directly(entries, targets, kRidge, scratch, w);
        EXPECT_LT(distance(expected, w), 1e-5) << dim << ' ' << n;
      }
      turned.half_step().solve(entries, kRidge, scratch, w);
      EXPECT_LT(distance(solved_in_double(turned.items, turned.weights, entries, ones(n)), w), 1e-5)
          << dim << ' ' << n;
    }
  }
}

TEST(HalfStepTest, StepsComeNearerToTheExactSolution) {
  constexpr std::size_t kDim = 20;
  const Turned turned(300, kDim);
  const std::vector<RowWeight> entries = random_entries(50, 300);
  const Vector expected = solved_in_double(turned.items, turned.weights, entries, ones(50));
  HalfStep::Scratch scratch;
  std::vector<float> w(padded(kDim));
  double last = 1;
  for (int step = 0; step < 6; ++step) {
    turned.half_step().improve(entries, kRidge, 2, scratch, w);
    EXPECT_LT(distance(expected, w), std::max(last, 1e-5));
    last = distance(expected, w);
  }
  EXPECT_LT(last, 1e-3);
}

TEST(HalfStepTest, ImproveReturnsTheErrorOfBefore) {
  const Turned turned(10, 4);
  HalfStep::Scratch scratch;
  std::vector<float> w(padded(4));
  // At w = 0 every act misses its 1.
  EXPECT_FLOAT_EQ(
      turned.half_step().improve(std::vector<RowWeight>{{3, 2}, {4, 0.5F}}, kRidge, 1, scratch, w),
      2.5F);
  EXPECT_LT(
      turned.half_step().improve(std::vector<RowWeight>{{3, 2}, {4, 0.5F}}, kRidge, 1, scratch, w),
      2.5F);
}

TEST(HalfStepTest, WithoutEntriesTheVectorIsZero) {
  const Turned turned(10, 4);
  HalfStep::Scratch scratch;
  std::vector<float> w(padded(4), 1);
  turned.half_step().solve({}, kRidge, scratch, w);
  EXPECT_EQ(w, std::vector<float>(padded(4)));
  w.assign(padded(4), 1);
  EXPECT_EQ(turned.half_step().improve({}, kRidge, 2, scratch, w), 0);
  EXPECT_EQ(w, std::vector<float>(padded(4)));
}

// A ridge that leaves next to nothing of the vectors must not end in 0 / 0.
TEST(HalfStepTest, AHugeRidgeGivesZerosNotNan) {
  const Turned turned(50, 4);
  HalfStep::Scratch scratch;
  const std::vector<RowWeight> entries = random_entries(5, 50);
  std::vector<float> w(padded(4));
  for (int i = 0; i < 10; ++i) turned.half_step().improve(entries, 1e30F, 2, scratch, w);
  for (const float x : w) EXPECT_NEAR(x, 0, 1e-20);
  turned.half_step().solve(entries, 1e30F, scratch, w);
  for (const float x : w) EXPECT_NEAR(x, 0, 1e-20);
}

}  // namespace
}  // namespace coseno
