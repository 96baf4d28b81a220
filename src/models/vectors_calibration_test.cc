#include "models/vectors_calibration.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "models/model_testing.h"

namespace coseno {
namespace {

constexpr std::size_t kDim = 6;
constexpr std::size_t kCalibratedItems = 40;
constexpr std::size_t kNUsers = 80;

// Histories of `n` items each, with ratings of 1 to 5.
Dataset histories(std::uint64_t seed) {
  Rng rng(seed);
  Ratings ratings(kNUsers, std::vector<float>(kCalibratedItems, 0));
  for (std::vector<float>& row : ratings) {
    for (float& rating : row) {
      if (rng.uniform() < 0.3) rating = static_cast<float>(1 + rng.below(5));
    }
  }
  return dataset_of(ratings, true);
}

// A training elsewhere: random items, and users folded in with options that nobody tells.
class CalibrationTest : public testing::Test {
 protected:
  CalibrationTest() : item_vectors_(kCalibratedItems, kDim) {
    Rng rng(2);
    for (float& x : item_vectors_.values()) x = static_cast<float>(2 * rng.uniform() - 0.8);
    for (std::uint32_t i = 0; i < kCalibratedItems; ++i) items_.push_back(ItemIndex{i});
    made_ = Vectors::make({.items = items_, .item_vectors = item_vectors_.view()}, dataset_.matrix,
                          pool_);
  }

  // Of the first users, by those options.
  std::vector<TrainedUser> users(const Vectors::Options& options) {
    given_.clear();
    for (std::uint32_t u = 0; u < kNUsers; ++u) {
      given_.push_back(
          made_.model->fold_in({.history = dataset_.matrix.user(UserIndex{u})}, options));
    }
    std::vector<TrainedUser> users;
    for (std::uint32_t u = 0; u < kNUsers; ++u) {
      users.push_back({dataset_.matrix.user(UserIndex{u}), given_[u]});
    }
    return users;
  }

  VectorsCalibration calibrated(std::span<const TrainedUser> users, const Settings& fixed = {}) {
    Progress progress;
    return calibrate(*made_.model, users, fixed, pool_, progress).value();
  }

  Dataset dataset_ = histories(1);
  ThreadPool pool_{1};
  std::vector<ItemIndex> items_;
  Factors item_vectors_;
  Vectors::Made made_;
  std::vector<std::vector<float>> given_;
};

TEST_F(CalibrationTest, TheOptionsThatWereUsedAreFoundAgain) {
  for (const Vectors::Options& used :
       {Vectors::Options{.regularization = 0.7, .unobserved = 0.02},
        Vectors::Options{.regularization = 20, .unobserved = 0},
        Vectors::Options{
            .form = std::string(Vectors::kExplicit), .regularization = 3, .centred = true},
        Vectors::Options{
            .form = std::string(Vectors::kExplicit), .regularization = 0.05, .centred = false}}) {
    const VectorsCalibration found = calibrated(users(used));
    EXPECT_GT(found.agreement, 0.9999);
    EXPECT_EQ(found.options.form, used.form);
    EXPECT_NEAR(found.options.regularization / used.regularization, 1, 0.25);
    if (used.form == Vectors::kExplicit) {
      EXPECT_EQ(found.options.centred, used.centred);
    } else {
      EXPECT_NEAR(found.options.unobserved, used.unobserved, 0.25 * used.unobserved);
    }
  }
}

TEST_F(CalibrationTest, WhatIsSetStays) {
  const std::vector<TrainedUser> users =
      this->users({.form = std::string(Vectors::kExplicit), .regularization = 3});
  const VectorsCalibration found =
      calibrated(users, {{"form", "implicit"}, {"regularization", "0.125"}});
  EXPECT_EQ(found.options.form, Vectors::kImplicit);
  EXPECT_EQ(found.options.regularization, 0.125);
  EXPECT_LT(found.agreement, 0.99);
  for (const Vectors::Options& likely : likely_options(*made_.model, {{"unobserved", "0.5"}})) {
    EXPECT_EQ(likely.unobserved, 0.5);
  }
}

// Nothing is tried twice, and nothing explicit without ratings.
TEST_F(CalibrationTest, WhatIsLikelyIsDistinct) {
  const std::vector<Vectors::Options> likely = likely_options(*made_.model, {});
  for (std::size_t n = 0; n < likely.size(); ++n) {
    EXPECT_EQ(std::ranges::count(likely, likely[n]), 1);
  }
  const Vectors::Made plain =
      Vectors::make({.items = items_, .item_vectors = item_vectors_.view()}, {}, pool_);
  for (const Vectors::Options& options : likely_options(*plain.model, {})) {
    EXPECT_EQ(options.form, Vectors::kImplicit);
  }
}

TEST_F(CalibrationTest, AgreementIsTheMeanCosineOfThoseWhoTell) {
  const Vectors::Options options = {.regularization = 0.7};
  std::vector<TrainedUser> users = this->users(options);
  EXPECT_NEAR(agreement(*made_.model, users, options, pool_), 1, 1e-6);
  // One the other way round, one of zeros, and one without a history.
  users.resize(4);
  for (float& x : given_[0]) x = -x;
  std::ranges::fill(given_[1], 0.0F);
  users[2].history = {};
  EXPECT_NEAR(agreement(*made_.model, users, options, pool_), 0, 1e-6);
  EXPECT_EQ(agreement(*made_.model, {}, options, pool_), 0);
}

TEST_F(CalibrationTest, CancellingEndsIt) {
  class Cancelled : public Progress {
   public:
    bool cancelled() const override { return true; }
  } progress;
  const auto ended = calibrate(*made_.model, users({}), {}, pool_, progress);
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace coseno
