// What every retriever must do. A new one is one line in the list.
#include "retrieval/retriever.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "math/kernels.h"
#include "retrieval/exact_retriever.h"
#include "retrieval/hnsw_retriever.h"

namespace coseno {
namespace {

using List = std::vector<Scored>;

// An approximate retriever that answers by its walk wherever that is possible, and is wide enough
// to find all of what is so few.
class WideHnsw {
 public:
  using Scratch = HnswRetriever::Scratch;

  explicit WideHnsw(MatrixView vectors) : retriever_(built(vectors)) {}
  std::span<const Scored> top(const RetrieverRequest& request, Scratch& scratch) const {
    return retriever_.top(request, scratch);
  }

 private:
  static HnswRetriever built(MatrixView vectors) {
    ThreadPool pool(1);
    Progress progress;
    return HnswRetriever::build(vectors, {.width = 100, .walk_share = 1}, pool, progress).value();
  }

  HnswRetriever retriever_;
};

// The exact retriever as it searches many rows.
class ExactByCodes {
 public:
  using Scratch = ExactRetriever::Scratch;

  explicit ExactByCodes(MatrixView vectors) : retriever_(vectors) {}
  std::span<const Scored> top(const RetrieverRequest& request, Scratch& scratch) const {
    return retriever_.top_by_codes(request, scratch);
  }

 private:
  ExactRetriever retriever_;
};

using Retrievers = testing::Types<ExactRetriever, ExactByCodes, WideHnsw>;

template <class Retriever>
class RetrieverTest : public testing::Test {
 protected:
  List top(const Factors& vectors, const RetrieverRequest& request) {
    const Retriever retriever(vectors.view());
    const std::span<const Scored> best = retriever.top(request, scratch_);
    return {best.begin(), best.end()};
  }

  typename Retriever::Scratch scratch_;
};
TYPED_TEST_SUITE(RetrieverTest, Retrievers);

// Rows (0), (1), ..., of which the last has the largest product with (1).
Factors ascending(std::size_t n_rows) {
  Factors vectors(n_rows, 1);
  for (std::size_t row = 0; row < n_rows; ++row) vectors.row(row)[0] = static_cast<float>(row);
  return vectors;
}

Factors random_factors(std::size_t n_rows, std::size_t dim, std::uint64_t seed) {
  Factors factors(n_rows, dim);
  Rng rng(seed);
  for (float& value : factors.values()) value = static_cast<float>(rng.uniform() - 0.5);
  return factors;
}

const std::vector<float> kOne = {1};

TYPED_TEST(RetrieverTest, BestFirst) {
  EXPECT_EQ(this->top(ascending(100), {kOne, 3}), (List{{99, 99}, {98, 98}, {97, 97}}));
}

TYPED_TEST(RetrieverTest, TiesByLowerIndex) {
  Factors vectors(100, 1);
  for (float& value : vectors.values()) value = 2;
  vectors.row(50)[0] = 3;
  EXPECT_EQ(this->top(vectors, {kOne, 3}), (List{{50, 3}, {0, 2}, {1, 2}}));
}

TYPED_TEST(RetrieverTest, NegativeScoresAreScores) {
  const std::vector<float> minus_one = {-1};
  EXPECT_EQ(this->top(ascending(100), {minus_one, 2}), (List{{0, 0}, {1, -1}}));
}

TYPED_TEST(RetrieverTest, AZeroVectorGivesTheFirstRows) {
  const std::vector<float> zero = {0};
  EXPECT_EQ(this->top(ascending(100), {zero, 2}), (List{{0, 0}, {1, 0}}));
}

TYPED_TEST(RetrieverTest, EdgesOfK) {
  EXPECT_TRUE(this->top(ascending(3), {kOne, 0}).empty());
  EXPECT_TRUE(this->top(Factors(0, 1), {kOne, 5}).empty());
  EXPECT_EQ(this->top(ascending(3), {kOne, 9}), (List{{2, 2}, {1, 1}, {0, 0}}));
  EXPECT_EQ(this->top(ascending(3), {kOne, static_cast<std::size_t>(-1)}).size(), 3U);
}

TYPED_TEST(RetrieverTest, ExcludedRowsAreLeftOut) {
  const std::vector<std::uint32_t> excluded = {7, 98, 98, 99, 100, 4000000000};
  EXPECT_EQ(this->top(ascending(100), {kOne, 2, {.excluded = excluded}}),
            (List{{97, 97}, {96, 96}}));
}

TYPED_TEST(RetrieverTest, AllExcludedGivesNothing) {
  const std::vector<std::uint32_t> excluded = {0, 1, 2};
  EXPECT_TRUE(this->top(ascending(3), {kOne, 2, {.excluded = excluded}}).empty());
}

// Half of the rows are excluded, so a search that over-fetches by any fixed number runs short.
TYPED_TEST(RetrieverTest, KRowsComeWheneverKRowsMatch) {
  std::vector<std::uint32_t> excluded(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) excluded[i] = 1000 + i;
  EXPECT_EQ(this->top(ascending(2000), {kOne, 2, {.excluded = excluded}}),
            (List{{999, 999}, {998, 998}}));
}

TYPED_TEST(RetrieverTest, OnlyAllowedRowsComeIn) {
  // Rows 3 and 64, of which 64 is the first of the second word.
  const std::vector<std::uint64_t> allowed = {std::uint64_t{1} << 3, 1};
  EXPECT_EQ(this->top(ascending(100), {kOne, 5, {.allowed = allowed}}), (List{{64, 64}, {3, 3}}));
  const std::vector<std::uint32_t> excluded = {64};
  EXPECT_EQ(this->top(ascending(100), {kOne, 5, {.excluded = excluded, .allowed = allowed}}),
            (List{{3, 3}}));
}

// The scores are those of dot(), bit by bit, whatever way the rows were found.
TYPED_TEST(RetrieverTest, ScoresAreInnerProducts) {
  const Factors vectors = random_factors(300, 50, 1);
  const Factors queries = random_factors(1, 50, 2);
  const List best = this->top(vectors, {queries.row(0), 10});
  ASSERT_EQ(best.size(), 10U);
  for (const Scored& scored : best) {
    EXPECT_EQ(scored.score, dot(queries.row(0), vectors.row(scored.index)));
  }
}

TYPED_TEST(RetrieverTest, AUsedScratchChangesNothingAndIsNotAllocatedAnew) {
  const Factors vectors = random_factors(300, 20, 1);
  const Factors queries = random_factors(2, 20, 2);
  const TypeParam retriever(vectors.view());
  typename TypeParam::Scratch fresh;
  typename TypeParam::Scratch used;
  const Scored* const place = retriever.top({queries.row(1), 10}, used).data();
  const std::span<const Scored> expected = retriever.top({queries.row(0), 5}, fresh);
  const std::span<const Scored> actual = retriever.top({queries.row(0), 5}, used);
  EXPECT_TRUE(std::ranges::equal(actual, expected));
  EXPECT_EQ(actual.data(), place);
}

TYPED_TEST(RetrieverTest, ThreadsWithAScratchEachGetTheSame) {
  const Factors vectors = random_factors(2000, 20, 1);
  const Factors queries = random_factors(1, 20, 2);
  const TypeParam retriever(vectors.view());
  List lists[2];
  {
    std::vector<std::jthread> threads;
    for (List& list : lists) {
      threads.emplace_back([&] {
        typename TypeParam::Scratch scratch;
        for (int i = 0; i < 20; ++i) {
          const auto best = retriever.top({queries.row(0), 10}, scratch);
          list.assign(best.begin(), best.end());
        }
      });
    }
  }
  EXPECT_EQ(lists[0].size(), 10U);
  EXPECT_EQ(lists[0], lists[1]);
}

}  // namespace
}  // namespace coseno
