#include "offline/list_maker.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "models/fitted_model.h"

namespace coseno {
namespace {

// 300 users with items by the digits of their number, enough for several batches and slices.
class ListMakerTest : public testing::TestWithParam<std::string> {
 protected:
  static constexpr std::uint32_t kUsers = 1200;
  static constexpr std::uint32_t kItems = 90;

  static Dataset dataset() {
    Interactions interactions;
    for (std::uint32_t u = 0; u < kUsers; ++u) {
      const UserIndex user = interactions.users.add(fmt::format("u{}", u));
      for (std::uint32_t n = 1; n <= 5 + u % 7; ++n) {
        const std::uint32_t item = (u * n + n * n) % kItems;
        interactions.add(user, {interactions.items.add(fmt::format("i{}", item)), 1, 0});
      }
    }
    return make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  }

  void SetUp() override {
    Progress progress;
    FitContext context{pool_, progress, 1};
    Settings settings;
    if (GetParam() == "ials") settings = {{"dim", "8"}, {"rounds", "3"}};
    fitted_ = fit_model(GetParam(), dataset(), settings, context).value();
  }

  ThreadPool pool_{3};
  FittedModel fitted_;
};

TEST_P(ListMakerTest, ManyAreTheSameAsOneByOneOnAnyNumberOfThreads) {
  const ListMaker one_by_one(fitted_.dataset, *fitted_.model);
  const ListMaker many(fitted_.dataset, *fitted_.model);
  const std::array<std::uint32_t, 3> excluded{5, 3, 5};
  const ListOptions options{.k = 7, .excluded = excluded};
  std::vector<UserIndex> users;
  for (std::uint32_t u = 0; u < kUsers; ++u) users.push_back(UserIndex{kUsers - 1 - u});
  std::vector<std::int32_t> items(kUsers * options.k);
  std::vector<float> scores(kUsers * options.k);
  Progress progress;
  ASSERT_TRUE(many.lists(users, options, {items, scores}, pool_, progress));
  for (std::size_t i = 0; i < kUsers; ++i) {
    const Ranking list = one_by_one.list(users[i], options);
    ASSERT_EQ(list.size(), options.k);
    for (std::size_t place = 0; place < options.k; ++place) {
      ASSERT_EQ(items[i * options.k + place], static_cast<std::int32_t>(offset(list[place].item)));
      ASSERT_EQ(scores[i * options.k + place], list[place].score);
      ASSERT_NE(items[i * options.k + place], 3);
      ASSERT_NE(items[i * options.k + place], 5);
    }
  }
}

TEST_P(ListMakerTest, HistoriesAreServedAsTheirUsersAre) {
  const ListMaker maker(fitted_.dataset, *fitted_.model);
  const ListOptions options{.k = 5};
  std::vector<UserIndex> users;
  std::vector<History> histories;
  for (std::uint32_t u = 0; u < 100; ++u) {
    users.push_back(UserIndex{u});
    histories.push_back(fitted_.dataset.matrix.user(UserIndex{u}));
  }
  std::vector<std::int32_t> of_users(users.size() * options.k);
  std::vector<std::int32_t> of_histories(of_users.size());
  std::vector<float> scores(of_users.size());
  Progress progress;
  ASSERT_TRUE(maker.lists(users, options, {of_users, scores}, pool_, progress));
  ASSERT_TRUE(maker.lists(histories, options, {of_histories, scores}, pool_, progress));
  EXPECT_EQ(of_users, of_histories);
}

// What is made when first used is made once, whoever comes first.
TEST_P(ListMakerTest, SeveralThreadsMayAskAtOnce) {
  const ListMaker maker(fitted_.dataset, *fitted_.model);
  std::vector<Ranking> lists(8);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < lists.size(); ++t) {
      threads.emplace_back([&, t] {
        if (t % 2 == 0 && fitted_.model->item_vectors()) static_cast<void>(maker.user_vectors());
        lists[t] = maker.list(UserIndex{17}, {.k = 9});
      });
    }
  }
  for (const Ranking& list : lists) EXPECT_EQ(list, lists.front());
}

INSTANTIATE_TEST_SUITE_P(Models, ListMakerTest, testing::Values("ials", "ease", "item_knn"),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace coseno
