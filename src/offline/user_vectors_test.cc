#include "offline/user_vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "models/fitted_model.h"

namespace coseno {
namespace {

class UserVectorsTest : public testing::Test {
 protected:
  static constexpr std::uint32_t kUsers = 600;

  void SetUp() override {
    Interactions interactions;
    for (std::uint32_t u = 0; u < kUsers; ++u) {
      const UserIndex user = interactions.users.add(fmt::format("u{}", u));
      for (std::uint32_t n = 1; n < 4 + u % 3; ++n) {
        interactions.add(user, {interactions.items.add(fmt::format("i{}", u * n % 40)), 1, 0});
      }
    }
    FitContext context{pool_, progress_, 1};
    fitted_ = fit_model("ials", make_dataset(std::move(interactions), RepeatRule::last, {}, {}),
                        {{"dim", "4"}, {"rounds", "2"}}, context)
                  .value();
  }

  std::vector<float> vector(std::uint32_t user) const {
    return fitted_.model->user_vector(profile_of(fitted_.dataset, UserIndex{user}));
  }

  ThreadPool pool_{3};
  Progress progress_;
  FittedModel fitted_;
};

TEST_F(UserVectorsTest, AreThoseOfTheModel) {
  const UserVectors vectors(fitted_.dataset, *fitted_.model);
  std::vector<float> scratch;
  for (const std::uint32_t user : {7U, 7U, 0U, kUsers - 1}) {
    EXPECT_TRUE(std::ranges::equal(vectors.of(UserIndex{user}, scratch), vector(user)));
  }
  EXPECT_FALSE(vectors.is_complete());
  ASSERT_TRUE(vectors.make_all(pool_, progress_));
  EXPECT_TRUE(vectors.is_complete());
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    ASSERT_TRUE(std::ranges::equal(vectors.all().row(user), vector(user)));
  }
}

TEST_F(UserVectorsTest, SeveralThreadsMayMakeThem) {
  const UserVectors vectors(fitted_.dataset, *fitted_.model);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) threads.emplace_back([&] { vectors.all(); });
  }
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    ASSERT_TRUE(std::ranges::equal(vectors.all().row(user), vector(user)));
  }
}

}  // namespace
}  // namespace coseno
