#include "models/vectors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>

#include "base/rng.h"
#include "math/kernels.h"
#include "models/fitted_model.h"
#include "models/model_testing.h"

namespace coseno {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

constexpr std::size_t kNItems = 30;

// Vectors as a training elsewhere might give them, of items 0, 2, 3, 4, ...: item 1 has none.
struct Elsewhere {
  explicit Elsewhere(std::size_t dim, bool has_biases, std::size_t n_users = 0)
      : item_vectors(kNItems - 1, dim), user_vectors(n_users, dim) {
    Rng rng(11);
    for (float& x : item_vectors.values()) x = static_cast<float>(rng.uniform() - 0.4);
    for (float& x : user_vectors.values()) x = static_cast<float>(rng.uniform() - 0.3);
    for (std::uint32_t i = 0; i < kNItems; ++i) {
      if (i == 1) continue;
      items.push_back(ItemIndex{i});
      if (has_biases) biases.push_back(static_cast<float>(rng.uniform() - 0.5));
    }
  }

  Vectors::Made make(const UserItemMatrix& matrix = {}) const {
    ThreadPool pool(1);
    return Vectors::make({.items = items,
                          .item_vectors = item_vectors.view(),
                          .item_biases = biases,
                          .user_vectors = user_vectors.view()},
                         matrix, pool);
  }
  std::unique_ptr<Vectors> model(const Vectors::Options& options,
                                 const UserItemMatrix& matrix = {}) const {
    std::unique_ptr<Vectors> model = make(matrix).model;
    model->set_options(options);
    return model;
  }

  // By item number; the mean of all for item 1.
  Vector vector(std::size_t item) const {
    Vector vector = Vector::Zero(static_cast<Eigen::Index>(item_vectors.dim()));
    for (std::size_t r = 0; r < items.size(); ++r) {
      if (item != 1 && offset(items[r]) != item) continue;
      for (Eigen::Index k = 0; k < vector.size(); ++k) {
        vector[k] += item_vectors.row(r)[static_cast<std::size_t>(k)];
      }
    }
    return item == 1 ? Vector(vector / static_cast<double>(items.size())) : vector;
  }
  double bias(std::size_t item) const {
    if (biases.empty()) return 0;
    double sum = 0;
    for (std::size_t r = 0; r < items.size(); ++r) {
      if (item == 1 || offset(items[r]) == item) sum += biases[r];
    }
    return item == 1 ? sum / static_cast<double>(items.size()) : sum;
  }

  std::vector<ItemIndex> items;
  Factors item_vectors;
  std::vector<float> biases;
  Factors user_vectors;
};

// The plain version, in double, straight from the formulas of the header.
Vector plain_user(const Elsewhere& elsewhere, History history, const std::vector<float>& weights,
                  const Vectors::Options& options, double mean) {
  const auto dim = static_cast<Eigen::Index>(elsewhere.item_vectors.dim());
  const bool is_explicit = options.form == Vectors::kExplicit;
  Matrix a = options.regularization * Matrix::Identity(dim, dim);
  Vector right = Vector::Zero(dim);
  for (std::size_t j = 0; j < history.size(); ++j) {
    const std::size_t item = offset(history[j].item);
    if (item == 1) continue;
    const Vector h = elsewhere.vector(item);
    const double centre = options.centred ? mean : 0;
    const double target = is_explicit ? history[j].value - centre : 1;
    a += weights[j] * h * h.transpose();
    right += weights[j] * (target - elsewhere.bias(item)) * h;
  }
  for (std::size_t item = 0; !is_explicit && item < kNItems; ++item) {
    if (item == 1) continue;
    const Vector h = elsewhere.vector(item);
    a += options.unobserved * h * h.transpose();
    right -= options.unobserved * elsewhere.bias(item) * h;
  }
  return a.ldlt().solve(right);
}

// dim, form, unobserved, biases, centred.
using Case = std::tuple<std::size_t, std::string_view, double, bool, bool>;

class FoldInTest : public testing::TestWithParam<Case> {};

TEST_P(FoldInTest, EqualsAPlainSolutionInDouble) {
  const auto [dim, form, unobserved, has_biases, centred] = GetParam();
  const Elsewhere elsewhere(dim, has_biases);
  const Dataset ratings = dataset_of({{1, 5, 0}, {4, 3, 2}}, true);
  const Vectors::Options options = {.form = std::string(form),
                                    .regularization = 0.3,
                                    .unobserved = unobserved,
                                    .centred = centred,
                                    .rating_weight = 0};
  const std::unique_ptr<Vectors> model = elsewhere.model(options, ratings.matrix);
  std::vector<Interaction> history;
  std::vector<float> weights;
  // More than the numbers of a vector too: HalfStep goes another way there.
  for (std::uint32_t i = 0; i < 24; ++i) {
    history.push_back({ItemIndex{(7 * i + 1) % 30}, static_cast<float>(i % 5 + 1), 0});
    weights.push_back(0.5F + static_cast<float>(i % 3));
    const Vector user = plain_user(elsewhere, history, weights, options, 3);
    if (i == 0) continue;  // of item 1 alone
    for (std::size_t item = 0; item < kNItems; ++item) {
      std::vector<float> out(kNItems);
      model->score({.history = history, .weights = weights}, out);
      const double expected = elsewhere.vector(item).dot(user) + elsewhere.bias(item);
      ASSERT_NEAR(out[item], expected, 2e-5 * (1 + std::abs(expected))) << i << ' ' << item;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FoldInTest,
    testing::Values(Case{3, "implicit", 0, false, true}, Case{16, "implicit", 0.05, false, true},
                    Case{5, "implicit", 0.05, true, true}, Case{16, "implicit", 0, true, true},
                    Case{7, "explicit", 0, false, true}, Case{7, "explicit", 0, true, false},
                    Case{1, "explicit", 0.5, true, true}),
    [](const auto& test) { return fmt::format("Case{}", test.index); });

TEST(VectorsTest, SomebodyWithoutAHistoryGetsTheMeanUser) {
  for (const bool has_biases : {false, true}) {
    const Elsewhere elsewhere(4, has_biases, 9);
    const std::unique_ptr<Vectors> model = elsewhere.model({});
    Vector mean = Vector::Zero(4);
    for (std::size_t u = 0; u < 9; ++u) {
      for (Eigen::Index k = 0; k < 4; ++k) {
        mean[k] += elsewhere.user_vectors.row(u)[static_cast<std::size_t>(k)] / 9;
      }
    }
    // Of item 1 nothing is known.
    const std::vector<Interaction> history = {{ItemIndex{1}, 1, 0}, {ItemIndex{99}, 1, 0}};
    for (const Profile& profile : {Profile(), Profile{.history = history}}) {
      const std::vector<float> out = scores(*model, profile);
      for (std::size_t item = 0; item < kNItems; ++item) {
        EXPECT_NEAR(out[item], elsewhere.vector(item).dot(mean) + elsewhere.bias(item), 1e-5);
      }
    }
  }
  // Where no user was given, zeros: the biases are left.
  const Elsewhere nobody(4, true);
  const std::vector<float> out = scores(*nobody.model({}), {});
  for (std::size_t item = 0; item < kNItems; ++item) {
    EXPECT_NEAR(out[item], nobody.bias(item), 1e-6);
  }
}

TEST(VectorsTest, SimilarItemsAreThoseOfTheLargestCosineWithoutBiases) {
  const Elsewhere elsewhere(5, true);
  const std::unique_ptr<Vectors> model = elsewhere.model({});
  const Ranking similar = model->similar_items(ItemIndex{7}, 100);
  ASSERT_EQ(similar.size(), kNItems - 2);  // neither itself nor item 1
  for (const ScoredItem& one : similar) {
    const Vector a = elsewhere.vector(7);
    const Vector b = elsewhere.vector(offset(one.item));
    EXPECT_NEAR(one.score, a.dot(b) / a.norm() / b.norm(), 1e-5);
  }
  EXPECT_TRUE(model->similar_items(ItemIndex{1}, 5).empty());
  EXPECT_TRUE(model->similar_items(ItemIndex{99}, 5).empty());
}

// Ratings out of the range that there was are taken for its ends, so that none speaks alone.
TEST(VectorsTest, RatingsAreTakenWithinTheirRange) {
  const Dataset ratings = dataset_of({{1, 5, 0}, {4, 3, 2}}, true);
  const Elsewhere elsewhere(5, false);
  const std::unique_ptr<Vectors> model =
      elsewhere.model({.form = std::string(Vectors::kExplicit)}, ratings.matrix);
  EXPECT_EQ(scores_after(*model, 3, 1000), scores_after(*model, 3, 5));
  EXPECT_EQ(scores_after(*model, 3, -1000), scores_after(*model, 3, 1));
  EXPECT_NE(scores_after(*model, 3, 2), scores_after(*model, 3, 1));
}

class VectorsModelFileTest : public testing::Test {
 protected:
  void SetUp() override { path_ = testing::TempDir() + fmt::format("vectors_test_{}", ::getpid()); }
  void TearDown() override { std::filesystem::remove(path_); }

  Result<FittedModel> saved_and_loaded(const Elsewhere& elsewhere,
                                       const Vectors::Options& options) {
    const Dataset ratings = dataset_of({{1, 5, 0}, {4, 3, 2}}, true);
    FittedModel fitted;
    fitted.model = elsewhere.model(options, ratings.matrix);
    for (std::size_t i = 0; i < kNItems; ++i) fitted.dataset.items.add(fmt::format("i{}", i));
    fitted.dataset.matrix = UserItemMatrix::from_histories({}, kNItems, true);
    fitted.settings = to_settings(Vectors::fields(), options);
    EXPECT_TRUE(save_model(fitted, path_).has_value());
    return load_model(path_);
  }

  std::string path_;
};

TEST_F(VectorsModelFileTest, WhatIsLoadedScoresTheSame) {
  const Dataset ratings = dataset_of({{1, 5, 0}, {4, 3, 2}}, true);
  for (const bool has_biases : {false, true}) {
    for (const std::string_view form : {Vectors::kImplicit, Vectors::kExplicit}) {
      const Elsewhere elsewhere(6, has_biases, 3);
      const Vectors::Options options = {.form = std::string(form),
                                        .regularization = 0.125,
                                        .unobserved = 0.25,
                                        .centred = false,
                                        .rating_weight = 0.5};
      const std::unique_ptr<Vectors> model = elsewhere.model(options, ratings.matrix);
      const Result<FittedModel> loaded = saved_and_loaded(elsewhere, options);
      ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
      EXPECT_EQ(loaded->model->name(), "vectors");
      EXPECT_EQ(scores(*loaded->model, {}), scores(*model, {}));
      EXPECT_EQ(scores_after(*loaded->model, 3, 4), scores_after(*model, 3, 4));
      EXPECT_EQ(scores_after(*loaded->model, 1, 4), scores_after(*model, 1, 4));
      EXPECT_EQ(loaded->model->similar_items(ItemIndex{2}, 9),
                model->similar_items(ItemIndex{2}, 9));
    }
  }
}

}  // namespace
}  // namespace coseno
