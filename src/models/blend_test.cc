#include "models/blend.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "models/item_knn.h"
#include "models/popularity.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

// Users u0 ... of two camps, each with three of the camp's four items.
Dataset two_camps(int n_users) {
  Interactions interactions;
  for (int u = 0; u < n_users; ++u) {
    const UserIndex user = interactions.users.add(fmt::format("u{}", u));
    for (int i = 0; i < 4; ++i) {
      if (i == (u / 2) % 4) continue;
      const std::string item = fmt::format("{}{}", u % 2 == 0 ? "tea" : "jam", i);
      interactions.add(user, {interactions.items.add(item), 1, 0});
    }
  }
  return make_dataset(std::move(interactions), RepeatRule::last, {}, {});
}

Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Settings& settings) {
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  return Blend::fit(dataset, settings, context);
}

std::string refusal(const Settings& settings) {
  const Result<void> checked = Blend::check(settings);
  return checked ? "" : checked.error().message;
}

// Popularity cannot tell the camps apart.
TEST(BlendTest, TheModelThatRanksHeldOutItemsBetterGetsMore) {
  const Dataset dataset = two_camps(80);
  const auto model = fit(dataset, {{"models", "popularity,item_knn"}, {"held_out", "0.3"}}).value();
  const auto& blend = dynamic_cast<const Blend&>(*model);
  const Blend::Part& last = blend.parts().back();
  EXPECT_EQ(last.model->name(), "item_knn");
  EXPECT_GE(last.weight, 0.5F);
}

TEST(BlendTest, OneModelAloneGetsAllTheWeight) {
  const Dataset dataset = two_camps(8);
  const auto model = fit(dataset, {{"models", "item_knn"}}).value();
  const auto& blend = dynamic_cast<const Blend&>(*model);
  ASSERT_EQ(blend.parts().size(), 1U);
  EXPECT_EQ(blend.parts()[0].weight, 1);
}

TEST(BlendTest, EqualWeightsNeedNoFit) {
  const Dataset dataset = two_camps(8);
  const auto model =
      fit(dataset, {{"models", "popularity,item_knn"}, {"weights", "equal"}}).value();
  const auto& blend = dynamic_cast<const Blend&>(*model);
  ASSERT_EQ(blend.parts().size(), 2U);
  EXPECT_EQ(blend.parts()[0].weight, 0.5F);
  EXPECT_EQ(blend.parts()[1].weight, 0.5F);
}

// What the blend says of two parts of equal weight: the mean of their scores, each less its mean
// and over its deviation. Popularity of items 0, 1, 2: 3, 2, 1, standardised 1.2247, 0, -1.2247.
TEST(BlendTest, ScoresAreStandardisedAndWeighed) {
  Interactions interactions;
  for (const auto& [user, item] : std::vector<std::pair<const char*, const char*>>{
           {"a", "x"}, {"a", "y"}, {"a", "z"}, {"b", "x"}, {"b", "y"}, {"c", "x"}}) {
    interactions.add(interactions.users.add(user), {interactions.items.add(item), 1, 0});
  }
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  std::vector<Blend::Part> parts;
  parts.push_back({Popularity::fit(dataset, {}, context).value(), 0.75F});
  parts.push_back({Popularity::fit(dataset, {}, context).value(), 0.25F});
  const Blend blend(std::move(parts), BlendScale::deviation);
  std::vector<float> scores(3);
  blend.score({}, scores);
  EXPECT_NEAR(scores[0], 1.224745, 1e-5);
  EXPECT_NEAR(scores[1], 0, 1e-5);
  EXPECT_NEAR(scores[2], -1.224745, 1e-5);
}

// Everybody ends with the hit, or with what nobody else has; before, all have the items of a camp.
// Popularity knows ends as well as item_knn does, and nothing of camps.
TEST(BlendTest, EndsOfHistoriesAreHeldOutWhenAsked) {
  Interactions interactions;
  for (int u = 0; u < 60; ++u) {
    const auto add = [&](const std::string& item, int time) {
      interactions.add(interactions.users.add(fmt::format("u{}", u)),
                       {interactions.items.add(item), 1, time});
    };
    for (int i = 1; i <= 4; ++i) add(fmt::format("camp{}_{}", u % 6, i), i);
    add("hit", u < 20 ? 0 : 5);
    if (u < 20) add(fmt::format("own{}", u), 5);
  }
  const Dataset dataset = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  Settings settings = {{"models", "popularity,item_knn"}};
  const auto weight_of_popularity = [&] {
    const auto model = fit(dataset, settings).value();
    const Blend::Part& first = dynamic_cast<const Blend&>(*model).parts().front();
    return first.model->name() == "popularity" ? first.weight : 0;
  };
  const float anywhere = weight_of_popularity();
  settings["held_out_from"] = "end";
  EXPECT_LT(anywhere, 1);
  EXPECT_EQ(weight_of_popularity(), 1);
}

TEST(BlendTest, ScoresByRankAreSavedAsSuch) {
  const Dataset dataset = two_camps(80);
  const auto model =
      fit(dataset, {{"models", "popularity,item_knn"}, {"weights", "equal"}, {"scale", "rank"}})
          .value();
  TensorFileWriter writer;
  model->save(writer);
  const std::string bytes = writer.bytes().value();
  const auto as_bytes = std::as_bytes(std::span(bytes));
  const auto file = TensorFile::parse({as_bytes.begin(), as_bytes.end()}, "file").value();
  const auto loaded = Blend::load(file, dataset).value();
  const Profile profile = profile_of(dataset, UserIndex{0});
  std::vector<float> scores(dataset.items.size());
  std::vector<float> of_loaded(dataset.items.size());
  model->score(profile, scores);
  loaded->score(profile, of_loaded);
  EXPECT_EQ(scores, of_loaded);
  EXPECT_GT(*std::ranges::min_element(scores), 0);  // by deviation, half are below
}

TEST(BlendTest, SettingsOfItsModelsReachThem) {
  EXPECT_EQ(refusal({{"models", "ials"}, {"ials.dim", "8"}}), "");
  EXPECT_EQ(refusal({{"ials.dim", "0"}}).rfind("ials: dim must be", 0), 0U);
  EXPECT_EQ(refusal({{"models", "item_knn"}, {"ials.dim", "8"}}),
            "blend: 'ials.dim' sets an option of a model that is not in models=item_knn");
}

TEST(BlendTest, ModelsThatCannotBeBlendedAreRefused) {
  EXPECT_EQ(refusal({{"models", "ials,magic"}}).rfind("blend: models: there is no model", 0), 0U);
  EXPECT_EQ(refusal({{"models", "ials,blend"}}), "blend: models: a blend holds no blend");
  EXPECT_EQ(refusal({{"models", "ials,ials"}}), "blend: models has ials twice");
  EXPECT_NE(refusal({{"models", ""}}), "");
  EXPECT_NE(refusal({{"models", "ials,"}}), "");
}

}  // namespace
}  // namespace coseno
