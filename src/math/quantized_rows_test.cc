#include "math/quantized_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "math/kernels.h"

namespace coseno {
namespace {

constexpr float kNoScore = -std::numeric_limits<float>::infinity();

Factors random_factors(std::size_t n_rows, std::size_t dim, std::uint64_t seed) {
  Factors factors(n_rows, dim);
  Rng rng(seed);
  for (float& value : factors.values()) value = static_cast<float>(rng.uniform() - 0.5);
  return factors;
}

std::vector<RowHit> all_rows(const QuantizedRows& rows, const QuantizedRows::Query& query) {
  std::vector<RowHit> hits(rows.n_blocks() * kBlockRows);
  hits.resize(rows.rows_above(query, kNoScore, 0, rows.n_blocks(), hits));
  return hits;
}

// No bound below a score: just under the score as threshold, every row is found by 4 bits, and its
// bound by 8 bits holds too.
void expect_bounds(const Factors& factors, std::span<const float> vector) {
  const QuantizedRows rows(factors.view());
  QuantizedRows::Query query;
  rows.quantize(vector, query);
  const std::vector<RowHit> hits = all_rows(rows, query);
  ASSERT_EQ(hits.size(), factors.n_rows());
  for (const RowHit& hit : hits) {
    const float score = dot(vector, factors.row(hit.row));
    ASSERT_GE(rows.bound(query, hit), score);
    const float below = std::nextafter(score, kNoScore);
    std::vector<RowHit> found(kBlockRows);
    const std::size_t block = hit.row / kBlockRows;
    found.resize(rows.rows_above(query, below, block, block + 1, found));
    ASSERT_EQ(std::ranges::count(found, hit.row, &RowHit::row), 1) << "row " << hit.row;
  }
}

// Every hit and its bound, in order.
std::vector<std::pair<std::uint32_t, double>> bounds(const QuantizedRows& rows,
                                                     std::span<const float> vector) {
  QuantizedRows::Query query;
  rows.quantize(vector, query);
  std::vector<std::pair<std::uint32_t, double>> bounds;
  for (const RowHit& hit : all_rows(rows, query)) {
    bounds.emplace_back(hit.row, rows.bound(query, hit));
  }
  return bounds;
}

TEST(QuantizedRowsTest, AnyNumberOfThreadsGivesTheSameBounds) {
  const Factors factors = random_factors(5000, 20, 1);
  const Factors queries = random_factors(1, 20, 2);
  const auto alone = bounds(QuantizedRows(factors.view()), queries.row(0));
  ThreadPool pool(3);
  EXPECT_EQ(bounds(QuantizedRows(factors.view(), &pool), queries.row(0)), alone);
}

TEST(QuantizedRowsTest, BoundsHoldAtEverySize) {
  for (const std::size_t dim : {1, 2, 7, 8, 15, 16, 17, 50, 128, 200}) {
    for (const std::size_t n_rows : {1, 15, 16, 17, 100}) {
      SCOPED_TRACE(std::to_string(n_rows) + " x " + std::to_string(dim));
      const Factors queries = random_factors(2, dim, 2);
      const Factors factors = random_factors(n_rows, dim, 1);
      expect_bounds(factors, queries.row(0));
      expect_bounds(factors, queries.row(1));
    }
  }
}

// What is exact in 8 bits leaves nothing for the bound to add but what float32 rounds.
TEST(QuantizedRowsTest, BoundIsCloseWhereCodesAreExact) {
  Factors factors(1, 4);
  const std::vector<float> row = {127, -3, 0, 64};
  std::ranges::copy(row, factors.row(0).begin());
  const QuantizedRows rows(factors.view());
  QuantizedRows::Query query;
  rows.quantize(std::vector<float>{2, 0, -127, 1}, query);
  const std::vector<RowHit> hits = all_rows(rows, query);
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_NEAR(rows.bound(query, hits[0]), 2 * 127 + 64, 0.2);
}

TEST(QuantizedRowsTest, BoundsHoldForHardNumbers) {
  Factors factors = random_factors(64, 24, 1);
  for (float& value : factors.row(1)) value = 0;        // no scale
  for (float& value : factors.row(2)) value = 1;        // the longest row of its scale
  factors.row(3)[5] = 1e6F;                             // all the rest rounds to 0
  for (float& value : factors.row(4)) value *= 1e-30F;  // small
  for (float& value : factors.row(5)) value *= 1e15F;   // large
  for (float& value : factors.row(6)) value = std::copysign(1.0F, value);
  const Factors queries = random_factors(1, 24, 2);
  std::vector<float> one_number(24);
  one_number[7] = -3;
  expect_bounds(factors, queries.row(0));
  expect_bounds(factors, one_number);
  expect_bounds(factors, factors.row(3));
  expect_bounds(factors, factors.row(6));
  expect_bounds(factors, std::vector<float>(24));
}

// A subnormal row: its scale must not become zero.
TEST(QuantizedRowsTest, SubnormalRowsAreNotLost) {
  Factors factors(1, 2);
  factors.row(0)[0] = std::numeric_limits<float>::denorm_min();
  expect_bounds(factors, std::vector<float>{1e30F, 0});
}

TEST(QuantizedRowsTest, NoRowsAndNoNumbers) {
  EXPECT_EQ(QuantizedRows(Factors(0, 8).view()).n_blocks(), 0U);
  expect_bounds(Factors(20, 0), {});
}

TEST(QuantizedRowsTest, TellsItsMemory) {
  // 16 rows of 32 numbers in a byte each, and 16 scales. A 17th row fills a block of the high
  // plane.
  EXPECT_EQ(QuantizedRows(Factors(16, 32).view()).size_bytes(), 16U * 32 + 16 * 4);
  EXPECT_EQ(QuantizedRows(Factors(17, 3).view()).size_bytes(), 32U * 16 + 17 * 16 + 32 * 4);
}

}  // namespace
}  // namespace coseno
