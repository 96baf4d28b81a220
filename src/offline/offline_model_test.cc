#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "offline/offline_testing.h"

namespace coseno {
namespace {

using Names = std::vector<std::string>;

// Every model that the ratings suit, and auto.
class EveryModelTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryModelTest, ATeaDrinkerGetsTheTeaThatIsMissing) {
  const OfflineModel model = fitted(GetParam());
  const Names list = names(model, model.recommend("ann"));
  ASSERT_FALSE(list.empty());
  EXPECT_TRUE(std::ranges::find(list, "latte") == list.end());  // ann has had it
  if (model.name() != "popularity") {
    EXPECT_EQ(list.front(), "white");
  }
}

TEST_P(EveryModelTest, NumbersAndIdsAndHistoriesGiveTheSameList) {
  const OfflineModel model = fitted(GetParam());
  const std::uint32_t gus = *model.ratings().find_user("gus");
  const Names by_id = names(model, model.recommend("gus"));
  EXPECT_EQ(names(model, model.recommend(gus)), by_id);
  const std::array<std::uint32_t, 3> items{*model.ratings().find_item("green"),
                                           *model.ratings().find_item("black"),
                                           *model.ratings().find_item("white")};
  EXPECT_EQ(names(model, model.recommend(items, std::array{5.0F, 5.0F, 5.0F})), by_id);
}

TEST_P(EveryModelTest, ManyListsAreThoseOfOneByOne) {
  const OfflineModel model = fitted(GetParam());
  const std::array<std::uint32_t, 9> users{7, 6, 5, 4, 3, 2, 1, 0, 6};
  constexpr std::size_t kItems = 4;  // more than some have left
  std::vector<std::int32_t> items(users.size() * kItems, 77);
  std::vector<float> scores(users.size() * kItems, 77);
  ASSERT_TRUE(model.recommend_many(users, {.k = kItems}, {items, scores}));
  for (std::size_t i = 0; i < users.size(); ++i) {
    const auto list = model.recommend(users[i], {.k = kItems});
    ASSERT_TRUE(list);
    for (std::size_t place = 0; place < kItems; ++place) {
      const bool is_there = place < list->size();
      EXPECT_EQ(items[i * kItems + place],
                is_there ? static_cast<std::int32_t>((*list)[place].number) : kNoItem);
      EXPECT_EQ(scores[i * kItems + place],
                is_there ? (*list)[place].score : std::numeric_limits<float>::lowest());
    }
  }
}

TEST_P(EveryModelTest, RowsOfAMatrixAreHistories) {
  const OfflineModel model = fitted(GetParam());
  const std::uint32_t green = *model.ratings().find_item("green");
  const std::uint32_t black = *model.ratings().find_item("black");
  // Nobody knows the first; the second has had two teas.
  const std::vector<std::int64_t> begin{0, 0, 2};
  const std::vector<std::int32_t> columns{static_cast<std::int32_t>(green),
                                          static_cast<std::int32_t>(black)};
  const std::vector<float> values{5, 5};
  const SparseRows rows{2, 6, begin, columns, values};
  std::array<std::int32_t, 2> items{};
  std::array<float, 2> scores{};
  ASSERT_TRUE(model.recommend_many(rows, {.k = 1}, {items, scores}));
  EXPECT_NE(items[0], kNoItem);
  const auto list = model.recommend(std::array{green, black}, values, {.k = 1});
  ASSERT_TRUE(list);
  EXPECT_EQ(items[1], static_cast<std::int32_t>(list->front().number));
}

TEST_P(EveryModelTest, SelectionsHold) {
  const OfflineModel model = fitted(GetParam());
  const Ratings& ratings = model.ratings();
  const std::array excluded{*ratings.find_item("white")};
  const Names without = names(model, model.recommend("ann", {.excluded = excluded}));
  EXPECT_TRUE(std::ranges::find(without, "white") == without.end());
  const std::array allowed{*ratings.find_item("mocha"), *ratings.find_item("white"),
                           *ratings.find_item("green")};
  EXPECT_EQ(sorted(names(model, model.recommend("ann", {.allowed = allowed}))),
            (Names{"mocha", "white"}));
  EXPECT_EQ(names(model, model.recommend("ann", {.include_seen = true, .allowed = allowed})).size(),
            3);
  EXPECT_EQ(names(model, model.recommend("nobody", {.k = 1, .allowed = allowed})).size(), 1);
}

TEST_P(EveryModelTest, BytesAndFilesGiveTheModelBack) {
  const OfflineModel model = fitted(GetParam());
  const Names list = names(model, model.recommend("ann"));
  const auto bytes = model.to_bytes();
  ASSERT_TRUE(bytes);
  const auto again = OfflineModel::from_bytes(*bytes);
  ASSERT_TRUE(again) << message(again);
  EXPECT_EQ(again->name(), model.name());
  EXPECT_EQ(again->settings(), model.settings());
  EXPECT_EQ(names(*again, again->recommend("ann")), list);
  EXPECT_EQ(*again->to_bytes(), *bytes);
  const std::string path = testing::TempDir() + "offline_" + GetParam();
  ASSERT_TRUE(model.save(path));
  std::ifstream stream(path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), *bytes);
  const auto loaded = OfflineModel::load(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(loaded) << message(loaded);
  EXPECT_EQ(names(*loaded, loaded->recommend("ann")), list);
}

TEST_P(EveryModelTest, AFitCanBeStoppedFromItsOwnThread) {
  FitOptions options = fast(GetParam());
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<bool> is_elsewhere = false;
  options.n_threads = 3;
  options.watch.cancelled = [&] {
    if (std::this_thread::get_id() != caller) is_elsewhere = true;
    return true;
  };
  const auto model = OfflineModel::fit(GetParam(), two_tastes(), options);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, ErrorCode::cancelled);
  EXPECT_FALSE(is_elsewhere);
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModelTest,
                         testing::Values("popularity", "item_knn", "rp3beta", "ease", "ials",
                                         "biased_mf", "markov", "session_knn", "blend", "auto"),
                         [](const auto& model) { return model.param; });

TEST(OfflineModelTest, AStrangerGetsThePopularItems) {
  const OfflineModel model = fitted("ease");
  const auto list = model.recommend("nobody", {.k = 6});
  ASSERT_TRUE(list);
  // Each has four users: ties by lower number.
  EXPECT_EQ(names(model, list), (Names{"green", "black", "latte", "white", "mocha", "espresso"}));
  EXPECT_EQ(list->front().score, 4);
}

// Without values, an item counts as the usual rating: not as 1, which says that it was bad.
TEST(OfflineModelTest, AHistoryWithoutValuesIsLiked) {
  const OfflineModel model = fitted("biased_mf");
  const std::array<std::uint32_t, 2> teas{*model.ratings().find_item("green"),
                                          *model.ratings().find_item("black")};
  const float usual = (18 * 5.0F + 6 * 1.0F) / 24;
  const auto plain = model.recommend(teas, {});
  const auto valued = model.recommend(teas, std::array{usual, usual});
  ASSERT_TRUE(plain && valued);
  for (std::size_t i = 0; i < plain->size(); ++i) {
    EXPECT_NEAR((*plain)[i].score, (*valued)[i].score, 1e-5);
  }
}

TEST(OfflineModelTest, OfAnItemTwiceTheLastCounts) {
  const OfflineModel model = fitted("item_knn");
  const auto twice =
      model.recommend(std::array<std::uint32_t, 3>{0, 2, 0}, std::array{1.0F, 2.0F, 5.0F});
  const auto once = model.recommend(std::array<std::uint32_t, 2>{2, 0}, std::array{2.0F, 5.0F});
  EXPECT_EQ(names(model, twice), names(model, once));
}

TEST(OfflineModelTest, SimilarItemsAreOfTheSameKind) {
  const OfflineModel model = fitted("item_knn");
  const auto alike = model.similar_items(*model.ratings().find_item("green"), 2);
  EXPECT_EQ(sorted(names(model, alike)), (Names{"black", "white"}));
  EXPECT_EQ(model.similar_items(6, 2).error().code, ErrorCode::not_found);
  EXPECT_TRUE(model.similar_items(0, 0)->empty());
  EXPECT_LE(model.similar_items(0, 1'000'000'000'000)->size(), 5);
}

TEST(OfflineModelTest, SimilarUsersHaveTheSameTaste) {
  const OfflineModel model = fitted("ials");
  const auto alike = model.similar_users(*model.ratings().find_user("gus"), 3);
  ASSERT_TRUE(alike);
  std::set<std::string> users;
  for (const ListedItem& one : *alike) users.emplace(model.ratings().user(one.number));
  EXPECT_EQ(users, (std::set<std::string>{"ann", "bob", "cat"}));
  EXPECT_EQ(model.similar_users(8, 3).error().code, ErrorCode::not_found);
  EXPECT_EQ(message(fitted("ease").similar_users(0, 3)), "ease has no vectors to compare users by");
}

TEST(OfflineModelTest, VectorsMultiplyToTheScores) {
  const OfflineModel model = fitted("ials");
  const VectorsView users = model.user_vectors();
  const VectorsView items = model.item_vectors();
  ASSERT_EQ(users.n_rows, 8);
  ASSERT_EQ(items.n_rows, 6);
  ASSERT_EQ(users.dim, 3);  // not what rows are padded to
  ASSERT_EQ(items.dim, 3);
  const auto list = model.recommend(std::uint32_t{0}, {.k = 6, .include_seen = true});
  ASSERT_EQ(list->size(), 6);
  for (const ListedItem& one : *list) {
    float product = 0;
    for (std::size_t d = 0; d < 3; ++d) {
      product += users.data[d] * items.data[one.number * items.stride + d];
    }
    EXPECT_NEAR(one.score, product, 1e-5);
  }
  EXPECT_EQ(fitted("ease").item_vectors().n_rows, 0);
  EXPECT_EQ(fitted("ease").user_vectors().n_rows, 0);
}

TEST(OfflineModelTest, ByCosineOrdersByTheAngle) {
  const OfflineModel model = fitted("ials");
  const auto list = model.recommend("gus", {.k = 6, .by_cosine = true, .include_seen = true});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 6);
  EXPECT_LE(list->front().score, 1.0001F);
  EXPECT_EQ(message(fitted("ease").recommend("gus", {.by_cosine = true})),
            "ease has no vectors to take the cosine of");
}

TEST(OfflineModelTest, RatingsArePredictedByThoseWhoCan) {
  const OfflineModel model = fitted("biased_mf");
  ASSERT_TRUE(model.predicts_ratings());
  std::array<float, 2> out{};
  const std::array<std::uint32_t, 2> items{*model.ratings().find_item("white"),
                                           *model.ratings().find_item("mocha")};
  ASSERT_TRUE(model.predict(*model.ratings().find_user("ann"), items, out));
  EXPECT_GT(out[0], out[1]);
  EXPECT_EQ(message(model.predict(0, std::array<std::uint32_t, 1>{6}, std::span(out).first(1))),
            "there is no item 6, of 6");
  EXPECT_EQ(message(fitted("ease").predict(0, items, out)), "ease predicts no ratings");
}

TEST(OfflineModelTest, WhatCannotBeIsRefused) {
  const OfflineModel model = fitted("item_knn");
  EXPECT_EQ(message(model.recommend("ann", {.k = 0})), "k must be at least 1, not 0");
  EXPECT_EQ(message(model.recommend(std::uint32_t{8})), "there is no user 8, of 8");
  EXPECT_EQ(message(model.recommend("ann", {.excluded = std::array<std::uint32_t, 1>{6}})),
            "excluded: there is no item 6, of 6");
  EXPECT_EQ(message(model.recommend("ann", {.allowed = std::array<std::uint32_t, 1>{9}})),
            "allowed: there is no item 9, of 6");
  EXPECT_EQ(message(model.recommend(std::array<std::uint32_t, 1>{0}, std::array{std::nanf("")})),
            "history, item 0: value must be finite, not nan");
  EXPECT_EQ(message(model.recommend(std::array<std::uint32_t, 1>{0}, std::array{1.0F, 2.0F})),
            "the history has 1 items, but 2 values");
  const std::array<std::uint32_t, 1> users{0};
  std::array<std::int32_t, 2> items{};
  std::array<float, 2> scores{};
  EXPECT_EQ(message(model.recommend_many(users, {.k = 1}, {items, scores})),
            "out must have 1 x 1 items and scores, not 2 and 2");
  EXPECT_EQ(message(model.recommend_many(users, {.k = 2}, {items, scores}, -1)),
            "n_threads must be in [0, 1024], not -1");
  const std::vector<std::int64_t> begin{0, 0};
  EXPECT_EQ(message(model.recommend_many({1, 5, begin, {}}, {.k = 2}, {items, scores})),
            "histories have 5 columns, where the model has 6 items");
}

TEST(OfflineModelTest, AFitRefusesWhatItCannotUse) {
  const Ratings ratings = two_tastes();
  EXPECT_EQ(OfflineModel::fit("als", ratings).error().code, ErrorCode::not_found);
  EXPECT_EQ(message(OfflineModel::fit("ials", ratings, {.settings = {{"dim", "0"}}})),
            "ials: dim must be in [1, 2048], not 0");
  EXPECT_EQ(message(OfflineModel::fit("ials", ratings, {.n_threads = 2000})),
            "n_threads must be in [0, 1024], not 2000");
  EXPECT_EQ(OfflineModel::from_bytes("PK").error().code, ErrorCode::corrupt);
  EXPECT_EQ(OfflineModel::load("/nowhere/model").error().code, ErrorCode::io);
}

TEST(OfflineModelTest, ListsCanBeStopped) {
  const OfflineModel model = fitted("ials");
  const std::array<std::uint32_t, 1> users{0};
  std::array<std::int32_t, 1> items{};
  std::array<float, 1> scores{};
  const auto stopped =
      model.recommend_many(users, {.k = 1}, {items, scores}, 1, {.cancelled = [] { return true; }});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
  EXPECT_EQ(model.make_user_vectors(1, {.cancelled = [] { return true; }}).error().code,
            ErrorCode::cancelled);
}

TEST(ModelsTest, DescriptionsTellDefaults) {
  const std::vector<ModelDescription> all = models();
  ASSERT_GE(all.size(), 9);
  EXPECT_EQ(all.front().name, "popularity");
  EXPECT_EQ(all.back().name, "auto");
  const auto ials = std::ranges::find(all, "ials", &ModelDescription::name);
  ASSERT_NE(ials, all.end());
  EXPECT_TRUE(ials->has_vectors);
  EXPECT_FALSE(ials->predicts_ratings);
  EXPECT_EQ(ials->options.front().name, "dim");
  EXPECT_EQ(ials->options.front().default_value, "128");
}

}  // namespace
}  // namespace coseno
