// What only biased_mf does; recommender_test.cc holds what every model must.
#include "models/biased_mf.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <string>

#include "base/rng.h"
#include "models/model_testing.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr std::size_t kUsers = 60;
constexpr std::size_t kItems = 40;

// Tastes of one dimension: user u likes item i by t_u t_i, plus a bias of the item, plus a tenth of
// noise. Every third pair is held out.
float true_rating(std::size_t u, std::size_t i) {
  const float taste = u % 2 == 0 ? 1.0F : -1.0F;
  const float kind = i % 2 == 0 ? 1.0F : -1.0F;
  return 3.0F + taste * kind + (i % 5 == 0 ? 0.5F : 0.0F);
}

bool is_held_out(std::size_t u, std::size_t i) { return (u * 7 + i) % 3 == 0; }

Dataset tastes() {
  Rng rng(1);
  Interactions interactions;
  interactions.has_values = true;
  for (std::size_t i = 0; i < kItems; ++i) interactions.items.add("i" + std::to_string(i));
  for (std::size_t u = 0; u < kUsers; ++u) {
    const UserIndex user = interactions.users.add("u" + std::to_string(u));
    for (std::size_t i = 0; i < kItems; ++i) {
      const auto noise = static_cast<float>(0.2 * (rng.uniform() - 0.5));
      if (is_held_out(u, i)) continue;
      interactions.add(user, {static_cast<ItemIndex>(i), true_rating(u, i) + noise, 0});
    }
  }
  return make_dataset(std::move(interactions), RepeatRule::last, {}, {});
}

float predicted(const Model& model, const Profile& profile, ItemIndex item) {
  float rating = 0;
  model.predict(profile, std::span(&item, 1), std::span(&rating, 1));
  return rating;
}

// The noise has deviation 0.06, the ratings 1.
TEST(BiasedMfTest, FindsWhatWasHeldOut) {
  const Dataset dataset = tastes();
  const auto model = fit<BiasedMf>(dataset, {.dim = 3, .rounds = 60, .draws = 20});
  double squared_error = 0;
  double n = 0;
  for (std::size_t u = 0; u < kUsers; ++u) {
    for (std::size_t i = 0; i < kItems; ++i) {
      if (!is_held_out(u, i)) continue;
      const Profile profile = profile_of(dataset, static_cast<UserIndex>(u));
      const float error = predicted(*model, profile, static_cast<ItemIndex>(i)) - true_rating(u, i);
      squared_error += static_cast<double>(error) * error;
      ++n;
    }
  }
  EXPECT_LT(std::sqrt(squared_error / n), 0.1);
}

// Unknown at training time, and four ratings are enough to see the taste.
TEST(BiasedMfTest, ServesAnUnknownUserFromTheHistory) {
  const auto model = fit<BiasedMf>(tastes(), {.dim = 3, .rounds = 60, .draws = 20});
  const std::vector<Interaction> history = {
      {ItemIndex{1}, 4, 0}, {ItemIndex{3}, 4, 0}, {ItemIndex{2}, 2, 0}, {ItemIndex{4}, 2, 0}};
  EXPECT_GT(predicted(*model, {history}, ItemIndex{7}), 3.6F);
  EXPECT_LT(predicted(*model, {history}, ItemIndex{8}), 2.4F);
}

TEST(BiasedMfTest, WithoutHistoryTheMeanOfTheItemIsExpected) {
  const auto model = fit<BiasedMf>(tastes(), {.dim = 3, .rounds = 60, .draws = 20});
  EXPECT_NEAR(predicted(*model, {}, ItemIndex{1}), 3.0F, 0.3F);
  EXPECT_NEAR(predicted(*model, {}, ItemIndex{5}), 3.5F, 0.3F);
}

TEST(BiasedMfTest, PredictionsStayWithinTheRatings) {
  const auto model = fit<BiasedMf>(tastes(), {.dim = 2, .rounds = 20, .draws = 5});
  std::vector<Interaction> history;
  for (std::uint32_t i = 0; i < kItems; ++i) history.push_back({ItemIndex{i}, 1000, 0});
  const float rating = predicted(*model, {history}, ItemIndex{5});
  EXPECT_LE(rating, 4.6F);
  EXPECT_TRUE(std::isfinite(rating));
}

TEST(BiasedMfTest, AnItemThatIsUnknownGetsAnAverageRating) {
  const auto model = fit<BiasedMf>(tastes(), {.dim = 2, .rounds = 40, .draws = 20});
  EXPECT_NEAR(predicted(*model, {}, ItemIndex{4000}), 3.1F, 0.4F);
}

TEST(BiasedMfTest, EqualRatingsArePredictedAsTheyAre) {
  Interactions interactions;
  interactions.has_values = true;
  for (const char* user : {"ann", "bob"}) {
    for (const char* item : {"tea", "jam"}) {
      interactions.add(interactions.users.add(user), {interactions.items.add(item), 4, 0});
    }
  }
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  const auto model = fit<BiasedMf>(dataset, {.dim = 2, .rounds = 10, .draws = 5});
  EXPECT_EQ(predicted(*model, profile_of(dataset, UserIndex{0}), ItemIndex{1}), 4.0F);
}

TEST(BiasedMfTest, PlainActsAreRefused) {
  Interactions interactions;
  interactions.add(interactions.users.add("ann"), {interactions.items.add("tea"), 1, 0});
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  const auto model = try_fit<BiasedMf>(dataset, {});
  ASSERT_FALSE(model.has_value());
  EXPECT_EQ(model.error().code, ErrorCode::invalid_argument);
}

// Films of genre "loud" are rated 4.5, "calm" ones 1.5; nobody has rated "new", a loud one.
TEST(BiasedMfTest, PropertiesTellOfAnItemThatNobodyHasRated) {
  Interactions interactions;
  interactions.has_values = true;
  Catalog items;
  for (int i = 0; i < 30; ++i) {
    const std::string id = "i" + std::to_string(i);
    const std::string genre = i % 2 == 0 ? "loud" : "calm";
    items.add({.id = id, .title = "", .properties = {{"genre", PropertyKind::category, genre}}});
    for (int u = 0; u < 15; ++u) {
      const float rating = (i % 2 == 0 ? 4.5F : 1.5F) + (u % 3 == 0 ? 0.5F : 0.0F);
      interactions.add(interactions.users.add("u" + std::to_string(u)),
                       {interactions.items.add(id), rating, 0});
    }
  }
  items.add({.id = "new", .title = "", .properties = {{"genre", PropertyKind::category, "loud"}}});
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, items, {});
  const auto model = fit<BiasedMf>(dataset, {.dim = 2, .rounds = 60, .draws = 20});
  const ItemIndex unrated = *dataset.items.find("new");
  EXPECT_GT(predicted(*model, profile_of(dataset, UserIndex{1}), unrated), 3.7F);
}

// "word:a" looks like a word of a title, and is a property of users here: it once was left out on
// one side and read on the other.
TEST(BiasedMfTest, AnyNameOfAUserPropertyWillDo) {
  Interactions interactions;
  interactions.has_values = true;
  Catalog users;
  for (int u = 0; u < 8; ++u) {
    const std::string id = fmt::format("u{}", u);
    const std::string kind = u % 2 == 0 ? "p" : "q";
    users.add({.id = id, .title = "", .properties = {{"word:a", PropertyKind::category, kind}}});
    for (int i = 0; i < 6; ++i) {
      interactions.add(interactions.users.add(id), {interactions.items.add(fmt::format("i{}", i)),
                                                    u % 2 == 0 ? 5.0F : 1.0F, 0});
    }
  }
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, users);
  ASSERT_EQ(dataset.user_encoder.n_features(), 2U);
  const auto model = fit<BiasedMf>(dataset, {.dim = 2, .rounds = 60, .draws = 20});
  const Profile likes{{}, dataset.user_features.row(0)};
  const Profile dislikes{{}, dataset.user_features.row(1)};
  EXPECT_GT(predicted(*model, likes, ItemIndex{0}), predicted(*model, dislikes, ItemIndex{0}) + 1);
}

// One draw, worked out again in double from the tensors of the file:
//
//   (p, b) = (L + a X'X)^-1 (L m + a X't)     X: rows (q_i, 1), t: centred ratings less item biases
//
// with a from the errors of a first pass, as biased_mf.cc tells.
TEST(BiasedMfTest, FoldInEqualsRidgeRegressionAroundThePrior) {
  const auto model = fit<BiasedMf>(tastes(), {.dim = 3, .rounds = 20, .draws = 1});
  TensorFileWriter writer;
  model->save(writer);
  const std::string path = testing::TempDir() + "fold_in.safetensors";
  ASSERT_TRUE(writer.write(path).has_value());
  const Result<TensorFile> file = TensorFile::read(path);
  ASSERT_TRUE(file.has_value());
  const auto tensor = [&](const char* name) { return *file->floats(name, *file->shape(name)); };

  using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto vectors = Eigen::Map<const RowMajor>(tensor("item_vectors").data(), kItems, 3);
  const auto implicit = Eigen::Map<const RowMajor>(tensor("implicit_weights").data(), kItems, 4);
  const auto precision = Eigen::Map<const RowMajor>(tensor("user_precisions").data(), 4, 4);
  const std::span<const float> biases = tensor("item_biases");
  const std::span<const float> range = tensor("rating_range");
  const double typical_noise = tensor("noise_precisions")[0];
  const std::vector<Interaction> history = {{ItemIndex{3}, 4, 0}, {ItemIndex{10}, 2, 0}};

  Eigen::MatrixXd x(2, 4);
  Eigen::VectorXd t(2);
  Eigen::VectorXd m =
      Eigen::Map<const Eigen::VectorXf>(tensor("user_means").data(), 4).cast<double>();
  for (Eigen::Index j = 0; j < 2; ++j) {
    const auto item = static_cast<Eigen::Index>(offset(history[static_cast<std::size_t>(j)].item));
    x.row(j) << vectors.row(item).cast<double>(), 1.0;
    t[j] = (history[static_cast<std::size_t>(j)].value - range[0]) / range[1] -
           biases[static_cast<std::size_t>(item)];
    m += implicit.row(item).cast<double>() / std::sqrt(2.0);
  }
  const Eigen::MatrixXd prior = precision.cast<double>();
  double noise = typical_noise;
  Eigen::VectorXd numbers;
  for (int pass = 0; pass < 2; ++pass) {
    const Eigen::MatrixXd gram = prior + noise * x.transpose() * x;
    const Eigen::VectorXd right = prior * m + noise * x.transpose() * t;
    numbers = gram.llt().solve(right);
    noise = (kNoiseShape + 2) / (kNoiseShape / typical_noise + (t - x * numbers).squaredNorm());
  }
  const Eigen::VectorXd item7 = vectors.row(7).transpose().cast<double>();
  const double expected =
      range[0] + range[1] * (numbers.head(3).dot(item7) + numbers[3] + biases[7]);
  EXPECT_NEAR(predicted(*model, {history}, ItemIndex{7}), expected, 1e-4);
}

}  // namespace
}  // namespace coseno
