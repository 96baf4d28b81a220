// How much the approximate retriever finds, and when it gives way to the exact one; what every
// retriever must do is in retriever_test.cc.
#include "retrieval/hnsw_retriever.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.h"

// Read by thread sanitizer. hnswlib locks rows in whatever order its walk meets them, which only
// one thread does, and millions of such locks are what its search for deadlocks drowns in. Visible,
// so that the sanitizer's library finds it.
extern "C" [[gnu::visibility("default")]] const char*
__tsan_default_options() {  // NOLINT(readability-identifier-naming)
  return "detect_deadlocks=0";
}

namespace coseno {
namespace {

constexpr std::size_t kRows = 4000;
constexpr std::size_t kDim = 16;
constexpr std::size_t kQueries = 50;
constexpr std::size_t kBest = 10;

using List = std::vector<Scored>;

Factors random_rows(std::size_t n_rows, std::uint64_t seed) {
  Factors rows(n_rows, kDim);
  Rng rng(seed);
  for (float& value : rows.values()) value = static_cast<float>(rng.uniform() - 0.5);
  return rows;
}

// Around 40 centres, with lengths from 0.1 to 2: a few rows are in reach of every query's best.
Factors clustered_rows(std::size_t n_rows, std::uint64_t seed) {
  const Factors centres = random_rows(40, 1000);
  Factors rows = random_rows(n_rows, seed);
  Rng rng(seed, 1);
  for (std::size_t r = 0; r < n_rows; ++r) {
    const std::span<const float> centre = centres.row(rng.below(40));
    const auto length = static_cast<float>(0.1 + 1.9 * std::pow(rng.uniform(), 4));
    for (std::size_t k = 0; k < kDim; ++k) {
      rows.row(r)[k] = length * (centre[k] + 0.3F * rows.row(r)[k]);
    }
  }
  return rows;
}

// Walks however many rows are few.
constexpr HnswRetriever::Options kWalk = {.build_width = 100, .width = 100, .walk_share = 1};

HnswRetriever built(const Factors& vectors, const HnswRetriever::Options& options = kWalk) {
  ThreadPool pool(1);
  Progress progress;
  return HnswRetriever::build(vectors.view(), options, pool, progress).value();
}

// Every n-th row.
std::vector<std::uint64_t> every(std::size_t n) {
  std::vector<std::uint64_t> allowed(kRows / 64 + 1);
  for (std::size_t row = 0; row < kRows; row += n)
    allowed[row / 64] |= std::uint64_t{1} << row % 64;
  return allowed;
}

struct Found {
  double recall = 0;    // of the k best
  double n_scored = 0;  // the mean over the queries
};

// What the retriever finds of what the exact one does.
Found found(const HnswRetriever& retriever, const Factors& queries, const RowFilter& filter = {}) {
  HnswRetriever::Scratch scratch;
  ExactRetriever::Scratch exact_scratch;
  Found found;
  double n_best = 0;
  for (std::size_t q = 0; q < queries.n_rows(); ++q) {
    const RetrieverRequest request = {queries.row(q), kBest, filter};
    const std::span<const Scored> exact = retriever.exact().top(request, exact_scratch);
    const std::span<const Scored> best = retriever.top(request, scratch);
    EXPECT_EQ(best.size(), exact.size());
    found.recall += static_cast<double>(std::ranges::count_if(
        exact, [&](const Scored& one) { return std::ranges::find(best, one) != best.end(); }));
    n_best += static_cast<double>(exact.size());
    found.n_scored += static_cast<double>(scratch.n_scored()) / kQueries;
  }
  found.recall /= n_best;
  return found;
}

TEST(HnswRetrieverTest, FindsNearlyAllOfTheBestOfRandomRows) {
  const Factors vectors = random_rows(kRows, 1);
  const auto [recall, n_scored] = found(built(vectors), random_rows(kQueries, 2));
  EXPECT_GT(recall, 0.95);
  EXPECT_LT(n_scored, kRows / 3.0);
}

// The hard case: rows have most of their links within a cluster, and the best come from several.
TEST(HnswRetrieverTest, FindsMostOfTheBestOfClustersOfUnequalLengths) {
  const Factors vectors = clustered_rows(kRows, 1);
  const auto [recall, n_scored] = found(built(vectors), clustered_rows(kQueries, 2));
  EXPECT_GT(recall, 0.9);
  EXPECT_LT(n_scored, kRows / 3.0);
}

TEST(HnswRetrieverTest, AWiderSearchFindsMoreAndLooksAtMore) {
  const Factors vectors = random_rows(kRows, 1);
  const Factors queries = random_rows(kQueries, 2);
  const Found narrow = found(built(vectors, {.width = 10, .walk_share = 1}), queries);
  const Found wide = found(built(vectors, {.width = 200, .walk_share = 1}), queries);
  EXPECT_LT(narrow.recall, wide.recall);
  EXPECT_LT(narrow.n_scored, wide.n_scored);
}

TEST(HnswRetrieverTest, FindsAmongTheRowsThatPassAFilter) {
  const Factors vectors = clustered_rows(kRows, 1);
  const HnswRetriever retriever = built(vectors, {.width = 50, .walk_share = 1});
  const Factors queries = clustered_rows(kQueries, 2);
  for (const std::size_t n : {2, 4}) {
    const std::vector<std::uint64_t> allowed = every(n);
    const auto [recall, n_scored] = found(retriever, queries, {.allowed = allowed});
    EXPECT_GT(recall, 0.95) << n;
    EXPECT_LT(n_scored, kRows) << n;
  }
}

// 40 rows pass, fewer than a search is wide: it comes to no end, and the exact retriever answers.
TEST(HnswRetrieverTest, FewRowsThatPassAreFoundExactly) {
  const Factors vectors = clustered_rows(kRows, 1);
  const Factors queries = clustered_rows(kQueries, 2);
  const std::vector<std::uint64_t> allowed = every(100);
  const HnswRetriever retriever = built(vectors, {.width = 64, .walk_share = 0.5});
  const auto [recall, n_scored] = found(retriever, queries, {.allowed = allowed});
  EXPECT_EQ(recall, 1);
  EXPECT_EQ(n_scored, kRows);
}

TEST(HnswRetrieverTest, AWalkThatWouldTakeLongerThanAScanGivesWayToIt) {
  const Factors vectors = random_rows(kRows, 1);
  const HnswRetriever retriever = built(vectors, {.width = 64, .walk_share = 0.02});
  const auto [recall, n_scored] = found(retriever, random_rows(kQueries, 2));
  EXPECT_EQ(recall, 1);
  EXPECT_EQ(n_scored, kRows);
}

TEST(HnswRetrieverTest, TheSameOptionsGiveTheSameAnswers) {
  const Factors vectors = random_rows(kRows, 1);
  const Factors queries = random_rows(kQueries, 2);
  const HnswRetriever first = built(vectors);
  ThreadPool pool(3);
  Progress progress;
  const HnswRetriever second = HnswRetriever::build(vectors.view(), kWalk, pool, progress).value();
  EXPECT_EQ(first.size_bytes(), second.size_bytes());
  HnswRetriever::Scratch scratches[2];
  for (std::size_t q = 0; q < queries.n_rows(); ++q) {
    EXPECT_TRUE(std::ranges::equal(first.top({queries.row(q)}, scratches[0]),
                                   second.top({queries.row(q)}, scratches[1])));
    EXPECT_EQ(scratches[0].n_scored(), scratches[1].n_scored());
  }
}

// Rows are dealt out to graphs by their number alone, and threads make what one would.
TEST(HnswRetrieverTest, SeveralGraphsFindWhatOneFinds) {
  constexpr HnswRetriever::Options kFour = {
      .build_width = 100, .width = 100, .walk_share = 1, .rows_a_graph = 1001};
  const Factors vectors = clustered_rows(kRows, 1);
  const Factors queries = clustered_rows(kQueries, 2);
  const HnswRetriever one = built(vectors, kFour);
  EXPECT_EQ(one.graphs().size(), 4U);
  const auto [recall, n_scored] = found(one, queries);
  EXPECT_GT(recall, 0.95);
  EXPECT_LT(n_scored, kRows);
  ThreadPool pool(3);
  Progress progress;
  const HnswRetriever other = HnswRetriever::build(vectors.view(), kFour, pool, progress).value();
  HnswRetriever::Scratch scratches[2];
  for (std::size_t q = 0; q < queries.n_rows(); ++q) {
    EXPECT_TRUE(std::ranges::equal(one.top({queries.row(q)}, scratches[0]),
                                   other.top({queries.row(q)}, scratches[1])));
  }
}

TEST(HnswRetrieverTest, IsAssembledFromSoundGraphsAlone) {
  constexpr HnswRetriever::Options kTwo = {.walk_share = 1, .rows_a_graph = 2500};
  const Factors vectors = random_rows(kRows, 1);
  const HnswRetriever retriever = built(vectors, kTwo);
  const Factors queries = random_rows(1, 2);
  const auto assembled = [&](const auto& change) {
    std::vector<HnswRetriever::Graph> graphs = retriever.graphs();
    change(graphs);
    return HnswRetriever::assemble(vectors.view(), kTwo, std::move(graphs));
  };
  const auto same = assembled([](auto&) {});
  ASSERT_TRUE(same.has_value());
  HnswRetriever::Scratch scratches[2];
  EXPECT_TRUE(std::ranges::equal(retriever.top({queries.row(0)}, scratches[0]),
                                 same->top({queries.row(0)}, scratches[1])));
  const auto trouble = [&](const auto& change) {
    const auto result = assembled(change);
    return result ? "" : result.error().message;
  };
  const std::string_view none = "hnsw: graph 1 is none of these vectors";
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].entry_row = 0; }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].entry_row = kRows + 1; }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].layers.clear(); }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].layers[0].links[7] = kRows / 2; }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].layers[0].begin.pop_back(); }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].layers[0].begin[1] = 1 << 30; }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs[1].layers[1].rows[0] = 2; }), none);
  EXPECT_EQ(trouble([](auto& graphs) { graphs.pop_back(); }),
            "hnsw: graph 0 is none of these vectors");
}

// Rows are marked as seen by a number of 16 bits, which begins anew after 65535 searches.
TEST(HnswRetrieverTest, AScratchServesManySearchesOfRetrieversOfAnySize) {
  const Factors few = random_rows(100, 1);
  const Factors many = random_rows(kRows, 2);
  const Factors queries = random_rows(1, 3);
  const HnswRetriever small = built(few, {.width = 1, .walk_share = 1});
  const HnswRetriever large = built(many);
  HnswRetriever::Scratch scratch;
  const std::span<const Scored> first = large.top({queries.row(0)}, scratch);
  const List expected(first.begin(), first.end());
  for (int i = 0; i < 65534; ++i) small.top({queries.row(0), 1}, scratch);
  EXPECT_TRUE(std::ranges::equal(large.top({queries.row(0)}, scratch), expected));
}

TEST(HnswRetrieverTest, CancellingEndsTheBuild) {
  class Cancelled : public Progress {
   public:
    bool cancelled() const override { return true; }
  };
  const Factors vectors = random_rows(kRows, 1);
  ThreadPool pool(1);
  Cancelled progress;
  const auto retriever = HnswRetriever::build(vectors.view(), kWalk, pool, progress);
  ASSERT_FALSE(retriever.has_value());
  EXPECT_EQ(retriever.error().code, ErrorCode::cancelled);
}

TEST(HnswRetrieverTest, OptionsOutOfRangeAreRefusedByName) {
  const Factors vectors = random_rows(10, 1);
  ThreadPool pool(1);
  Progress progress;
  const auto message = [&](const HnswRetriever::Options& options) {
    const auto retriever = HnswRetriever::build(vectors.view(), options, pool, progress);
    return retriever ? "" : retriever.error().message;
  };
  EXPECT_EQ(message({.links = 1}), "hnsw: links must be in [2, 128], not 1");
  EXPECT_EQ(message({.build_width = 8}), "hnsw: build_width must be in [16, 10000], not 8");
  EXPECT_EQ(message({.width = 0}), "hnsw: width must be in [1, 100000], not 0");
  EXPECT_EQ(message({.walk_share = 1.5}), "hnsw: walk_share must be in [0, 1], not 1.5");
}

TEST(HnswRetrieverDeathTest, RefusesMisuse) {
  const Factors vectors = random_rows(100, 1);
  const HnswRetriever retriever = built(vectors);
  HnswRetriever::Scratch scratch;
  const std::vector<float> query(kDim + 1, 1.0F);
  EXPECT_DEATH(retriever.top({query}, scratch), "dim");
  const std::vector<std::uint32_t> excluded = {1, 0};
  EXPECT_DEATH(retriever.top({std::span(query).first(kDim), 1, {.excluded = excluded}}, scratch),
               "is_sorted");
}

}  // namespace
}  // namespace coseno
