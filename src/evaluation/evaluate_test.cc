#include "evaluation/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rng.h"

namespace coseno {
namespace {

// Scores and ratings are given by functions of the user's history.
class ScriptedModel final : public Model {
 public:
  explicit ScriptedModel(std::size_t n_items) : n_items_(n_items) {}

  std::string_view name() const override { return "scripted"; }
  std::size_t n_items() const override { return n_items_; }
  void score(const Profile& profile, std::span<float> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = scores(profile.history, i);
  }
  bool predicts_ratings() const override { return ratings != nullptr; }
  void predict(const Profile& profile, std::span<const ItemIndex> items,
               std::span<float> out) const override {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = ratings(profile.history, items[i]);
  }
  std::optional<MatrixView> item_vectors() const override { return vectors; }
  std::vector<float> user_vector(const Profile& /*profile*/) const override { return {1, 0}; }
  Ranking similar_items(ItemIndex /*item*/, std::size_t /*k*/) const override { return {}; }
  void save(TensorFileWriter& /*file*/) const override {}

  std::function<float(History, std::size_t)> scores = [](History, std::size_t) { return 0.0F; };
  std::function<float(History, ItemIndex)> ratings;
  std::optional<MatrixView> vectors;

 private:
  std::size_t n_items_;
};

// Four items, known by the other users of the training:
//
//          tea  jam  ham  rye
//   ann     x    -    -    -     held out: jam 5, rye 2
//   bob     x    x    -    -     held out: rye 4
//   cat     x    x    x    x     nothing
class EvaluateTest : public testing::Test {
 protected:
  EvaluateTest() {
    Interactions train;
    train.has_values = true;
    for (const auto& [user, items] :
         {std::pair("ann", "t"), std::pair("bob", "tj"), std::pair("cat", "tjhr")}) {
      for (const char* item = items; *item != 0; ++item) {
        train.add(train.users.add(user), {train.items.add(std::string(1, *item)), 3, 0});
      }
    }
    Interactions test;
    test.users = train.users;
    test.items = train.items;
    test.has_values = true;
    test.add(UserIndex{0}, {kJam, 5, 0});
    test.add(UserIndex{0}, {kRye, 2, 0});
    test.add(UserIndex{1}, {kRye, 4, 0});
    split_ = *given_split(std::move(train), test, RepeatRule::last, {}, {});
  }

  static constexpr ItemIndex kJam{1};  // tea is 0
  static constexpr ItemIndex kHam{2};
  static constexpr ItemIndex kRye{3};
  using Lists = std::vector<std::vector<ItemIndex>>;

  Result<Evaluation> run(const EvaluateOptions& options) {
    return evaluate(model_, split_, options, pool_, progress_);
  }

  Split split_;
  ScriptedModel model_{4};
  ThreadPool pool_{2};
  Progress progress_;
};

// Scores rise with the item's number. ann has tea, bob tea and jam.
TEST_F(EvaluateTest, ListsTheBestWithoutTrainingItems) {
  model_.scores = [](History, std::size_t i) { return static_cast<float>(i); };
  const auto evaluation = run({.k = 2});
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_EQ(evaluation->lists, (Lists{{kRye, kHam}, {kRye, kHam}, {}}));
  EXPECT_EQ(evaluation->metrics.n_users, 2U);
  // ann hits 1 of 2, bob 1 of 1.
  EXPECT_DOUBLE_EQ(evaluation->metrics.list.precision, 0.5);
  EXPECT_DOUBLE_EQ(evaluation->metrics.list.recall, 0.75);
}

// All equal: ann's jam and rye come behind ham, bob's rye behind ham.
TEST_F(EvaluateTest, TiesAreCountedAgainstTheModel) {
  const auto one = run({.k = 1});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->lists, (Lists{{kHam}, {kHam}, {}}));
  EXPECT_EQ(one->metrics.list.hit_rate, 0);
  EXPECT_EQ(run({.k = 3})->lists, (Lists{{kHam, kJam, kRye}, {kHam, kRye}, {}}));
}

// Two tie for the last two places behind a clear first: the relevant one of them comes last.
TEST_F(EvaluateTest, TiesInsideTheListAreBrokenAgainstTheModelToo) {
  model_.scores = [](History, std::size_t i) { return i == 3 ? 1.0F : 0.0F; };
  EXPECT_EQ(run({.k = 3})->lists.front(), (std::vector{kRye, kHam, kJam}));
}

TEST_F(EvaluateTest, NeverScoreIsNotListed) {
  model_.scores = [](History, std::size_t i) { return i == 2 ? kNeverScore : 0.0F; };
  EXPECT_EQ(run({.k = 3})->lists, (Lists{{kJam, kRye}, {kRye}, {}}));
}

// Only ann's jam is worth 5. Her rye is no longer right, but may still be listed.
TEST_F(EvaluateTest, RelevantFromHidesNothing) {
  model_.scores = [](History, std::size_t i) { return static_cast<float>(i); };
  const auto evaluation = run({.k = 1, .relevant_from = 5});
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(evaluation->metrics.n_users, 1U);
  EXPECT_EQ(evaluation->lists, (Lists{{kRye}, {}, {}}));
  EXPECT_EQ(evaluation->metrics.list.hit_rate, 0);
}

// Errors: ann 3 - 5 and 3 - 2, bob 3 - 4. No rating is left out for not being relevant.
TEST_F(EvaluateTest, PredictsEveryHeldOutRating) {
  model_.ratings = [](History, ItemIndex) { return 3.0F; };
  const auto evaluation = run({.relevant_from = 5});
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(evaluation->metrics.n_ratings, 3U);
  EXPECT_DOUBLE_EQ(evaluation->metrics.rmse, std::sqrt((4.0 + 1 + 1) / 3));
  EXPECT_DOUBLE_EQ(evaluation->metrics.mae, (2.0 + 1 + 1) / 3);
}

TEST_F(EvaluateTest, PredictionSeesTrainingHistory) {
  model_.ratings = [](History history, ItemIndex) { return history.size() == 1 ? 3.5F : 4.0F; };
  EXPECT_DOUBLE_EQ(run({})->metrics.mae, (1.5 + 1.5 + 0) / 3);
}

TEST_F(EvaluateTest, NoRatingsArePredictedWhereTheDataHaveNone) {
  model_.ratings = [](History, ItemIndex) { return 3.0F; };
  split_.has_ratings = false;
  EXPECT_EQ(run({})->metrics.n_ratings, 0U);
}

// Both lists are {ham}: one item of four. ham is had by one of three users: log2(3).
TEST_F(EvaluateTest, CoverageAndNovelty) {
  const auto evaluation = run({.k = 1});
  EXPECT_DOUBLE_EQ(evaluation->metrics.coverage, 0.25);
  EXPECT_DOUBLE_EQ(evaluation->metrics.novelty, std::log2(3.0));
}

// Every user has jam or tea; ann's list {jam, ham}: -log2(2/3) and -log2(1/3); bob's {ham}.
TEST_F(EvaluateTest, NoveltyIsTheMeanOverListedItems) {
  model_.scores = [](History, std::size_t i) { return i == 3 ? kNeverScore : 0.0F; };
  EXPECT_DOUBLE_EQ(run({.k = 2})->metrics.novelty,
                   (std::log2(1.5) + std::log2(3.0) + std::log2(3.0)) / 3);
}

// Cosine with (1, 0): ham 1, jam 0, rye -1; tea has no vector.
TEST_F(EvaluateTest, RanksByCosine) {
  const std::vector<float> vectors = {0, 0, 0, 2, 3, 0, -1, 0};
  model_.vectors = MatrixView{vectors.data(), 4, 2};
  const auto evaluation = run({.k = 3, .rank_by = RankBy::cosine});
  ASSERT_TRUE(evaluation);
  EXPECT_EQ(evaluation->lists, (Lists{{kHam, kJam, kRye}, {kHam, kRye}, {}}));
}

// zoe is only in the test, and so is what she took.
TEST_F(EvaluateTest, UnknownItemIsMissedByAUserWithoutHistory) {
  Interactions train;
  train.add(train.users.add("ann"), {train.items.add("tea"), 1, 0});
  Interactions test;
  test.users = train.users;
  test.items = train.items;
  test.add(test.users.add("zoe"), {test.items.add("fig"), 1, 0});
  const auto split = given_split(std::move(train), test, RepeatRule::last, {}, {});
  ASSERT_TRUE(split);
  const auto evaluation = evaluate(ScriptedModel(1), *split, EvaluateOptions(), pool_, progress_);
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_EQ(evaluation->lists, (Lists{{}, {ItemIndex{0}}}));
  EXPECT_EQ(evaluation->metrics.list.recall, 0);
}

// ann is held out entirely: the model is told of her tea and ham, and neither is listed; bob and
// cat are not judged.
TEST_F(EvaluateTest, AHeldOutUserIsScoredFromWhatIsToldOfThem) {
  Interactions interactions;
  for (const auto& [user, items] :
       {std::pair("ann", "thj"), std::pair("bob", "t"), std::pair("cat", "h")}) {
    for (const char* item = items; *item != 0; ++item) {
      interactions.add(interactions.users.add(user),
                       {interactions.items.add(std::string(1, *item)), 1, 0});
    }
  }
  const Catalog none;
  const auto maker = SplitMaker::plan(
      interactions, {.protocol = Protocol::strong, .fraction = 0.3, .held_out_users = 1}, none,
      none);
  ASSERT_TRUE(maker);
  ScriptedModel model(2);
  std::size_t n_told = 0;
  model.scores = [&](History history, std::size_t i) {
    n_told = history.size();
    return static_cast<float>(i);
  };
  ThreadPool one_thread(1);
  const auto evaluation = evaluate(model, maker->make(0), {}, one_thread, progress_);
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_EQ(n_told, 2U);
  EXPECT_EQ(evaluation->metrics.n_users, 1U);
}

// The model repeats the last item: tea, tea, jam are told and then jam comes again.
TEST_F(EvaluateTest, BySessionsSeenItemsAreListedUnlessHidden) {
  Interactions train;
  train.add(train.users.add("ann"), {train.items.add("tea"), 1, 0});
  train.add(UserIndex{0}, {train.items.add("jam"), 1, 0});
  Interactions test;
  test.items = train.items;
  test.users = train.users;
  const UserIndex zoe = test.users.add("zoe");
  for (const std::uint32_t item : {0, 0, 1, 1}) test.add(zoe, {ItemIndex{item}, 1, 0});
  auto split = *next_item_split(std::move(train), test, RepeatRule::last, false, {}, {});
  ScriptedModel model(2);
  model.scores = [](History history, std::size_t item) {
    return offset(history.back().item) == item ? 1.0F : 0.0F;
  };
  const auto metrics = [&] { return evaluate(model, split, {.k = 1}, pool_, progress_)->metrics; };
  EXPECT_EQ(metrics().n_users, 3U);
  EXPECT_NEAR(metrics().list.recall, 2.0 / 3, 1e-9);
  split.hides_seen = true;
  EXPECT_NEAR(metrics().list.recall, 1.0 / 3, 1e-9);  // jam, the first time
}

TEST_F(EvaluateTest, LatencyIsMeasured) {
  const auto evaluation = run({});
  EXPECT_GT(evaluation->latency_p50_s, 0);
  EXPECT_GE(evaluation->latency_p99_s, evaluation->latency_p50_s);
}

TEST_F(EvaluateTest, RefusesKOfZero) {
  EXPECT_EQ(run({.k = 0}).error().code, ErrorCode::invalid_argument);
}

TEST_F(EvaluateTest, RefusesCosineWithoutVectors) {
  const auto evaluation = run({.rank_by = RankBy::cosine});
  ASSERT_FALSE(evaluation);
  EXPECT_EQ(evaluation.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(evaluation.error().message.find("scripted"), std::string::npos);
}

TEST_F(EvaluateTest, RefusesNobodyToJudge) {
  EXPECT_EQ(run({.relevant_from = 6}).error().code, ErrorCode::invalid_argument);
}

TEST_F(EvaluateTest, BrokenNumbersNameTheModel) {
  for (const float broken : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    model_.scores = [broken](History, std::size_t i) { return i == 1 ? broken : 0.0F; };
    const auto evaluation = run({});
    ASSERT_FALSE(evaluation);
    EXPECT_EQ(evaluation.error().code, ErrorCode::internal);
    EXPECT_NE(evaluation.error().message.find("scripted"), std::string::npos);
  }
  model_.scores = [](History, std::size_t) { return 0.0F; };
  model_.ratings = [](History, ItemIndex) { return std::nanf(""); };
  EXPECT_EQ(run({}).error().code, ErrorCode::internal);
}

TEST_F(EvaluateTest, StopsWhenCancelled) {
  class Cancelled final : public Progress {
    bool cancelled() const override { return true; }
  } progress;
  const auto evaluation = evaluate(model_, split_, {}, pool_, progress);
  ASSERT_FALSE(evaluation);
  EXPECT_EQ(evaluation.error().code, ErrorCode::cancelled);
}

// 1000 users (several slices) with random histories and scores in steps, so that there are ties.
TEST(EvaluateThreadsTest, SameResultForAnyNumberOfThreads) {
  Interactions interactions;
  interactions.has_values = true;
  Rng rng(1);
  for (int n = 0; n < 20000; ++n) {
    interactions.add(interactions.users.add(std::to_string(rng.below(1000))),
                     {interactions.items.add(std::to_string(rng.below(100))),
                      static_cast<float>(rng.below(5)), 0});
  }
  const Catalog none;
  const auto maker = SplitMaker::plan(interactions, {}, none, none);
  ASSERT_TRUE(maker);
  const Split split = maker->make(0);
  ScriptedModel model(split.train.items.size());
  model.scores = [](History history, std::size_t i) {
    return static_cast<float>((i * (history.size() + 1)) % 7);
  };
  model.ratings = [](History history, ItemIndex item) {
    return static_cast<float>(offset(item) % 5) + 0.1F * static_cast<float>(history.size());
  };
  const auto with_threads = [&](int n_threads) {
    ThreadPool pool(n_threads);
    Progress progress;
    return *evaluate(model, split, {}, pool, progress);
  };
  const Evaluation one = with_threads(1);
  const Evaluation three = with_threads(3);
  EXPECT_GT(one.metrics.n_users, 900U);
  EXPECT_EQ(named(one.metrics), named(three.metrics));
  EXPECT_EQ(one.lists, three.lists);
}

TEST(MeanMetricsTest, MeansOfMetricsAndSumsOfCounts) {
  Metrics a;
  a.list.ndcg = 0.2;
  a.rmse = 1;
  a.n_users = 3;
  a.n_ratings = 10;
  Metrics b;
  b.list.ndcg = 0.4;
  b.rmse = 2;
  b.coverage = 0.5;
  b.n_users = 1;
  b.n_ratings = 20;
  const Metrics result = mean(std::vector{a, b});
  EXPECT_DOUBLE_EQ(result.list.ndcg, 0.3);
  EXPECT_DOUBLE_EQ(result.rmse, 1.5);
  EXPECT_DOUBLE_EQ(result.coverage, 0.25);
  EXPECT_EQ(result.n_users, 4U);
  EXPECT_EQ(result.n_ratings, 30U);
}

}  // namespace
}  // namespace coseno
