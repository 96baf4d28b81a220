#include "evaluation/split.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace coseno {
namespace {

struct Line {
  const char* user;
  const char* item;
  float value = 1;
  std::int64_t time = 0;
};

// `users` and `items`: those of the training file, for a test file.
Interactions interactions_of(const std::vector<Line>& lines, UserIds users = {},
                             ItemIds items = {}) {
  Interactions interactions;
  interactions.users = std::move(users);
  interactions.items = std::move(items);
  interactions.has_values = true;
  interactions.has_times = true;
  for (const Line& line : lines) {
    interactions.add(interactions.users.add(line.user),
                     {interactions.items.add(line.item), line.value, line.time});
  }
  return interactions;
}

// "user item value" of everything, by user and item.
using Triples = std::set<std::tuple<std::string, std::string, float>>;

Triples training(const Split& split) {
  Triples triples;
  for (std::size_t u = 0; u < split.train.users.size(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    for (const Interaction& entry : split.train.matrix.user(user)) {
      triples.emplace(split.train.users.id(user), split.train.items.id(entry.item), entry.value);
    }
  }
  return triples;
}

// An item that training does not know is shown as "?".
Triples held_out(const Split& split) {
  Triples triples;
  for (std::size_t u = 0; u < split.held_out.size(); ++u) {
    for (const Interaction& entry : split.held_out[u]) {
      const bool is_known = offset(entry.item) < split.train.items.size();
      triples.emplace(split.train.users.id(static_cast<UserIndex>(u)),
                      is_known ? split.train.items.id(entry.item) : "?", entry.value);
    }
  }
  return triples;
}

Result<std::vector<Split>> split_by(Protocol protocol, const Interactions& interactions,
                                    SplitOptions options = {}, const Catalog& catalog = {}) {
  options.protocol = protocol;
  const Catalog no_users;
  COSENO_ASSIGN(maker, SplitMaker::plan(interactions, options, catalog, no_users));
  std::vector<Split> splits;
  for (int i = 0; i < maker.n_splits(); ++i) splits.push_back(maker.make(i));
  return splits;
}

Split one(Result<std::vector<Split>> splits) {
  EXPECT_TRUE(splits) << splits.error().message;
  EXPECT_EQ(splits->size(), 1U);
  return std::move(splits->front());
}

// n_users users with n_items items each, one second apart, the users after one another.
Interactions grid(int n_users, int n_items) {
  Interactions interactions;
  interactions.has_times = true;
  std::int64_t time = 0;
  for (int u = 0; u < n_users; ++u) {
    for (int i = 0; i < n_items; ++i) {
      interactions.add(interactions.users.add(fmt::format("u{}", u)),
                       {interactions.items.add(fmt::format("i{}", i)), 1, time++});
    }
  }
  return interactions;
}

std::size_t n_held_out(const Split& split, std::size_t user) { return split.held_out[user].size(); }

TEST(RandomSplitTest, HoldsOutTheFractionOfEachUser) {
  const Split split = one(split_by(Protocol::random, grid(3, 10), {.fraction = 0.3}));
  for (std::size_t u = 0; u < 3; ++u) EXPECT_EQ(n_held_out(split, u), 3U);
  EXPECT_EQ(split.train.matrix.n_entries(), 21U);
}

// 0.9 of 2 rounds to 2, and 0.9 of 1 to 1: one must stay.
TEST(RandomSplitTest, OneStaysInTraining) {
  const Split two = one(split_by(Protocol::random, grid(1, 2), {.fraction = 0.9}));
  EXPECT_EQ(n_held_out(two, 0), 1U);
  EXPECT_FALSE(split_by(Protocol::random, grid(1, 1), {.fraction = 0.9}));
}

TEST(RandomSplitTest, SeedDecides) {
  const Interactions interactions = grid(5, 20);
  const auto with_seed = [&](std::uint64_t seed) {
    return training(one(split_by(Protocol::random, interactions, {.seed = seed})));
  };
  EXPECT_EQ(with_seed(7), with_seed(7));
  EXPECT_NE(with_seed(7), with_seed(8));
}

// Each of 10 items of 2000 users is held out with probability 0.2: 400 times, standard deviation
// 18. The positions must not matter.
TEST(RandomSplitTest, EveryPositionIsHeldOutAsOften) {
  const Interactions interactions = grid(2000, 10);
  const Split split = one(split_by(Protocol::random, interactions));
  ASSERT_EQ(split.train.items.size(), 10U);
  for (std::uint32_t i = 0; i < 10; ++i) {
    const std::size_t n_trained = split.train.matrix.item_size(ItemIndex{i});
    EXPECT_NEAR(2000.0 - static_cast<double>(n_trained), 400, 90);
  }
}

TEST(LeaveLastOutTest, HoldsOutTheNewestByTime) {
  const Split split =
      one(split_by(Protocol::leave_last_out, interactions_of({{"ann", "tea", 5, 30},
                                                              {"ann", "jam", 4, 10},
                                                              {"ann", "ham", 3, 20},
                                                              {"bob", "tea", 2, 5},
                                                              {"bob", "jam", 1, 6}})));
  EXPECT_EQ(held_out(split), (Triples{{"ann", "tea", 5}, {"bob", "jam", 1}}));
  EXPECT_EQ(training(split), (Triples{{"ann", "jam", 4}, {"ann", "ham", 3}, {"bob", "tea", 2}}));
}

// As in "user item item ..." lines: the last of the line is the newest, whatever its number.
TEST(LeaveLastOutTest, GoesByOrderOfArrivalWithoutTimes) {
  const Split split = one(
      split_by(Protocol::leave_last_out,
               interactions_of(
                   {{"ann", "tea", 1}, {"ann", "jam", 2}, {"bob", "jam", 3}, {"bob", "tea", 4}})));
  EXPECT_EQ(held_out(split), (Triples{{"ann", "jam", 2}, {"bob", "tea", 4}}));
}

TEST(LeaveLastOutTest, UserWithOneInteractionKeepsIt) {
  const Split split = one(split_by(
      Protocol::leave_last_out,
      interactions_of({{"ann", "tea", 5, 1}, {"bob", "tea", 5, 1}, {"bob", "jam", 5, 2}})));
  EXPECT_EQ(n_held_out(split, 0), 0U);
  EXPECT_EQ(n_held_out(split, 1), 1U);
}

// Ten times 0 to 9, fraction 0.3: 7, 8 and 9 are held out, whose they may be.
TEST(TemporalSplitTest, HoldsOutTheNewestOfAll) {
  const Split split = one(split_by(Protocol::temporal, grid(2, 5), {.fraction = 0.3}));
  EXPECT_EQ(n_held_out(split, 0), 0U);
  EXPECT_EQ(n_held_out(split, 1), 3U);
}

// Times 1, 2, 2, 2: the newest half would cut between equal times, so all of 2 stay in training
// and there is nothing left; with a 3 there is.
TEST(TemporalSplitTest, EqualTimesStayTogetherInTraining) {
  std::vector<Line> lines = {
      {"ann", "tea", 1, 1}, {"ann", "jam", 1, 2}, {"ann", "ham", 1, 2}, {"ann", "rye", 1, 2}};
  EXPECT_FALSE(split_by(Protocol::temporal, interactions_of(lines), {.fraction = 0.5}));
  lines.push_back({"ann", "fig", 1, 3});
  const Split split = one(split_by(Protocol::temporal, interactions_of(lines), {.fraction = 0.5}));
  EXPECT_EQ(split.train.matrix.n_entries(), 4U);
}

TEST(TemporalSplitTest, RefusesDataWithoutTimes) {
  Interactions interactions = grid(2, 5);
  interactions.has_times = false;
  const auto splits = split_by(Protocol::temporal, interactions);
  ASSERT_FALSE(splits);
  EXPECT_EQ(splits.error().code, ErrorCode::invalid_argument);
}

// A user all of whose interactions are newer than the cut is judged, so must be known.
TEST(TemporalSplitTest, NewUserStaysKnown) {
  const Split split = one(split_by(Protocol::temporal, grid(2, 5), {.fraction = 0.5}));
  EXPECT_EQ(split.train.users.size(), 2U);
  EXPECT_EQ(split.train.matrix.user_size(UserIndex{1}), 0U);
  EXPECT_EQ(n_held_out(split, 1), 5U);
}

TEST(KFoldTest, EachPairIsHeldOutOnceAndTrainsOtherwise) {
  const auto splits = split_by(Protocol::k_fold, grid(3, 4), {.folds = 5});
  ASSERT_TRUE(splits);
  ASSERT_EQ(splits->size(), 5U);
  std::map<std::pair<std::string, std::string>, int> times_trained;
  for (const Split& split : *splits) {
    std::size_t n = 0;
    for (const auto& row : split.held_out) n += row.size();
    EXPECT_TRUE(n == 2 || n == 3);  // 12 pairs in 5 parts
    EXPECT_EQ(n + split.train.matrix.n_entries(), 12U);
    for (const auto& [user, item, value] : training(split)) ++times_trained[{user, item}];
  }
  EXPECT_EQ(times_trained.size(), 12U);
  for (const auto& [pair, n] : times_trained) EXPECT_EQ(n, 4) << pair.first << " " << pair.second;
}

TEST(KFoldTest, RefusesFewerInteractionsThanFolds) {
  EXPECT_FALSE(split_by(Protocol::k_fold, grid(1, 3), {.folds = 4}));
  EXPECT_TRUE(split_by(Protocol::k_fold, grid(1, 3), {.folds = 3}));
}

TEST(KFoldTest, ASplitIsTheSameEachTimeItIsMade) {
  const Interactions interactions = grid(3, 4);
  const Catalog none;
  const auto maker = SplitMaker::plan(interactions, {.protocol = Protocol::k_fold}, none, none);
  ASSERT_TRUE(maker);
  const Split last = maker->make(4);
  EXPECT_EQ(training(maker->make(4)), training(last));
  EXPECT_NE(training(maker->make(0)), training(last));
}

// Of 8 users a quarter, of their 10 items two tenths.
TEST(StrongSplitTest, AUserIsEitherTrainedOnOrJudged) {
  const Split split =
      one(split_by(Protocol::strong, grid(8, 10), {.fraction = 0.2, .held_out_users = 0.25}));
  std::size_t n_held_out_users = 0;
  for (std::size_t u = 0; u < 8; ++u) {
    const auto user = static_cast<UserIndex>(u);
    const bool is_held_out = !split.held_out[u].empty();
    if (is_held_out) ++n_held_out_users;
    EXPECT_EQ(split.held_out[u].size(), is_held_out ? 2U : 0U);
    EXPECT_EQ(split.fold_in[u].size(), is_held_out ? 8U : 0U);
    EXPECT_EQ(split.train.matrix.user_size(user), is_held_out ? 0U : 10U);
    EXPECT_EQ(split.profile(user).history.size(), is_held_out ? 8U : 10U);
  }
  EXPECT_EQ(n_held_out_users, 2U);
}

// The history is oldest first, and with what is held out it is all of the user's.
TEST(StrongSplitTest, WhatTheModelIsToldKeepsItsOrder) {
  const Split split = one(split_by(Protocol::strong, grid(4, 10), {.held_out_users = 1}));
  for (std::size_t u = 0; u < 4; ++u) {
    const std::vector<Interaction>& told = split.fold_in[u];
    EXPECT_TRUE(std::ranges::is_sorted(told, {}, &Interaction::time));
    std::set<std::size_t> items;
    for (const auto* const part : {&told, &split.held_out[u]}) {
      for (const Interaction& entry : *part) items.insert(offset(entry.item));
    }
    EXPECT_EQ(items.size(), told.empty() ? 0U : 10U);
  }
}

TEST(StrongSplitTest, SeedDecidesWhoIsHeldOut) {
  const auto with_seed = [](std::uint64_t seed) {
    return training(
        one(split_by(Protocol::strong, grid(40, 5), {.held_out_users = 10, .seed = seed})));
  };
  EXPECT_EQ(with_seed(3), with_seed(3));
  EXPECT_NE(with_seed(3), with_seed(4));
}

// 0.2 of two items rounds to none: ann cannot be judged, so she is never kept from training.
TEST(StrongSplitTest, UsersWithTooLittleStayInTraining) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Interactions interactions = grid(2, 5);
    const UserIndex ann = interactions.users.add("ann");
    interactions.add(ann, {ItemIndex{0}, 1, 0});
    interactions.add(ann, {ItemIndex{1}, 1, 0});
    const Split split =
        one(split_by(Protocol::strong, interactions, {.held_out_users = 1, .seed = seed}));
    EXPECT_EQ(split.train.matrix.user_size(ann), 2U);
  }
}

// Only the held-out user has ham and rye: the model is told of an item that it does not know.
TEST(StrongSplitTest, ItemsUnknownToTrainingAreToldWithNumbersPastItsEnd) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = one(split_by(
        Protocol::strong, interactions_of({{"ann", "tea"}, {"bob", "ham"}, {"bob", "rye"}}),
        {.fraction = 0.5, .held_out_users = 1, .seed = seed}));
    ASSERT_EQ(split.train.items.size(), 1U);
    EXPECT_EQ(offset(split.fold_in[1][0].item) + offset(split.held_out[1][0].item), 3U);
  }
}

// The same pair on both sides would be masked in the list and count as missed.
TEST(SplitTest, RepeatsAreJoinedBeforeSplitting) {
  const Interactions interactions = interactions_of(
      {{"ann", "tea", 1, 1}, {"ann", "jam", 2, 2}, {"ann", "tea", 3, 3}, {"ann", "tea", 4, 4}});
  const Split split = one(split_by(Protocol::leave_last_out, interactions));
  EXPECT_EQ(held_out(split), (Triples{{"ann", "?", 4}}));
  EXPECT_EQ(training(split), (Triples{{"ann", "jam", 2}}));
  const Split first =
      one(split_by(Protocol::leave_last_out, interactions, {.repeats = RepeatRule::first}));
  EXPECT_EQ(held_out(first), (Triples{{"ann", "?", 2}}));
}

// ham and rye occur only in what is held out: no training item may stand for them, and each has
// its own number.
TEST(SplitTest, HeldOutItemsUnknownToTrainingComeAfterItsItems) {
  const Split split =
      one(split_by(Protocol::leave_last_out, interactions_of({{"ann", "tea", 1, 1},
                                                              {"ann", "ham", 1, 2},
                                                              {"bob", "jam", 1, 1},
                                                              {"bob", "rye", 1, 2}})));
  EXPECT_EQ(split.train.items.size(), 2U);
  EXPECT_EQ(split.held_out[0][0].item, ItemIndex{2});
  EXPECT_EQ(split.held_out[1][0].item, ItemIndex{3});
}

// The catalogue knows ham, so a model can list it.
TEST(SplitTest, CatalogueItemsAreKnown) {
  Catalog catalog;
  catalog.add({.id = "ham", .title = "Ham", .properties = {}});
  catalog.add({.id = "fig", .title = "Fig", .properties = {}});
  const Split split =
      one(split_by(Protocol::leave_last_out,
                   interactions_of({{"ann", "tea", 1, 1}, {"ann", "ham", 1, 2}}), {}, catalog));
  EXPECT_EQ(split.train.items.size(), 3U);
  EXPECT_EQ(held_out(split), (Triples{{"ann", "ham", 1}}));
}

TEST(SplitTest, HeldOutRowsRiseByItem) {
  const Split split = one(split_by(Protocol::random, grid(4, 30), {.fraction = 0.5}));
  for (const auto& row : split.held_out) {
    EXPECT_TRUE(std::ranges::is_sorted(
        row, {}, [](const Interaction& entry) { return offset(entry.item); }));
  }
}

TEST(SplitTest, RefusesOptionsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double fraction : {0.0, 1.0, -0.1, nan}) {
    const auto splits = split_by(Protocol::random, grid(2, 5), {.fraction = fraction});
    ASSERT_FALSE(splits);
    EXPECT_EQ(splits.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(split_by(Protocol::k_fold, grid(20, 20), {.folds = 1}));
  EXPECT_FALSE(split_by(Protocol::k_fold, grid(20, 20), {.folds = 101}));
  for (const double users : {0.0, -1.0, nan, std::numeric_limits<double>::infinity(), 4.0, 2.0}) {
    const auto splits = split_by(Protocol::strong, grid(2, 5), {.held_out_users = users});
    ASSERT_FALSE(splits) << users;
    EXPECT_EQ(splits.error().code, ErrorCode::invalid_argument);
  }
}

TEST(SplitTest, RefusesNothingToSplit) {
  for (const Protocol protocol : {Protocol::random, Protocol::leave_last_out, Protocol::temporal,
                                  Protocol::k_fold, Protocol::strong}) {
    const auto splits = split_by(protocol, interactions_of({}));
    ASSERT_FALSE(splits);
    EXPECT_EQ(splits.error().code, ErrorCode::invalid_argument);
  }
}

class GivenSplitTest : public testing::Test {
 protected:
  static Result<Split> split(const std::vector<Line>& train, const std::vector<Line>& test,
                             bool test_has_values = true, const Catalog& catalog = {}) {
    Interactions training = interactions_of(train);
    Interactions testing = interactions_of(test, training.users, training.items);
    testing.has_values = test_has_values;
    return given_split(std::move(training), testing, RepeatRule::last, catalog, {});
  }
};

TEST_F(GivenSplitTest, KeepsBothSides) {
  const auto split = GivenSplitTest::split({{"ann", "tea", 5}, {"bob", "jam", 4}},
                                           {{"bob", "tea", 3}, {"ann", "jam", 2}});
  ASSERT_TRUE(split);
  EXPECT_EQ(training(*split), (Triples{{"ann", "tea", 5}, {"bob", "jam", 4}}));
  EXPECT_EQ(held_out(*split), (Triples{{"bob", "tea", 3}, {"ann", "jam", 2}}));
  EXPECT_TRUE(split->has_ratings);
}

// zoe and ham are only in the test.
TEST_F(GivenSplitTest, UsersOfTheTestAreKnownButItsItemsAreNot) {
  const auto split = GivenSplitTest::split({{"ann", "tea"}}, {{"zoe", "ham"}, {"zoe", "tea"}});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->train.users.size(), 2U);
  EXPECT_EQ(split->train.items.size(), 1U);
  EXPECT_EQ(held_out(*split), (Triples{{"zoe", "?", 1}, {"zoe", "tea", 1}}));
}

// fig is only in the catalogue and takes the number that ham has in the test file.
TEST_F(GivenSplitTest, CatalogueItemsDoNotCollideWithThoseOfTheTest) {
  Catalog catalog;
  catalog.add({.id = "fig", .title = "", .properties = {}});
  const auto split =
      GivenSplitTest::split({{"ann", "tea"}}, {{"ann", "ham"}, {"ann", "fig"}}, true, catalog);
  ASSERT_TRUE(split);
  EXPECT_EQ(held_out(*split), (Triples{{"ann", "?", 1}, {"ann", "fig", 1}}));
}

TEST_F(GivenSplitTest, RefusesPairOnBothSidesByName) {
  const auto split =
      GivenSplitTest::split({{"ann", "tea"}, {"bob", "jam"}}, {{"ann", "jam"}, {"bob", "jam"}});
  ASSERT_FALSE(split);
  EXPECT_EQ(split.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(split.error().message.find("user 'bob' and item 'jam'"), std::string::npos);
}

TEST_F(GivenSplitTest, RefusesEmptyTest) {
  EXPECT_FALSE(GivenSplitTest::split({{"ann", "tea"}}, {}));
}

// A test of plain acts against training ratings: lists can be judged, ratings cannot.
TEST_F(GivenSplitTest, HasRatingsOnlyWhereBothSidesHave) {
  const auto split = GivenSplitTest::split({{"ann", "tea", 5}}, {{"ann", "jam"}}, false);
  ASSERT_TRUE(split);
  EXPECT_FALSE(split->has_ratings);
}

// "told > next" of every place that is judged, ids in order of time.
std::vector<std::string> places(const Split& split) {
  const auto id = [&](ItemIndex item) {
    const bool is_known = offset(item) < split.train.items.size();
    return std::string(is_known ? split.train.items.id(item) : "?");
  };
  std::vector<std::string> places;
  for (std::size_t n = 0; n < split.held_out.size(); ++n) {
    std::string text;
    for (const Interaction& told : split.profile(static_cast<UserIndex>(n)).history) {
      text += id(told.item) + " ";
    }
    EXPECT_EQ(split.held_out[n].size(), 1U);
    places.push_back(text + "> " + id(split.held_out[n][0].item));
  }
  return places;
}

class NextItemSplitTest : public testing::Test {
 protected:
  static Result<Split> split(const std::vector<Line>& train, const std::vector<Line>& test,
                             bool hides_seen = false) {
    Interactions training = interactions_of(train);
    const Interactions testing = interactions_of(test, training.users, training.items);
    return next_item_split(std::move(training), testing, RepeatRule::last, hides_seen, {}, {});
  }

  const std::vector<Line> train_ = {{"ann", "tea"}, {"ann", "jam"}};
};

// The test file is in no order; zoe's first act is told, and ham is unknown to training.
TEST_F(NextItemSplitTest, EveryActFollowsThoseBeforeIt) {
  const auto split = NextItemSplitTest::split(
      train_, {{"zoe", "ham", 1, 30}, {"zoe", "tea", 1, 10}, {"zoe", "jam", 1, 20}});
  ASSERT_TRUE(split);
  EXPECT_FALSE(split->hides_seen);
  EXPECT_EQ(places(*split), (std::vector<std::string>{"tea > jam", "tea jam > ?"}));
  EXPECT_EQ(training(*split), (Triples{{"ann", "tea", 1}, {"ann", "jam", 1}}));
}

TEST_F(NextItemSplitTest, ItemsThatWereSeenAreJudgedUnlessTheyAreHidden) {
  const std::vector<Line> test = {{"zoe", "tea", 1, 1}, {"zoe", "tea", 1, 2}, {"zoe", "jam", 1, 3}};
  const auto all = NextItemSplitTest::split(train_, test);
  ASSERT_TRUE(all);
  EXPECT_EQ(places(*all), (std::vector<std::string>{"tea > tea", "tea tea > jam"}));
  const auto unseen = NextItemSplitTest::split(train_, test, true);
  ASSERT_TRUE(unseen);
  EXPECT_TRUE(unseen->hides_seen);
  EXPECT_EQ(places(*unseen), (std::vector<std::string>{"tea tea > jam"}));
}

TEST_F(NextItemSplitTest, AUserOfTheTrainingGoesOnFromThere) {
  const auto split = NextItemSplitTest::split(train_, {{"ann", "tea", 1, 5}});
  ASSERT_TRUE(split);
  EXPECT_EQ(places(*split), (std::vector<std::string>{"tea jam > tea"}));
}

TEST_F(NextItemSplitTest, RefusesATestWithoutANextItem) {
  EXPECT_FALSE(NextItemSplitTest::split(train_, {}));
  const auto split = NextItemSplitTest::split(train_, {{"zoe", "tea"}, {"bob", "jam"}});
  ASSERT_FALSE(split);
  EXPECT_EQ(split.error().code, ErrorCode::invalid_argument);
}

TEST(ProtocolTest, ByName) {
  EXPECT_EQ(protocol("leave-last-out"), Protocol::leave_last_out);
  EXPECT_EQ(protocol("leave-one-out"), Protocol::leave_last_out);
  EXPECT_EQ(protocol("k-fold"), Protocol::k_fold);
  EXPECT_EQ(protocol("strong"), Protocol::strong);
  EXPECT_EQ(protocol("random"), Protocol::random);
  EXPECT_EQ(protocol("temporal"), Protocol::temporal);
  EXPECT_EQ(protocol("k_fold"), std::nullopt);
}

}  // namespace
}  // namespace coseno
