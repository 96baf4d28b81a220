#include "models/content.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/model_testing.h"

namespace coseno {
namespace {

Record film(std::string id, std::vector<std::string> genres) {
  return {std::move(id), "", {{"genre", PropertyKind::list, std::move(genres)}}};
}

// Of six films with genres, three are comedies, three are wars and two are both; nothing is known
// of "blank".
Catalog films() {
  Catalog catalog;
  catalog.add(film("funny", {"Comedy"}));
  catalog.add(film("mash", {"Comedy", "War"}));
  catalog.add(film("catch", {"Comedy", "War"}));
  catalog.add(film("platoon", {"War"}));
  catalog.add(film("alien", {"Horror"}));
  catalog.add(film("omen", {"Horror"}));
  return catalog;
}

Dataset film_dataset(bool has_values = true) {
  Interactions interactions;
  interactions.has_values = has_values;
  const UserIndex ann = interactions.users.add("ann");
  const Catalog catalog = films();
  for (const Record& record : catalog.records()) interactions.items.add(record.id);
  interactions.items.add("blank");
  interactions.add(ann, {ItemIndex{0}, 5, 0});
  interactions.add(ann, {ItemIndex{4}, 1, 0});
  return make_dataset(std::move(interactions), RepeatRule::last, catalog, {});
}

using Acts = std::vector<Interaction>;

constexpr ItemIndex kFunny{0};
constexpr ItemIndex kAlien{4};

// "mash" has both genres with the same weight: the angle to "funny" is 45 degrees.
TEST(ContentTest, ScoresAreCosines) {
  const auto model = fit<Content>(film_dataset(), {});
  const std::vector<float> out = scores(*model, {Acts{{kFunny, 5, 0}}});
  EXPECT_FLOAT_EQ(out[0], 1);
  EXPECT_FLOAT_EQ(out[1], std::sqrt(0.5F));
  EXPECT_EQ(out[3], 0);
  EXPECT_EQ(out[4], 0);
  EXPECT_EQ(out[6], 0);
}

// "alien" is below the user's mean of 3.
TEST(ContentTest, WhatTheUserDislikedDoesNotCount) {
  const auto model = fit<Content>(film_dataset(), {});
  const std::vector<float> out = scores(*model, {Acts{{kFunny, 5, 0}, {kAlien, 1, 0}}});
  EXPECT_FLOAT_EQ(out[0], 1);
  EXPECT_EQ(out[5], 0);
}

// The same history as plain acts: both count alike, at a right angle.
TEST(ContentTest, PlainActsAllCountAlike) {
  const auto model = fit<Content>(film_dataset(false), {});
  const std::vector<float> out = scores(*model, {Acts{{kFunny, 5, 0}, {kAlien, 1, 0}}});
  EXPECT_FLOAT_EQ(out[0], std::sqrt(0.5F));
  EXPECT_FLOAT_EQ(out[5], std::sqrt(0.5F));
}

TEST(ContentTest, EqualRatingsAllCountAlike) {
  const auto model = fit<Content>(film_dataset(), {});
  const std::vector<float> out = scores(*model, {Acts{{kFunny, 2, 0}, {kAlien, 2, 0}}});
  EXPECT_FLOAT_EQ(out[0], std::sqrt(0.5F));
  EXPECT_FLOAT_EQ(out[5], std::sqrt(0.5F));
}

// Two of six films are horror, three are comedies: ln(6/2) weighs more than ln(6/3).
TEST(ContentTest, RareFeaturesWeighMore) {
  Catalog catalog = films();
  catalog.add(film("both", {"Comedy", "Horror"}));
  Interactions interactions;
  interactions.add(interactions.users.add("ann"), {interactions.items.add("both"), 1, 0});
  const Dataset with_both = make_dataset(std::move(interactions), RepeatRule::last, catalog, {});
  const auto model = fit<Content>(with_both, {});
  const std::vector<float> out = scores(*model, {Acts{{ItemIndex{0}, 1, 0}}});
  const auto score_of = [&](const char* id) {
    return out[offset(with_both.items.find(id).value())];
  };
  EXPECT_GT(score_of("alien"), score_of("funny"));
}

TEST(ContentTest, SimilarItemsShareSomething) {
  const auto model = fit<Content>(film_dataset(), {});
  const Ranking similar = model->similar_items(kFunny, 10);
  ASSERT_EQ(similar.size(), 2U);
  EXPECT_EQ(similar[0].item, ItemIndex{1});
  EXPECT_EQ(similar[1].item, ItemIndex{2});
  EXPECT_TRUE(model->similar_items(ItemIndex{6}, 10).empty());
  EXPECT_TRUE(model->similar_items(ItemIndex{99}, 10).empty());
}

TEST(ContentTest, WithoutPropertiesItLearnsNothing) {
  Interactions interactions;
  interactions.add(interactions.users.add("ann"), {interactions.items.add("tea"), 1, 0});
  const Dataset data = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  const auto fitted = try_fit<Content>(data, {});
  ASSERT_FALSE(fitted.has_value());
  EXPECT_EQ(fitted.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(fitted.error().message,
            "content has nothing to learn from: no property is shared by two items (--items FILE "
            "gives properties)");
}

}  // namespace
}  // namespace coseno
