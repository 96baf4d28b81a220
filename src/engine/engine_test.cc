#include "coseno/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine_fixture.h"

namespace coseno {
namespace {

using Items = std::vector<std::string>;

Items items(const Recommendations& answer) {
  Items result;
  for (const RecommendedItem& one : answer.items) result.push_back(one.item);
  return result;
}

class EngineTest : public EngineFixture {};

void see(Engine& engine, std::string_view user, std::initializer_list<std::string_view> seen) {
  for (const std::string_view item : seen) {
    ASSERT_TRUE(engine.observe({.user = user, .item = item})) << item;
  }
}

Items recommended(const Engine& engine, std::string_view user, std::size_t k = 10) {
  return items(engine.recommend({.user = user, .k = k}).value());
}

// Tea and jam go together, and so do nuts and oil.
void fill(Engine& engine) {
  for (const std::string_view user : {"a", "b", "c"}) see(engine, user, {"tea", "jam", "rye"});
  for (const std::string_view user : {"d", "e"}) see(engine, user, {"nuts", "oil"});
}

TEST_F(EngineTest, TheNextAnswerReflectsAnEvent) {
  Engine engine = open();
  fill(engine);
  see(engine, "ann", {"nuts"});
  EXPECT_EQ(recommended(engine, "ann", 1), Items{"oil"});
  see(engine, "ann", {"tea"});
  see(engine, "ann", {"oil"});
  const Items now = recommended(engine, "ann", 2);
  EXPECT_EQ(now, (Items{"jam", "rye"}));
}

TEST_F(EngineTest, AStrangerGetsWhatIsTrending) {
  Engine engine = open();
  fill(engine);
  see(engine, "f", {"tea"});
  EXPECT_EQ(recommended(engine, "zoe", 3), (Items{"tea", "jam", "rye"}));
}

TEST_F(EngineTest, AnEmptyEngineAnswersWithNothing) {
  Engine engine = open();
  EXPECT_EQ(recommended(engine, "ann"), Items());
  EXPECT_EQ(items(engine.trending(5).value()), Items());
}

TEST_F(EngineTest, WhatWasAcknowledgedIsThereAfterReopening) {
  Items before;
  {
    Engine engine = open();
    fill(engine);
    see(engine, "ann", {"tea"});
    ASSERT_TRUE(engine.put_item("jam", R"({"genre": "sweet"})"));
    before = recommended(engine, "ann");
  }
  const Engine engine = open();
  EXPECT_EQ(recommended(engine, "ann"), before);
  EXPECT_EQ(engine.item("jam").value(), R"({"genre":"sweet"})");
  EXPECT_EQ(engine.history("ann").size(), 1U);
  EXPECT_EQ(engine.stats().n_events, 14U);
}

TEST_F(EngineTest, AnEventIdIsAppliedOnce) {
  Engine engine = open();
  const Event event = {.user = "ann", .item = "tea", .id = "e1"};
  EXPECT_EQ(engine.observe(event)->n_new, 1U);
  const Acknowledged again = engine.observe(event).value();
  EXPECT_EQ(again.n_new, 0U);
  EXPECT_EQ(again.n_repeated, 1U);
  const std::vector<Event> batch = {{.user = "ann", .item = "jam", .id = "e2"},
                                    {.user = "ann", .item = "jam", .id = "e2"}};
  EXPECT_EQ(engine.observe(batch)->n_new, 1U);
  EXPECT_EQ(engine.history("ann").size(), 2U);
}

TEST_F(EngineTest, ABatchWithABadEventChangesNothing) {
  Engine engine = open();
  const std::vector<Event> batch = {{.user = "ann", .item = "tea"},
                                    {.user = "ann", .item = "tea", .type = "glance"}};
  const auto refused = engine.observe(batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "event 2 of 2: there is no event type 'glance'");
  EXPECT_TRUE(engine.history("ann").empty());
  EXPECT_EQ(engine.stats().n_items, 0U);
}

TEST_F(EngineTest, BadEventsAreRefusedByField) {
  Engine engine = open();
  const auto refusal = [&](const Event& event) {
    const auto refused = engine.observe(event);
    return refused ? "" : refused.error().message;
  };
  EXPECT_NE(refusal({.user = "", .item = "tea"}).find("user"), std::string::npos);
  EXPECT_NE(refusal({.user = "ann", .item = std::string(513, 'x')}).find("item"),
            std::string::npos);
  EXPECT_NE(refusal({.user = "ann\xff", .item = "tea"}).find("UTF-8"), std::string::npos);
  EXPECT_NE(refusal({.user = "ann", .item = "tea", .value = NAN}).find("value"), std::string::npos);
  EXPECT_NE(refusal({.user = "ann", .item = "tea", .time_ms = kNow + 2 * kDay}).find("time_ms"),
            std::string::npos);
  EXPECT_EQ(refusal({.user = "ann", .item = "tea", .time_ms = kNow + kDay / 2}), "");
}

TEST_F(EngineTest, ADislikeHidesAndSpeaksForNothing) {
  Engine engine = open();
  fill(engine);
  ASSERT_TRUE(engine.observe({.user = "ann", .item = "nuts", .type = "dislike"}));
  const Items now = recommended(engine, "ann");
  EXPECT_EQ(now, (Items{"tea", "jam", "rye", "oil"}));
  EXPECT_EQ(items(engine.recommend({.user = "ann", .include_seen = true}).value()), now);
}

TEST_F(EngineTest, ATypeMayHideForSomeTimeOnly) {
  Engine engine = open();
  fill(engine);
  EventTypes types = engine.event_types();
  types["view"].hides_days = 2;
  ASSERT_TRUE(engine.set_event_types(types));
  see(engine, "ann", {"tea"});
  EXPECT_EQ(recommended(engine, "ann", 1), Items{"jam"});
  clock_.advance_ms(3 * kDay);
  const Items later = recommended(engine, "ann");
  EXPECT_NE(std::ranges::find(later, "tea"), later.end());
}

TEST_F(EngineTest, TypesStayChangedAfterReopening) {
  {
    Engine engine = open();
    EventTypes types = engine.event_types();
    types["listen"] = {.weight = 5};
    types.erase("view");
    ASSERT_TRUE(engine.set_event_types(types));
    ASSERT_TRUE(engine.observe({.user = "ann", .item = "tea", .type = "listen"}));
    EXPECT_FALSE(engine.observe({.user = "ann", .item = "tea"}));
  }
  const Engine engine = open();
  EXPECT_EQ(engine.event_types().at("listen").weight, 5);
  EXPECT_FALSE(engine.event_types().contains("view"));
  EXPECT_EQ(engine.history("ann").front().type, "listen");
}

TEST_F(EngineTest, ARetractedEventIsAsIfItHadNotBeen) {
  Engine engine = open();
  fill(engine);
  see(engine, "ann", {"tea"});
  const Items before = recommended(engine, "ann");
  ASSERT_TRUE(engine.observe({.user = "ann", .item = "nuts", .id = "oops"}));
  EXPECT_NE(recommended(engine, "ann"), before);
  EXPECT_EQ(engine.retract("oops")->n_new, 1U);
  EXPECT_EQ(recommended(engine, "ann"), before);
  EXPECT_EQ(engine.retract("oops")->n_repeated, 1U);
  EXPECT_EQ(engine.retract("never").error().code, ErrorCode::not_found);
  EXPECT_EQ(engine.stats().n_events, 14U);
}

TEST_F(EngineTest, AnErasedUserIsNobody) {
  Engine engine = open();
  fill(engine);
  see(engine, "ann", {"nuts"});
  ASSERT_TRUE(engine.put_user("ann", R"({"age": 40})"));
  ASSERT_TRUE(engine.erase_user("ann"));
  EXPECT_TRUE(engine.history("ann").empty());
  EXPECT_FALSE(engine.user("ann")->has_value());
  EXPECT_EQ(engine.erase_user("ann").error().code, ErrorCode::not_found);
  EXPECT_EQ(engine.stats().n_users, 5U);
  see(engine, "ann", {"tea"});
  EXPECT_EQ(engine.history("ann").size(), 1U);
}

TEST_F(EngineTest, ErasureIsTrueAfterReopeningAndAfterCompaction) {
  {
    Engine engine = open();
    fill(engine);
    see(engine, "ann", {"nuts"});
    ASSERT_TRUE(engine.erase_user("ann"));
  }
  Items before;
  {
    Engine engine = open();
    EXPECT_TRUE(engine.history("ann").empty());
    ASSERT_TRUE(engine.compact());
    EXPECT_EQ(engine.stats().n_events, 13U);
    see(engine, "bob", {"nuts"});
    EXPECT_EQ(recommended(engine, "bob", 1), Items{"oil"});
    before = recommended(engine, "bob");
  }
  const Engine engine = open();
  EXPECT_EQ(recommended(engine, "bob"), before);
  EXPECT_EQ(engine.history("bob").size(), 1U);
}

TEST_F(EngineTest, AnItemIsRecommendableAtOnceAndGoneAtOnce) {
  Engine engine = open();
  fill(engine);
  ASSERT_TRUE(engine.put_item("honey", R"({"genre": "sweet"})"));
  const auto sweet = [&] {
    return items(
        engine.recommend({.user = "ann", .filter = R"({"equals": {"genre": "sweet"}})"}).value());
  };
  EXPECT_EQ(sweet(), Items{"honey"});
  ASSERT_TRUE(engine.patch_item("honey", R"({"available": false})"));
  EXPECT_EQ(sweet(), Items());
  ASSERT_TRUE(engine.patch_item("honey", R"({"available": true})"));
  EXPECT_EQ(sweet(), Items{"honey"});
  ASSERT_TRUE(engine.delete_item("honey"));
  const Items all = recommended(engine, "ann");
  EXPECT_EQ(std::ranges::find(all, "honey"), all.end());
  EXPECT_EQ(engine.delete_item("honey").error().code, ErrorCode::not_found);
  EXPECT_FALSE(engine.item("honey")->has_value());
}

TEST_F(EngineTest, AsManyItemsComeAsMatch) {
  Engine engine = open();
  for (int n = 0; n < 200; ++n) {
    const std::string item = fmt::format("i{}", n);
    ASSERT_TRUE(engine.put_item(item, fmt::format(R"({{"parity": {}}})", n % 2)));
    see(engine, "x", {item});
  }
  const Recommendations answer =
      engine.recommend({.user = "ann", .k = 100, .filter = R"({"equals": {"parity": 1}})"}).value();
  EXPECT_EQ(answer.items.size(), 100U);
}

TEST_F(EngineTest, PinnedExcludedAndBoostedItems) {
  Engine engine = open();
  fill(engine);
  ASSERT_TRUE(engine.put_item("oil", R"({"shelf": "low"})"));
  const std::vector<std::string_view> pinned = {"rye"};
  const std::vector<std::string_view> exclude = {"tea", "unheard"};
  const std::vector<Boost> boosts = {{.filter = R"({"equals": {"shelf": "low"}})", .amount = 10}};
  const Recommendations answer =
      engine
          .recommend(
              {.user = "zoe", .k = 3, .exclude = exclude, .pinned = pinned, .boosts = boosts})
          .value();
  EXPECT_EQ(items(answer), (Items{"rye", "oil", "jam"}));
}

// Whoever pins decides, but what cannot be had stands nowhere.
TEST_F(EngineTest, APinIsStrongerThanAFilterButNotThanAvailability) {
  Engine engine = open();
  fill(engine);
  ASSERT_TRUE(engine.put_item("oil", R"({"available": false})"));
  ASSERT_TRUE(engine.put_item("jam", R"({"shelf": "low"})"));
  const std::vector<std::string_view> pinned = {"oil", "tea", "rye"};
  const auto pins = [&] {
    return engine.recommend(
        {.user = "a", .filter = R"({"equals": {"shelf": "low"}})", .pinned = pinned});
  };
  EXPECT_EQ(items(pins().value()), (Items{"tea", "rye"}));  // both had by the user
  ASSERT_TRUE(engine.delete_item("tea"));
  EXPECT_EQ(items(pins().value()), Items{"rye"});
}

TEST_F(EngineTest, ReasonsNameTheHistory) {
  Engine engine = open();
  fill(engine);
  see(engine, "ann", {"nuts"});
  const Recommendations answer = engine.recommend({.user = "ann", .k = 1, .explain = true}).value();
  ASSERT_EQ(answer.items.size(), 1U);
  ASSERT_EQ(answer.items[0].reasons.size(), 1U);
  EXPECT_EQ(answer.items[0].reasons[0].item, "nuts");
  EXPECT_FLOAT_EQ(answer.items[0].reasons[0].share, 1);
  float sum = 0;
  for (const Source& source : answer.items[0].sources) sum += source.score;
  EXPECT_NEAR(sum, answer.items[0].score, 1e-5);
}

TEST_F(EngineTest, AHistoryInTheRequestStandsForAUser) {
  Engine engine = open();
  fill(engine);
  const std::vector<Act> acts = {{.item = "nuts"}, {.item = "unheard"}};
  const Recommendations answer = engine.recommend({.k = 1, .history = acts}).value();
  EXPECT_EQ(items(answer), Items{"oil"});
}

TEST_F(EngineTest, WrongRequestsAreRefusedByField) {
  Engine engine = open();
  fill(engine);
  const auto refusal = [&](const RecommendRequest& request) {
    const auto refused = engine.recommend(request);
    return refused ? "" : refused.error().message;
  };
  EXPECT_EQ(refusal({.user = "ann", .k = 0}), "k must be in [1, 1000], not 0");
  EXPECT_TRUE(refusal({.user = "ann", .filter = "{"}).starts_with("filter: "));
  EXPECT_TRUE(refusal({.user = "ann", .filter = R"({"exists": "x"})"}).starts_with("filter: "));
  EXPECT_NE(refusal({.user = "ann", .diversity = 2}).find("diversity"), std::string::npos);
  EXPECT_NE(refusal({.user = "ann", .exploration = -1}).find("exploration"), std::string::npos);
  EXPECT_NE(refusal({.user = "ann", .min_position = 1000}).find("min_position"), std::string::npos);
}

TEST_F(EngineTest, ExplorationIsSeeded) {
  Engine engine = open();
  fill(engine);
  const auto explored = [&](std::uint64_t seed) {
    return engine.recommend({.user = "zoe", .k = 3, .exploration = 1, .seed = seed}).value();
  };
  EXPECT_EQ(items(explored(7)), items(explored(7)));
  bool differs = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    differs = differs || items(explored(seed)) != items(explored(100));
  }
  EXPECT_TRUE(differs);
  EXPECT_LT(explored(1).items[0].propensity, 1);
}

TEST_F(EngineTest, SimilarAndTrending) {
  Engine engine = open();
  fill(engine);
  EXPECT_EQ(items(engine.similar("nuts", 5).value()), Items{"oil"});
  EXPECT_EQ(engine.similar("unheard", 5).error().code, ErrorCode::not_found);
  EXPECT_EQ(items(engine.trending(2).value()), (Items{"tea", "jam"}));
}

TEST_F(EngineTest, ASecondWriterIsRefused) {
  const Engine engine = open();
  const auto second = Engine::open(folder(), options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(EngineTest, AReaderBesideSeesWhatItRefreshes) {
  Engine engine = open();
  fill(engine);
  Engine reader = Engine::open_beside(folder(), options_).value();
  EXPECT_EQ(recommended(reader, "zoe"), recommended(engine, "zoe"));
  see(engine, "ann", {"nuts", "gin"});
  ASSERT_TRUE(engine.put_item("gin", R"({"proof": 40})"));
  ASSERT_TRUE(reader.refresh());
  EXPECT_EQ(recommended(reader, "ann"), recommended(engine, "ann"));
  EXPECT_EQ(reader.item("gin").value(), engine.item("gin").value());
  EXPECT_EQ(reader.observe({.user = "ann", .item = "tea"}).error().code, ErrorCode::conflict);
}

// Two camps, each with its own items, in turn.
void fill_camps(Engine& engine, int n_users) {
  for (int u = 0; u < n_users; ++u) {
    for (int i = 0; i < 6; ++i) {
      if (i == u % 6) continue;
      const std::string user = fmt::format("u{}", u);
      const std::string item = fmt::format("{}{}", u % 2 == 0 ? "tea" : "jam", i);
      ASSERT_TRUE(engine.observe({.user = user, .item = item, .time_ms = kNow - kDay + i}));
    }
  }
}

TEST_F(EngineTest, TrainingPublishesASnapshotThatStays) {
  Items before;
  {
    Engine engine = open();
    fill_camps(engine, 60);
    const TrainReport report = engine.train({.model = "item_knn"}).value();
    EXPECT_EQ(report.snapshot, 1U);
    EXPECT_GT(report.ndcg, report.ndcg_popularity);
    EXPECT_EQ(report.position, engine.stats().position);
    see(engine, "ann", {"tea0", "tea1"});
    const Recommendations answer = engine.recommend({.user = "ann", .k = 4}).value();
    EXPECT_EQ(answer.snapshot, 1U);
    for (const std::string& item : items(answer)) EXPECT_EQ(item.substr(0, 3), "tea");
    before = items(answer);
  }
  const Engine engine = open();
  EXPECT_EQ(engine.stats().model, "item_knn");
  EXPECT_EQ(recommended(engine, "ann", 4), before);
}

TEST_F(EngineTest, TrainingWithNothingToLearnIsRefused) {
  Engine engine = open();
  EXPECT_EQ(engine.train({.model = "item_knn"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(engine.train({.model = "magic"}).error().code, ErrorCode::invalid_argument);
}

TEST_F(EngineTest, ACancelledTrainingPublishesNothing) {
  Engine engine = open();
  fill_camps(engine, 60);
  const auto ended = engine.train({.model = "item_knn", .cancelled = [] { return true; }});
  EXPECT_EQ(ended.error().code, ErrorCode::cancelled);
  EXPECT_EQ(engine.stats().snapshot, 0U);
}

// Items that a snapshot does not know have a place beside those that it does.
TEST_F(EngineTest, AnItemBornAfterTrainingIsRecommendedByItsFirstEvents) {
  Engine engine = open();
  fill_camps(engine, 60);
  ASSERT_TRUE(engine.train({.model = "item_knn"}));
  for (const std::string_view user : {"x", "y", "z"}) see(engine, user, {"tea0", "tea9"});
  see(engine, "ann", {"tea0"});
  const Items now = recommended(engine, "ann", 6);
  EXPECT_NE(std::ranges::find(now, "tea9"), now.end());
}

// Before anybody has had it: to those who had what is like it.
TEST_F(EngineTest, AnItemWithoutEventsIsRecommendedByItsProperties) {
  Engine engine = open();
  fill_camps(engine, 60);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(engine.put_item(fmt::format("tea{}", i), R"({"kind": ["drink", "hot"]})"));
    ASSERT_TRUE(engine.put_item(fmt::format("jam{}", i), R"({"kind": ["food", "sweet"]})"));
  }
  ASSERT_TRUE(engine.train({.model = "item_knn"}));
  ASSERT_TRUE(engine.put_item("snack", R"({"kind": ["food", "sweet"]})"));
  ASSERT_TRUE(engine.put_item("brew", R"({"kind": ["drink", "hot"]})"));
  ASSERT_TRUE(engine.put_item("thing", "{}"));
  see(engine, "ann", {"tea0", "tea1"});
  see(engine, "bob", {"jam0", "jam1"});
  const auto place = [&](std::string_view user, std::string_view item) {
    const Items all = recommended(engine, user, 1000);
    return std::ranges::find(all, item) - all.begin();
  };
  EXPECT_LT(place("ann", "brew"), place("ann", "snack"));
  EXPECT_LT(place("bob", "snack"), place("bob", "brew"));
  const auto explained = engine.recommend({.user = "ann", .k = 1000, .explain = true});
  for (const RecommendedItem& one : explained->items) {
    const auto score_of = [&](std::string_view name) {
      const auto source = std::ranges::find(one.sources, name, &Source::name);
      return source == one.sources.end() ? 0 : source->score;
    };
    EXPECT_EQ(score_of("content") > 0, one.item == "brew") << one.item;
    EXPECT_EQ(score_of("freshness") > 0, one.item == "brew" || one.item == "snack") << one.item;
    if (one.item == "brew") {
      EXPECT_EQ(one.reasons.size(), 2U);  // both teas of the history
    }
  }
  const Items like_brew = items(engine.similar("brew", 10).value());
  EXPECT_EQ(like_brew.size(), 6U);
  for (const std::string& item : like_brew) EXPECT_TRUE(item.starts_with("tea")) << item;
}

TEST_F(EngineTest, AWriterTakesUpWhatATrainingBesideLeaves) {
  Engine writer = open();
  fill_camps(writer, 60);
  Engine beside = Engine::open_beside(folder(), options_).value();
  ASSERT_TRUE(beside.train({.model = "item_knn"}));
  for (int i = 0; i < 100 && writer.stats().snapshot == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(writer.stats().snapshot, 1U);
}

// Writers, readers, a training and an erasure at once; what was acknowledged is there in the end.
TEST_F(EngineTest, AStormLeavesEveryAcknowledgedEvent) {
  constexpr int kWriters = 3;
  constexpr int kEvents = 200;
  {
    Engine engine = open();
    fill_camps(engine, 20);
    std::vector<std::thread> threads;
    for (int w = 0; w < kWriters; ++w) {
      threads.emplace_back([&, w] {
        const std::string user = fmt::format("w{}", w);
        for (int n = 0; n < kEvents; ++n) {
          const std::string item = fmt::format("i{}", (7 * n + w) % 50);
          ASSERT_TRUE(engine.observe({.user = user, .item = item}));
          // Read your writes: what was just had is hidden.
          const Items now = recommended(engine, user, 50);
          ASSERT_EQ(std::ranges::find(now, item), now.end());
        }
      });
    }
    threads.emplace_back([&] { ASSERT_TRUE(engine.train({.model = "item_knn"})); });
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        ASSERT_TRUE(engine.put_item(fmt::format("i{}", n), R"({"price": 3})"));
        ASSERT_TRUE(engine.observe({.user = "gone", .item = "tea1"}));
        ASSERT_TRUE(engine.erase_user("gone"));
      }
    });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(engine.stats().n_events, 20 * 5 + kWriters * kEvents + 20U);
  }
  const Engine engine = open();
  for (int w = 0; w < kWriters; ++w) {
    EXPECT_EQ(engine.history(fmt::format("w{}", w)).size(), static_cast<std::size_t>(kEvents));
  }
  EXPECT_TRUE(engine.history("gone").empty());
}

// Ten users went from tea to jam to rye and ten from jam to tea to ham, so what comes next hangs on
// which of tea and jam was last.
class SequenceModelTest : public EngineFixture, public testing::WithParamInterface<const char*> {};

TEST_P(SequenceModelTest, TheOrderOfAHistoryCounts) {
  Engine engine = open();
  const std::vector<std::vector<const char*>> orders = {{"tea", "jam", "rye", "fig"},
                                                        {"jam", "tea", "ham", "egg"}};
  for (std::size_t u = 0; u < 20; ++u) {
    std::int64_t time_ms = kNow - kDay;
    for (const char* const item : orders[u % 2]) {
      const std::string user = fmt::format("u{}", u);
      ASSERT_TRUE(engine.observe(Event{.user = user, .item = item, .time_ms = ++time_ms}));
    }
  }
  ASSERT_TRUE(engine.train({.model = GetParam()}));
  EXPECT_EQ(engine.stats().model, GetParam());
  const auto first_after = [&](std::vector<Act> acts) {
    return engine.recommend({.k = 1, .history = acts}).value().items.at(0).item;
  };
  EXPECT_EQ(first_after({{.item = "tea"}, {.item = "jam"}}), "rye");
  EXPECT_EQ(first_after({{.item = "jam"}, {.item = "tea"}}), "ham");
  // So with a user whom training did not see, from one event to the next.
  ASSERT_TRUE(engine.observe(Event{.user = "new", .item = "tea"}));
  ASSERT_TRUE(engine.observe(Event{.user = "new", .item = "jam"}));
  EXPECT_EQ(engine.recommend({.user = "new", .k = 1})->items.at(0).item, "rye");
}

INSTANTIATE_TEST_SUITE_P(Models, SequenceModelTest, testing::Values("markov", "session_knn"),
                         [](const auto& model) { return std::string(model.param); });

}  // namespace
}  // namespace coseno
