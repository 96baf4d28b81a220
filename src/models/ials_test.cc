#include "models/ials.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "base/rng.h"
#include "models/model_testing.h"

namespace coseno {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

// Users in rows, items in columns, 1 where there is an act: two tastes and some noise.
Matrix acts_of_two_tastes(int n_users, int n_items) {
  Rng rng(7);
  Matrix acts = Matrix::Zero(n_users, n_items);
  for (int u = 0; u < n_users; ++u) {
    for (int i = 0; i < n_items; ++i) {
      acts(u, i) = rng.uniform() < (u % 2 == i % 2 ? 0.5 : 0.05) ? 1 : 0;
    }
  }
  return acts;
}

Ratings table_of(const Matrix& acts) {
  Ratings rows;
  for (Eigen::Index u = 0; u < acts.rows(); ++u) {
    const Vector row = acts.row(u);
    rows.emplace_back(row.begin(), row.end());
  }
  return rows;
}

// n ^ -exponent of the rows of `acts`, scaled to a mean of 1 over the acts.
Vector weights_of(const Matrix& acts, double exponent) {
  const Vector n = acts.rowwise().sum();
  const Vector weights = n.cwiseMax(1).array().pow(-exponent);
  return weights * (n.sum() / n.dot(weights));
}

// The plain version, in double, straight from the formulas of the header: all rows of one side,
// `others` held fixed. Rows of `acts` are those to solve for.
Matrix half_step(const Matrix& acts, const Matrix& others, double exponent, double other_exponent,
                 const Ials::Options& options) {
  const Vector other_weights = weights_of(acts.transpose(), other_exponent);
  const double a =
      options.unobserved * acts.sum() / (weights_of(acts, exponent).sum() * other_weights.sum());
  const Vector shares = (acts * other_weights).array() + a * other_weights.sum();
  const Matrix gram = others.transpose() * other_weights.asDiagonal() * others;
  Matrix vectors(acts.rows(), others.cols());
  for (Eigen::Index r = 0; r < acts.rows(); ++r) {
    const Vector weights = other_weights.cwiseProduct(acts.row(r).transpose());
    const double ridge = options.regularization * shares[r] / shares.mean();
    const Matrix equations = others.transpose() * weights.asDiagonal() * others + a * gram +
                             ridge * Matrix::Identity(others.cols(), others.cols());
    vectors.row(r) = equations.ldlt().solve(others.transpose() * weights).transpose();
  }
  return vectors;
}

Matrix item_vectors(const Model& model) {
  const MatrixView view = *model.item_vectors();
  Matrix matrix(static_cast<Eigen::Index>(view.n_rows), static_cast<Eigen::Index>(view.dim));
  for (std::size_t i = 0; i < view.n_rows; ++i) {
    for (std::size_t k = 0; k < view.dim; ++k) {
      matrix(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k)) = view.row(i)[k];
    }
  }
  return matrix;
}

Matrix user_vectors(const Model& model, const Dataset& dataset) {
  Matrix matrix(static_cast<Eigen::Index>(dataset.users.size()),
                static_cast<Eigen::Index>(model.item_vectors()->dim));
  for (std::size_t u = 0; u < dataset.users.size(); ++u) {
    const std::vector<float> vector =
        model.user_vector(profile_of(dataset, static_cast<UserIndex>(u)));
    for (std::size_t k = 0; k < vector.size(); ++k) {
      matrix(static_cast<Eigen::Index>(u), static_cast<Eigen::Index>(k)) = vector[k];
    }
  }
  return matrix;
}

class IalsTest : public testing::TestWithParam<Ials::Options> {};

// Of a user of the training data the fold-in is the half-step.
TEST_P(IalsTest, FoldInEqualsTheHalfStepInDouble) {
  const Matrix acts = acts_of_two_tastes(60, 25);
  const Dataset dataset = dataset_of(table_of(acts));
  const auto model = fit<Ials>(dataset, GetParam());
  const Matrix expected = half_step(acts, item_vectors(*model), GetParam().user_exponent,
                                    GetParam().item_exponent, GetParam());
  EXPECT_LT((user_vectors(*model, dataset) - expected).norm() / expected.norm(), 1e-5);
}

// What training converges to is a fixed point of the plain alternation.
TEST_P(IalsTest, APlainRoundInDoubleMovesNothingAfterTraining) {
  const Matrix acts = acts_of_two_tastes(60, 25);
  const Dataset dataset = dataset_of(table_of(acts));
  Ials::Options options = GetParam();
  options.rounds = 500;
  const auto model = fit<Ials>(dataset, options);
  const Matrix items = item_vectors(*model);
  const Matrix users =
      half_step(acts, items, options.user_exponent, options.item_exponent, options);
  const Matrix next =
      half_step(acts.transpose(), users, options.item_exponent, options.user_exponent, options);
  EXPECT_GT(items.norm(), 0.1);
  EXPECT_LT((users * (next - items).transpose()).norm() / (users * items.transpose()).norm(), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Options, IalsTest,
                         testing::Values(Ials::Options{.dim = 2,
                                                       .unobserved = 0.1,
                                                       .regularization = 0.01,
                                                       .item_exponent = 0,
                                                       .user_exponent = 0},
                                         Ials::Options{.dim = 5,
                                                       .unobserved = 0.3,
                                                       .regularization = 0.01,
                                                       .item_exponent = 0.7,
                                                       .user_exponent = 0.4},
                                         // More factors than items.
                                         Ials::Options{
                                             .dim = 40, .unobserved = 1, .regularization = 0.2}),
                         [](const auto& test) { return fmt::format("dim{}", test.param.dim); });

// Somebody without a history is served what most have.
TEST(IalsTest, AnEmptyProfileGetsThePopularItem) {
  Matrix acts = Matrix::Zero(20, 4);
  for (Eigen::Index u = 0; u < 20; ++u) {
    acts(u, 2) = 1;
    acts(u, u < 15 ? 0 : 3) = 1;
  }
  const Dataset dataset = dataset_of(table_of(acts));
  const auto model = fit<Ials>(dataset, {.dim = 3, .unobserved = 2, .regularization = 0.5});
  const Ranking best = best_items(scores(*model, {}), 2);
  EXPECT_EQ(best[0].item, ItemIndex{2});
  EXPECT_EQ(best[1].item, ItemIndex{0});
}

class Metrics : public Progress {
 public:
  void report(std::string_view /*stage*/, std::size_t done, std::size_t /*total*/,
              std::string_view metric) override {
    if (done > 0) metrics.emplace_back(metric);
  }
  std::vector<std::string> metrics;
};

TEST(IalsTest, TheReportedErrorFalls) {
  const Dataset dataset = dataset_of(table_of(acts_of_two_tastes(60, 25)));
  ThreadPool pool(1);
  Metrics progress;
  FitContext context = {.pool = pool, .progress = progress};
  const Ials::Options options = {.dim = 4, .rounds = 8, .unobserved = 2, .regularization = 0.5};
  ASSERT_TRUE(Ials::fit(dataset, options, context).has_value());
  ASSERT_EQ(progress.metrics.size(), 8U);
  EXPECT_EQ(progress.metrics[0].rfind("error 0.", 0), 0U);
  EXPECT_LT(progress.metrics.back(), progress.metrics.front());
}

}  // namespace
}  // namespace coseno
