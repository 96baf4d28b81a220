// Engine::publish_vectors: vectors that were trained elsewhere, served live.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "coseno/engine.h"
#include "engine/engine_fixture.h"
#include "engine/engine_testing.h"

namespace coseno {
namespace {

using Items = std::vector<std::string>;

constexpr int kItemsOfACamp = 20;

Items items_of(const Recommendations& answer) {
  Items result;
  for (const RecommendedItem& one : answer.items) result.push_back(one.item);
  return result;
}

// What a request looks at: teas near (1, 0), jams near (0, 1).
struct TwoCamps {
  TwoCamps() {
    Rng rng(3);
    for (const bool is_tea : {true, false}) {
      for (int i = 0; i < kItemsOfACamp; ++i) {
        ids.push_back(fmt::format("{}{}", is_tea ? "tea" : "jam", i));
        vectors.push_back(static_cast<float>((is_tea ? 1 : 0) + 0.1 * rng.uniform()));
        vectors.push_back(static_cast<float>((is_tea ? 0 : 1) + 0.1 * rng.uniform()));
      }
    }
    views.assign(ids.begin(), ids.end());
  }

  VectorsRequest request() const { return {.dim = 2, .items = views, .item_vectors = vectors}; }

  // Like request(), with the camps changed about: as bad as can be.
  VectorsRequest worst() {
    swapped = vectors;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      // Every other item of a camp lies with the other.
      if (i % 2 == 0) std::swap(swapped[2 * i], swapped[2 * i + 1]);
    }
    return {.dim = 2, .items = views, .item_vectors = swapped};
  }

  std::vector<std::string> ids;
  std::vector<std::string_view> views;
  std::vector<float> vectors;
  std::vector<float> swapped;
};

class PublishVectorsTest : public EngineFixture {
 protected:
  // Users of one camp each, with some of its items; from `day` on.
  static void fill(Engine& engine, std::string_view prefix = "u", std::int64_t day = 0) {
    Rng rng(5 + static_cast<std::uint64_t>(day));
    for (int u = 0; u < 60; ++u) {
      const std::string user = fmt::format("{}{}", prefix, u);
      for (int i = 0; i < 8; ++i) {
        const std::string item =
            fmt::format("{}{}", u % 2 == 0 ? "tea" : "jam", rng.below(kItemsOfACamp));
        const std::int64_t time_ms = kNow - 10 * kDay + day * kDay + i;
        ASSERT_TRUE(engine.observe({.user = user, .item = item, .time_ms = time_ms}));
      }
    }
  }

  static void see(Engine& engine, std::string_view user, std::string_view item) {
    ASSERT_TRUE(engine.observe({.user = user, .item = item}));
  }

  static Items recommended(const Engine& engine, std::string_view user, std::size_t k = 8) {
    return items_of(engine.recommend({.user = user, .k = k}).value());
  }

  static std::size_t n_of(const Items& items, std::string_view camp) {
    return static_cast<std::size_t>(std::ranges::count_if(
        items, [&](const std::string& item) { return item.starts_with(camp); }));
  }

  static float score_by(const RecommendedItem& item, std::string_view source) {
    const auto found = std::ranges::find(item.sources, source, &Source::name);
    return found == item.sources.end() ? 0 : found->score;
  }

  // Of an item of the list.
  static float score_of(const Recommendations& list, std::string_view id, std::string_view source) {
    return score_by(*std::ranges::find(list.items, id, &RecommendedItem::item), source);
  }

  TwoCamps camps_;
};

// The first events of somebody whom no training has seen decide the list that comes next.
TEST_F(PublishVectorsTest, NewUsersAndNewEventsChangeListsAtOnce) {
  Engine engine = open();
  fill(engine);
  const TrainReport report = engine.publish_vectors(camps_.request()).value();
  EXPECT_EQ(report.snapshot, 1U);
  EXPECT_EQ(report.model, "vectors");
  EXPECT_GT(report.ndcg, report.ndcg_popularity);
  EXPECT_EQ(report.agreement, std::nullopt);
  EXPECT_EQ(engine.stats().model, "vectors");

  see(engine, "ann", "tea3");
  EXPECT_EQ(n_of(recommended(engine, "ann"), "tea"), 8U);
  for (const char* const jam : {"jam1", "jam2", "jam3", "jam4"}) see(engine, "ann", jam);
  const Items now = recommended(engine, "ann");
  EXPECT_GT(n_of(now, "jam"), 0U);
  EXPECT_EQ(std::ranges::count(now, "jam1"), 0);
}

TEST_F(PublishVectorsTest, AnItemThatCameAfterwardsIsListedByItsFirstEvents) {
  Engine engine = open();
  // One item after the next, so that what came together tells more than the camp.
  for (int u = 0; u < 60; ++u) {
    for (int i = 0; i < 5; ++i) {
      const std::string item =
          fmt::format("{}{}", u % 2 == 0 ? "tea" : "jam", (u / 2 + i) % kItemsOfACamp);
      see(engine, fmt::format("u{}", u), item);
    }
  }
  ASSERT_TRUE(engine.publish_vectors(camps_.request()));
  see(engine, "ann", "tea0");
  ASSERT_TRUE(engine.put_item("mate", "{}"));
  const auto place = [&] {
    const Items all = recommended(engine, "ann", 1000);
    return std::ranges::find(all, "mate") - all.begin();
  };
  const auto before = place();
  EXPECT_LT(before, 40);
  for (const std::string_view user : {"x", "y", "z"}) {
    see(engine, user, "tea0");
    see(engine, user, "mate");
  }
  EXPECT_LT(place(), before);
  EXPECT_LT(place(), 10);
}

// A data folder may begin with vectors: events come later.
TEST_F(PublishVectorsTest, WithoutAnyEventsTheyAreServedToo) {
  Engine engine = open();
  const TrainReport report = engine.publish_vectors(camps_.request()).value();
  EXPECT_EQ(report.snapshot, 1U);
  EXPECT_EQ(engine.stats().n_items, camps_.ids.size());
  see(engine, "ann", "jam7");
  EXPECT_EQ(n_of(recommended(engine, "ann"), "jam"), 8U);
}

TEST_F(PublishVectorsTest, ItemsThatNobodyKnewAreMadeAndStay) {
  std::string before;
  {
    Engine engine = open();
    fill(engine);
    const std::size_t n_items = engine.stats().n_items;
    camps_.ids.emplace_back("new tea");
    camps_.vectors.insert(camps_.vectors.end(), {2, 0});
    camps_.views.assign(camps_.ids.begin(), camps_.ids.end());
    ASSERT_TRUE(engine.publish_vectors(camps_.request()));
    EXPECT_EQ(engine.stats().n_items, n_items + 1);
    see(engine, "ann", "tea3");
    const Recommendations list =
        engine.recommend({.user = "ann", .k = 40, .explain = true}).value();
    for (const RecommendedItem& one : list.items) {
      const bool is_new = one.item == "new tea";
      EXPECT_EQ(score_by(one, "vectors") > 1.4F * score_of(list, "tea4", "vectors"), is_new)
          << one.item;
    }
    before = answers_of(engine, Items{"ann", "u1", "nobody"}, Items{"tea1", "jam2", "new tea"});
  }
  const Engine engine = open();
  EXPECT_EQ(engine.stats().model, "vectors");
  EXPECT_EQ(first_difference(before, answers_of(engine, Items{"ann", "u1", "nobody"},
                                                Items{"tea1", "jam2", "new tea"})),
            "");
}

TEST_F(PublishVectorsTest, AnswersStatsAndSnapshotsCallThemByTheirName) {
  VectorsRequest request = camps_.request();
  request.name = "two_tower.v2";
  request.settings = {{"unobserved", "0.25"}};
  {
    Engine engine = open();
    fill(engine);
    const TrainReport report = engine.publish_vectors(request).value();
    EXPECT_EQ(report.model, "two_tower.v2");
    EXPECT_EQ(report.settings.at("unobserved"), "0.25");
    EXPECT_EQ(report.settings.at("form"), "implicit");
  }
  Engine engine = open();
  EXPECT_EQ(engine.stats().model, "two_tower.v2");
  const std::vector<SnapshotInfo> snapshots = engine.snapshots().value();
  ASSERT_EQ(snapshots.size(), 1U);
  EXPECT_EQ(snapshots[0].model, "two_tower.v2");
  EXPECT_EQ(snapshots[0].settings.at("unobserved"), "0.25");
  see(engine, "ann", "tea3");
  const Recommendations list = engine.recommend({.user = "ann", .k = 5, .explain = true}).value();
  for (const RecommendedItem& item : list.items) {
    EXPECT_NE(score_by(item, "two_tower.v2"), 0) << item.item;
  }
}

// Users' vectors that come of a ridge regression with 0.05: it is found again.
TEST_F(PublishVectorsTest, TheGivenUsersTellHowHistoriesAreReadAndWhatStrangersGet) {
  Engine engine = open();
  fill(engine);
  std::vector<std::string> users;
  std::vector<float> vectors;
  for (int u = 0; u < 60; ++u) {
    users.push_back(fmt::format("u{}", u));
    // Least squares to 1 over the history's items, in two dimensions, by Cramer's rule.
    double a = 0.05;
    double b = 0;
    double c = 0.05;
    double right[2] = {};
    Items seen;
    for (const PastEvent& event : engine.history(users.back())) seen.push_back(event.item);
    std::ranges::sort(seen);
    seen.erase(std::ranges::unique(seen).begin(), seen.end());
    for (const std::string& item : seen) {
      const auto i =
          static_cast<std::size_t>(std::ranges::find(camps_.ids, item) - camps_.ids.begin());
      const double x = camps_.vectors[2 * i];
      const double y = camps_.vectors[2 * i + 1];
      a += x * x;
      b += x * y;
      c += y * y;
      right[0] += x;
      right[1] += y;
    }
    const double determinant = a * c - b * b;
    vectors.push_back(static_cast<float>((c * right[0] - b * right[1]) / determinant));
    vectors.push_back(static_cast<float>((a * right[1] - b * right[0]) / determinant));
  }
  users.emplace_back("a stranger to the engine");
  vectors.insert(vectors.end(), {1, 1});
  const std::vector<std::string_view> views(users.begin(), users.end());
  VectorsRequest request = camps_.request();
  request.users = views;
  request.user_vectors = vectors;
  const TrainReport report = engine.publish_vectors(request).value();
  ASSERT_TRUE(report.agreement.has_value());
  EXPECT_GT(*report.agreement, 0.9999);
  EXPECT_NEAR(std::stod(report.settings.at("regularization")), 0.05, 0.02);
  EXPECT_EQ(report.settings.at("unobserved"), "0");
}

// What has been learnt beforehand judges nothing: vectors that came with their position are judged
// by later events.
TEST_F(PublishVectorsTest, AWorseOneIsNotPublishedUnlessForced) {
  Engine engine = open();
  fill(engine);
  VectorsRequest good = camps_.request();
  good.position = engine.position();
  ASSERT_EQ(engine.publish_vectors(good)->snapshot, 1U);
  for (const std::int64_t day : {1, 2, 3, 4}) fill(engine, fmt::format("later{}_", day), day);
  VectorsRequest bad = camps_.worst();
  bad.settings = {{"regularization", "0.1"}, {"form", "implicit"}, {"unobserved", "0"}};
  bad.position = good.position;
  const std::string before = text_of(engine.recommend({.user = "u1"}));
  const TrainReport refused = engine.publish_vectors(bad).value();
  EXPECT_EQ(refused.snapshot, 0U);
  EXPECT_GT(refused.ndcg_in_service, refused.ndcg);
  EXPECT_GT(refused.ndcg, 0);
  EXPECT_EQ(refused.position, *good.position);
  EXPECT_EQ(text_of(engine.recommend({.user = "u1"})), before);
  bad.force = true;
  const TrainReport forced = engine.publish_vectors(bad).value();
  EXPECT_EQ(forced.snapshot, 2U);
  EXPECT_LT(forced.ndcg, forced.ndcg_in_service);
  EXPECT_EQ(engine.stats().snapshot, 2U);
}

TEST_F(PublishVectorsTest, BiasesDecideBetweenItemsThatAreElseAlike) {
  Engine engine = open();
  fill(engine);
  for (float& x : camps_.vectors) x = x > 0.5F ? 1.0F : 0.0F;
  std::vector<float> biases(camps_.ids.size(), 0);
  biases[15] = 0.5F;   // tea15
  biases[35] = -0.5F;  // jam15
  VectorsRequest request = camps_.request();
  request.item_biases = biases;
  ASSERT_TRUE(engine.publish_vectors(request));
  see(engine, "ann", "tea3");
  const Recommendations list = engine.recommend({.user = "ann", .k = 39, .explain = true}).value();
  EXPECT_GT(score_of(list, "tea15", "vectors"), 1.5F * score_of(list, "tea14", "vectors"));
  EXPECT_LT(score_of(list, "jam15", "vectors"), 1.5F * score_of(list, "jam14", "vectors"));
  EXPECT_GT(score_of(list, "tea14", "vectors"), 0);
  EXPECT_LT(score_of(list, "jam14", "vectors"), 0);
}

// Whether it is worth keeping is told by search_graph_test.cc.
TEST_F(PublishVectorsTest, AGraphIsMadeWhereTheItemsAreMany) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "hnswlib's locks: hnsw_retriever_test.cc";
#endif
  // Items that are for nobody; of fewer than some thousands no graph can be worth it.
  Rng rng(9);
  for (int i = 0; i < 3000; ++i) {
    camps_.ids.push_back(fmt::format("rye{}", i));
    for (int k = 0; k < 2; ++k) camps_.vectors.push_back(static_cast<float>(0.1 * rng.uniform()));
  }
  camps_.views.assign(camps_.ids.begin(), camps_.ids.end());
  for (const std::size_t graph_items : {3040, 3041}) {
    options_.graph_items = graph_items;
    Engine engine = open();
    fill(engine);
    VectorsRequest request = camps_.request();
    request.settings = {{"form", "implicit"}, {"regularization", "1"}, {"unobserved", "0"}};
    std::vector<std::string> stages;
    request.progress = [&](std::string_view stage, double) { stages.emplace_back(stage); };
    ASSERT_TRUE(engine.publish_vectors(request));
    EXPECT_EQ(std::ranges::count(stages, "building hnsw") > 0, graph_items == 3040);
    see(engine, "ann", "tea3");
    EXPECT_EQ(n_of(recommended(engine, "ann"), "tea"), 8U);
  }
}

TEST_F(PublishVectorsTest, ItMayBeDoneBesideAWriterWhereAllItemsAreKnown) {
  Engine writer = open();
  fill(writer);
  Engine beside = Engine::open_beside(folder(), options_).value();
  camps_.ids.emplace_back("mate");
  camps_.vectors.insert(camps_.vectors.end(), {1, 0});
  camps_.views.assign(camps_.ids.begin(), camps_.ids.end());
  const auto refused = beside.publish_vectors(camps_.request());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_NE(refused.error().message.find("'mate'"), std::string::npos);
  camps_ = TwoCamps();
  for (const std::string& id : camps_.ids) ASSERT_TRUE(writer.put_item(id, "{}"));
  ASSERT_TRUE(beside.publish_vectors(camps_.request()));
  ASSERT_TRUE(writer.refresh());
  EXPECT_EQ(writer.stats().model, "vectors");
}

TEST_F(PublishVectorsTest, CancellingPublishesNothing) {
  Engine engine = open();
  fill(engine);
  for (const int n_questions : {0, 1, 5}) {
    VectorsRequest request = camps_.request();
    int n = 0;
    request.cancelled = [&] { return n++ >= n_questions; };
    const auto ended = engine.publish_vectors(request);
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
    EXPECT_EQ(engine.stats().snapshot, 0U);
  }
}

TEST_F(PublishVectorsTest, WrongRequestsAreRefusedByPlaceAndChangeNothing) {
  Engine engine = open();
  fill(engine);
  const std::string before = answers_of(engine, Items{"u1"}, Items{"tea1"});
  const auto message = [&](const VectorsRequest& request) {
    const auto refused = engine.publish_vectors(request);
    if (refused) return std::string("accepted");
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    return refused.error().message;
  };
  const VectorsRequest good = camps_.request();
  VectorsRequest request = good;
  request.dim = 0;
  EXPECT_EQ(message(request), "dim must be in [1, 1024], not 0");
  request.dim = 1025;
  EXPECT_EQ(message(request), "dim must be in [1, 1024], not 1025");
  request.dim = 3;
  EXPECT_EQ(message(request), "item_vectors has 80 numbers, not 40 x 3");
  EXPECT_EQ(message({.dim = 2}), "items: there are none");

  request = good;
  request.item_biases = std::span(camps_.vectors).first(3);
  EXPECT_EQ(message(request), "item_biases has 3 numbers, not 40 x 1");
  request = good;
  const std::vector<std::string_view> users = {"u1"};
  request.users = users;
  EXPECT_EQ(message(request), "user_vectors has 0 numbers, not 1 x 2");

  const float worse[] = {std::numeric_limits<float>::quiet_NaN(),
                         std::numeric_limits<float>::infinity(), 1.1e6F};
  const char* const names[] = {"nan", "inf", "1100000"};
  for (int n = 0; n < 3; ++n) {
    TwoCamps bad;
    bad.vectors[7] = worse[n];
    EXPECT_EQ(
        message(bad.request()),
        fmt::format("item_vectors: number 1 of row 3 is {}, and must be in [-1000000, 1000000]",
                    names[n]));
  }

  TwoCamps twice;
  twice.views[5] = "tea1";
  EXPECT_EQ(message(twice.request()), "items: row 5: 'tea1' stood before");
  twice.views[5] = "";
  EXPECT_EQ(message(twice.request()).substr(0, 13), "items: row 5:");
  twice.views[5] = "\xff";
  EXPECT_EQ(message(twice.request()), "items: row 5: id: byte 1 is not UTF-8");

  request = good;
  for (const char* const name : {"", "a b", "trending", "ials", "auto"}) {
    request.name = name;
    EXPECT_EQ(message(request).substr(0, 4), "name") << name;
  }
  request = good;
  request.settings = {{"unobserved", "-1"}};
  EXPECT_EQ(message(request).substr(0, 30), "settings: vectors: unobserved ");
  request = good;
  request.position = engine.position() + 1;
  EXPECT_EQ(message(request).substr(0, 11), "position is");
  EXPECT_EQ(first_difference(before, answers_of(engine, Items{"u1"}, Items{"tea1"})), "");
}

}  // namespace
}  // namespace coseno
