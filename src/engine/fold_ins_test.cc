#include "engine/fold_ins.h"

#include <gtest/gtest.h>

#include <thread>

#include "models/ials.h"
#include "models/model_testing.h"
#include "models/sasrec.h"
#include "models/sasrec_testing.h"

namespace coseno {
namespace {

class FoldInsTest : public testing::Test {
 protected:
  // What is asked for, and what it would be without anything kept.
  void expect_right(const Tastes& tastes) {
    SearchQuery found;
    fold_ins_.query(tastes, found);
    const SearchQuery wanted = search_.query(model_->user_vector(tastes.profile()));
    EXPECT_EQ(found.vector, wanted.vector);
    EXPECT_EQ(found.mean, wanted.mean);
    EXPECT_EQ(found.variance, wanted.variance);
  }

  bool is_kept(const Tastes& tastes) {
    SearchQuery query;
    return fold_ins_.query(tastes, query);
  }

  std::unique_ptr<Model> model_ =
      fit<Ials>(dataset_of({{1, 1, 0, 0}, {0, 1, 1, 0}, {0, 0, 1, 1}, {1, 0, 0, 1}}), {.dim = 4});
  VectorSearch search_{*model_->item_vectors()};
  FoldIns fold_ins_{*model_, search_};
};

Tastes taste(std::vector<std::uint32_t> items, float weight = 1) {
  Tastes tastes;
  std::int64_t time = 0;  // of the first not known, then ever later, by a second to three months
  for (const std::uint32_t item : items) {
    tastes.interactions.push_back({ItemIndex{item}, 1, time});
    time += std::int64_t{1} << (tastes.interactions.size() % 24);
    tastes.weights.push_back(weight);
  }
  return tastes;
}

TEST_F(FoldInsTest, KeepsWhatWasAskedFor) {
  EXPECT_FALSE(is_kept(taste({0, 1})));
  EXPECT_TRUE(is_kept(taste({0, 1})));
  expect_right(taste({0, 1}));
  EXPECT_FALSE(is_kept({}));
  EXPECT_TRUE(is_kept({}));
}

// An event more, another weight, another value or another order is another history.
TEST_F(FoldInsTest, TellsHistoriesApart) {
  EXPECT_FALSE(is_kept(taste({0, 1})));
  EXPECT_FALSE(is_kept(taste({0, 1, 2})));
  EXPECT_FALSE(is_kept(taste({1, 0})));
  EXPECT_FALSE(is_kept(taste({0, 1}, 2)));
  Tastes rated = taste({0, 1});
  rated.interactions[1].value = 5;
  EXPECT_FALSE(is_kept(rated));
  expect_right(taste({0, 1, 2}));
  expect_right(rated);
}

// The hash of a history leaves values out: two such stand beside each other.
TEST_F(FoldInsTest, HistoriesOfOneHashDoNotMeet) {
  for (float value = 1; value <= 3; ++value) {
    Tastes rated = taste({2});
    rated.interactions[0].value = value;
    EXPECT_FALSE(is_kept(rated));
    EXPECT_TRUE(is_kept(rated));
    expect_right(rated);
  }
}

TEST_F(FoldInsTest, DoesNotKeepWhatChangesWithTimeOrIsVeryLong) {
  Tastes fading = taste({0, 1});
  fading.changes_with_time = true;
  Tastes longest = taste(std::vector<std::uint32_t>(FoldIns::kMaxHistory + 1, 3));
  for (const Tastes& tastes : {fading, longest}) {
    EXPECT_FALSE(is_kept(tastes));
    EXPECT_FALSE(is_kept(tastes));
    expect_right(tastes);
  }
}

// Many more histories than are kept: memory is bounded, and every answer is right.
TEST_F(FoldInsTest, ForgetsWhatWasAskedForLongestAgo) {
  std::size_t n_kept = 0;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t n = 0; n < 20'000; ++n) {
      n_kept += is_kept(taste({n % 4, n / 4 + 4, n % 3})) ? 1 : 0;
    }
  }
  EXPECT_EQ(n_kept, 0U);
  for (std::uint32_t n = 19'990; n < 20'000; ++n) {
    EXPECT_TRUE(is_kept(taste({n % 4, n / 4 + 4, n % 3})));
    expect_right(taste({n % 4, n / 4 + 4, n % 3}));
  }
}

TEST_F(FoldInsTest, ThreadsMayAskAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint32_t n = 0; n < 500; ++n) {
        const Tastes tastes = taste({n % 4, n % 5});
        SearchQuery found;
        fold_ins_.query(tastes, found);
        EXPECT_EQ(found.vector, model_->user_vector(tastes.profile()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A model that reads in order: what was read is kept, and read on from.
class SequenceFoldInsTest : public testing::Test {
 protected:
  static constexpr SasrecShape kShape = {
      .n_items = 9, .dim = 8, .length = 4, .blocks = 2, .heads = 2, .hidden = 6, .intervals = true};

  void expect_right(const Tastes& tastes) {
    SearchQuery found;
    fold_ins_.query(tastes, found);
    EXPECT_EQ(found.vector, model_.user_vector(tastes.profile()));
  }

  Sasrec model_{random_sasrec(kShape, 0.1F, 1)};
  VectorSearch search_{*model_.item_vectors()};
  FoldIns fold_ins_{model_, search_};
};

// Past the window and past its reach, with an item that the model does not know.
TEST_F(SequenceFoldInsTest, EventByEventIsAsAllAtOnce) {
  std::vector<std::uint32_t> items;
  for (std::uint32_t n = 0; n < 30; ++n) {
    items.push_back(n == 20 ? 99 : n * 5 % 9);
    expect_right(taste(items));
  }
}

TEST_F(SequenceFoldInsTest, OfAnotherBeginningNothingIsTaken) {
  expect_right(taste({0, 1, 2}));
  expect_right(taste({0, 2, 2, 3}));
  expect_right(taste({0, 1, 2}, 2));
  Tastes mixed = taste({0, 1, 2, 3}, 2);
  mixed.weights.back() = 1;
  expect_right(mixed);
  expect_right(taste({0, 1, 2, 3}));
  Tastes other_times = taste({0, 1, 2, 3, 4});
  other_times.interactions[1].time += 5000;
  expect_right(other_times);
  expect_right({});
  expect_right(taste({5}));
}

TEST_F(SequenceFoldInsTest, StatesAreBounded) {
  const SasrecShape shape = {
      .n_items = 3, .dim = 64, .length = 1000, .blocks = 4, .heads = 1, .hidden = 1};
  const Sasrec large(random_sasrec(shape, 0, 1));
  const VectorSearch search(*large.item_vectors());
  EXPECT_GT(large.state_bytes(), 1'000'000U);
  EXPECT_LE(FoldIns(large, search).state_bytes(), 64U << 20U);
}

}  // namespace
}  // namespace coseno
