#include "models/ease.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/rng.h"
#include "models/ease_solver.h"
#include "models/model_testing.h"

namespace coseno {
namespace {

// What each item says alone: row j holds s_ji.
Eigen::MatrixXd item_weights_of(const Model& model) {
  const auto n = static_cast<Eigen::Index>(model.n_items());
  Eigen::MatrixXd weights(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    const std::vector<float> row = scores_after(model, static_cast<std::uint32_t>(j));
    for (Eigen::Index i = 0; i < n; ++i) weights(j, i) = row[static_cast<std::size_t>(i)];
  }
  return weights;
}

const Ease::Options kPlain = {.l2 = 1,
                              .dropout = 0,
                              .user_length = 0,
                              .popularity = 0,
                              .rating_weight = 0,
                              .neighbours = 1000,
                              .solver = "dense"};

// Users who have items 0 and 1, 0 and 1, 1: G + I = (3 2; 2 4), P = (4 -2; -2 3) / 8. What item 0
// says of item 1 is 2 / 3, what item 1 says of item 0 is 2 / 4.
const Ratings kTwoItems = {{1, 1}, {1, 1}, {0, 1}};

TEST(EaseTest, TwoItemsByHand) {
  for (const char* solver : {"dense", "sparse"}) {
    Ease::Options options = kPlain;
    options.solver = solver;
    const Eigen::MatrixXd weights = item_weights_of(*fit<Ease>(dataset_of(kTwoItems), options));
    EXPECT_NEAR(weights(0, 1), 2.0 / 3, 2e-6) << solver;
    EXPECT_NEAR(weights(1, 0), 2.0 / 4, 2e-6) << solver;
    EXPECT_NEAR(weights(0, 0), 0, 2e-6) << solver;
  }
}

// Dropout 1/2 doubles the diagonal of G: (2 2; 2 3) becomes (5 2; 2 7) with l2.
TEST(EaseTest, DropoutGrowsWithPopularity) {
  Ease::Options options = kPlain;
  options.dropout = 0.5;
  const Eigen::MatrixXd weights = item_weights_of(*fit<Ease>(dataset_of(kTwoItems), options));
  EXPECT_NEAR(weights(0, 1), 2.0 / 5, 2e-6);
  EXPECT_NEAR(weights(1, 0), 2.0 / 7, 2e-6);
}

// With exponent 1 those with two items count half: G = (1 1; 1 2).
TEST(EaseTest, UsersWithManyItemsCountLess) {
  Ease::Options options = kPlain;
  options.user_length = 1;
  const Eigen::MatrixXd weights = item_weights_of(*fit<Ease>(dataset_of(kTwoItems), options));
  EXPECT_NEAR(weights(0, 1), 1.0 / 2, 2e-6);
  EXPECT_NEAR(weights(1, 0), 1.0 / 3, 2e-6);
}

// Of the diagonal 2 and 3.
TEST(EaseTest, PopularItemsSpeakLouderAndComeLater) {
  Ease::Options options = kPlain;
  options.popularity = 0.5;
  const Eigen::MatrixXd weights = item_weights_of(*fit<Ease>(dataset_of(kTwoItems), options));
  EXPECT_NEAR(weights(0, 1), 2.0 / 3 * std::sqrt(2.0 / 3), 2e-6);
  EXPECT_NEAR(weights(1, 0), 2.0 / 4 * std::sqrt(3.0 / 2), 2e-6);
}

// Items 1 and 2 are had by the same users as item 0, but who likes item 0 likes item 1.
TEST(EaseTest, RatingsMoveTheWeights) {
  const Dataset dataset = dataset_of({{5, 5, 1}, {5, 5, 1}, {1, 1, 5}, {1, 1, 5}}, true);
  const std::vector<float> alike = scores_after(*fit<Ease>(dataset, kPlain), 0, 5);
  EXPECT_NEAR(alike[1], alike[2], 1e-6);
  Ease::Options options = kPlain;
  options.rating_weight = 0.35;
  const std::vector<float> weighted = scores_after(*fit<Ease>(dataset, options), 0, 5);
  EXPECT_GT(weighted[1], weighted[2] + 0.1F);
}

Ratings random_acts(std::size_t n_users, std::size_t n_items) {
  Rng rng(7);
  Ratings acts(n_users, std::vector<float>(n_items));
  for (std::vector<float>& user : acts) {
    const double share = 0.1 + 0.5 * rng.uniform();
    for (float& act : user) act = rng.uniform() < share ? 1.0F : 0.0F;
  }
  return acts;
}

// The formula of ease.h, plainly and in double.
Eigen::MatrixXd plain_weights(const Ratings& acts, const Ease::Options& options) {
  const auto n = static_cast<Eigen::Index>(acts[0].size());
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n, n);
  for (const std::vector<float>& user : acts) {
    const Eigen::VectorXd row = Eigen::Map<const Eigen::VectorXf>(user.data(), n).cast<double>();
    if (row.sum() > 0) gram += std::pow(row.sum(), -options.user_length) * row * row.transpose();
  }
  const Eigen::VectorXd norms = gram.diagonal();
  Eigen::MatrixXd regularised = gram;
  regularised.diagonal().array() +=
      options.l2 + options.dropout / (1 - options.dropout) * norms.array();
  const Eigen::MatrixXd inverse = regularised.inverse();
  Eigen::MatrixXd weights(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = 0; i < n; ++i) {
      weights(j, i) = i == j ? 0
                             : -inverse(j, i) / inverse(i, i) *
                                   std::pow(norms(j) / norms(i), options.popularity);
    }
  }
  return weights;
}

// Both solvers, on more items than a tile of the inverse has; every item has users in common with
// every other, so that the pattern of the sparse one is full.
TEST(EaseTest, BothSolversAgreeWithDouble) {
  const Ratings acts = random_acts(300, 70);
  const Dataset dataset = dataset_of(acts);
  Ease::Options options = {.l2 = 3, .popularity = 0.1, .neighbours = 1000};
  const Eigen::MatrixXd expected = plain_weights(acts, options);
  for (const char* solver : {"dense", "sparse"}) {
    options.solver = solver;
    const Eigen::MatrixXd weights = item_weights_of(*fit<Ease>(dataset, options));
    EXPECT_LT((weights - expected).cwiseAbs().maxCoeff(), 2e-5) << solver;
  }
}

// Of 70 x 69 weights the 700 largest, or up to one percent fewer: sizes are told apart no finer.
TEST(EaseTest, TheLargestWeightsAreKept) {
  const Dataset dataset = dataset_of(random_acts(300, 70));
  ThreadPool pool(2);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  const ActMatrix acts(dataset.matrix, {}, 0.3);
  const auto sizes = [&](std::size_t k) {
    const EaseProblem problem = {.l2 = 3, .dropout = 0.3, .popularity = 0.1, .k = k};
    const EaseWeights weights = solve_dense(acts, problem, context).value();
    std::vector<float> sorted;
    for (const auto& row : weights) {
      for (const Feature& entry : row) sorted.push_back(std::abs(entry.weight));
    }
    std::ranges::sort(sorted, std::greater<>());
    return sorted;
  };
  const std::vector<float> all = sizes(1000);
  const std::vector<float> few = sizes(10);
  EXPECT_EQ(all.size(), 70U * 69);
  ASSERT_LE(few.size(), 700U);
  ASSERT_GE(few.size(), 650U);
  EXPECT_TRUE(std::ranges::equal(few, std::span(all).first(few.size())));
}

TEST(EaseTest, AnyNumberOfThreadsGivesTheSameScores) {
  const Dataset dataset = dataset_of(random_acts(300, 70));
  for (const char* solver : {"dense", "sparse"}) {
    const Ease::Options options = {.neighbours = 20, .solver = solver};
    const auto one = try_fit<Ease>(dataset, options, 1).value();
    const auto three = try_fit<Ease>(dataset, options, 3).value();
    EXPECT_EQ(item_weights_of(*one), item_weights_of(*three)) << solver;
  }
}

// A million items need 2 TB; what has never been had takes part like anything else.
TEST(EaseTest, MemoryThatWillNotSufficeIsToldBefore) {
  Interactions interactions;
  for (int i = 0; i < 1000000; ++i) interactions.items.add(std::to_string(i));
  interactions.add(interactions.users.add("ann"), {ItemIndex{3}, 1, 0});
  interactions.add(UserIndex{0}, {ItemIndex{5}, 1, 0});
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  const auto fitted = try_fit<Ease>(dataset, {.solver = "dense"});
  ASSERT_FALSE(fitted.has_value());
  EXPECT_EQ(fitted.error().code, ErrorCode::unavailable);
  EXPECT_NE(fitted.error().message.find("1000000 items needs 200"), std::string::npos)
      << fitted.error().message;

  const auto model = fit<Ease>(dataset, {.solver = "auto"});
  const std::vector<float> out = scores_after(*model, 3);
  EXPECT_GT(out[5], out[4]);
}

TEST(EaseTest, NewcomersGetThePopularItems) {
  const std::vector<float> out = scores(*fit<Ease>(dataset_of(kTwoItems), {}), {});
  EXPECT_GT(out[1], out[0]);
  EXPECT_GT(out[0], 0);
}

TEST(EaseTest, SimilarItemsGoByTheWeights) {
  const auto model = fit<Ease>(dataset_of({{1, 1, 0}, {1, 1, 0}, {1, 0, 1}, {0, 1, 0}}), kPlain);
  const Ranking similar = model->similar_items(ItemIndex{0}, 5);
  ASSERT_FALSE(similar.empty());
  EXPECT_EQ(similar[0].item, ItemIndex{1});
  EXPECT_TRUE(model->similar_items(ItemIndex{99}, 5).empty());
}

}  // namespace
}  // namespace coseno
