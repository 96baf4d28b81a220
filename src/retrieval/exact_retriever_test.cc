// The exact retriever against scoring everything; what every retriever must do is in
// retriever_test.cc.
#include "retrieval/exact_retriever.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "base/rng.h"
#include "math/kernels.h"

namespace coseno {
namespace {

using List = std::vector<Scored>;

void expect_exact(const Factors& vectors, std::span<const float> query, std::size_t k) {
  std::vector<float> scores(vectors.n_rows());
  multiply(vectors.view(), query, scores);
  ExactRetriever::Scratch scratch;
  const ExactRetriever retriever(vectors.view());
  const List expected = top_k(scores, k);
  const auto best = retriever.top({query, k}, scratch);
  EXPECT_EQ(List(best.begin(), best.end()), expected);
  const auto by_codes = retriever.top_by_codes({query, k}, scratch);
  EXPECT_EQ(List(by_codes.begin(), by_codes.end()), expected);
}

using Draw = std::function<float(Rng& rng, std::size_t column)>;

Factors drawn(std::size_t n_rows, std::size_t dim, std::uint64_t seed, const Draw& draw) {
  Factors factors(n_rows, dim);
  for (std::size_t row = 0; row < n_rows; ++row) {
    Rng rng(seed, row);
    for (std::size_t column = 0; column < dim; ++column) {
      factors.row(row)[column] = draw(rng, column);
    }
  }
  return factors;
}

float uniform(Rng& rng, std::size_t) { return static_cast<float>(rng.uniform() - 0.5); }

// Most of the length is in the first columns, as of fitted factors turned to their main axes.
float decaying(Rng& rng, std::size_t column) {
  return uniform(rng, column) / static_cast<float>(column + 1);
}

// Rows of very different lengths, and many small whole numbers, so that scores are often equal.
float coarse(Rng& rng, std::size_t) { return static_cast<float>(rng.below(3)) - 1; }

TEST(ExactRetrieverTest, EqualsScoringEverything) {
  for (const Draw& draw : {Draw(uniform), Draw(decaying), Draw(coarse)}) {
    for (const std::size_t n_rows : {1, 16, 63, 65, 1100, 5000, 20000}) {
      const std::size_t dim = n_rows % 40 + 3;
      const Factors vectors = drawn(n_rows, dim, 1, draw);
      const Factors queries = drawn(5, dim, 2, draw);
      for (std::size_t i = 0; i < queries.n_rows(); ++i) {
        expect_exact(vectors, queries.row(i), 1);
        expect_exact(vectors, queries.row(i), 10);
        expect_exact(vectors, queries.row(i), 700);
      }
    }
  }
}

// Rows that differ less than 8 bits can tell: float32 alone decides.
TEST(ExactRetrieverTest, TellsApartWhatCodesCannot) {
  Factors vectors = drawn(3000, 32, 1, [](Rng& rng, std::size_t) {
    return 1 + 1e-5F * static_cast<float>(rng.uniform());
  });
  const std::vector<float> ones(32, 1.0F);
  expect_exact(vectors, ones, 10);
}

// Worst for a threshold that rises: the best come last.
TEST(ExactRetrieverTest, EqualsScoringEverythingWhenTheBestComeLast) {
  Factors vectors = drawn(5000, 16, 1, uniform);
  for (std::size_t row = 0; row < vectors.n_rows(); ++row) {
    for (float& value : vectors.row(row)) value *= static_cast<float>(row);
  }
  expect_exact(vectors, drawn(1, 16, 2, uniform).row(0), 10);
}

TEST(ExactRetrieverTest, EqualsScoringEverythingUnderASelectiveFilter) {
  const Factors vectors = drawn(5000, 16, 1, uniform);
  const Factors queries = drawn(1, 16, 2, uniform);
  std::vector<std::uint64_t> allowed(5000 / 64 + 1);
  std::vector<float> scores(5000, kNeverScore);
  for (std::size_t row = 5; row < 5000; row += 97) {
    allowed[row / 64] |= std::uint64_t{1} << (row % 64);
    scores[row] = dot(queries.row(0), vectors.row(row));
  }
  ExactRetriever::Scratch scratch;
  const ExactRetriever retriever(vectors.view());
  const RetrieverRequest request = {queries.row(0), 100, {.allowed = allowed}};
  const auto best = retriever.top(request, scratch);
  EXPECT_EQ(List(best.begin(), best.end()), top_k(scores, 100));
  const auto by_codes = retriever.top_by_codes(request, scratch);
  EXPECT_EQ(List(by_codes.begin(), by_codes.end()), top_k(scores, 100));
}

TEST(ExactRetrieverTest, ManyAtOnceGetWhatEachGetsAlone) {
  for (const std::size_t n_rows : {100, 20000}) {  // multiplied, and by codes
    const Factors vectors = drawn(n_rows, 24, 1, decaying);
    const Factors queries = drawn(7, 24, 2, decaying);
    const ExactRetriever retriever(vectors.view());
    const std::vector<std::uint32_t> excluded = {0, 3, 17, 99};
    const std::vector<std::uint64_t> allowed(n_rows / 64 + 1, 0xF0F0F0F0F0F0F0F0);
    std::vector<RetrieverRequest> requests;
    for (std::size_t i = 0; i < queries.n_rows(); ++i) {
      requests.push_back({.vector = queries.row(i), .k = 5 * i});
      if (i % 2 == 1) requests.back().filter.excluded = excluded;
      if (i % 3 == 1) requests.back().filter.allowed = allowed;
    }
    std::vector<ExactRetriever::Scratch> scratches(requests.size());
    std::vector<std::span<const Scored>> found(requests.size());
    for (int round = 0; round < 2; ++round) {
      retriever.top_many(requests, scratches, found);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        ExactRetriever::Scratch scratch;
        const auto alone = retriever.top(requests[i], scratch);
        EXPECT_EQ(List(found[i].begin(), found[i].end()), List(alone.begin(), alone.end())) << i;
      }
    }
    retriever.top_many({}, {}, {});
  }
}

TEST(ExactRetrieverDeathTest, RefusesMisuse) {
  Factors vectors(2, 2);
  vectors.row(0)[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_DEATH(ExactRetriever(vectors.view()), "isfinite");
  vectors.row(0)[0] = 1;
  const ExactRetriever retriever(vectors.view());
  ExactRetriever::Scratch scratch;
  const std::vector<float> query = {1, 2, 3};
  EXPECT_DEATH(retriever.top({query}, scratch), "dim");
  const std::vector<std::uint32_t> excluded = {1, 0};
  EXPECT_DEATH(retriever.top({std::span(query).first(2), 1, {.excluded = excluded}}, scratch),
               "is_sorted");
}

}  // namespace
}  // namespace coseno
