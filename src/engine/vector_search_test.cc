#include "engine/vector_search.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "math/kernels.h"
#include "models/blend_weights.h"

namespace coseno {
namespace {

std::vector<float> random_floats(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(rng.uniform() - 0.4);
  return values;
}

// What it stands in for: every score, standardised, with the rest added.
std::vector<float> all_scores(MatrixView vectors, std::span<const float> u, float weight,
                              std::span<const float> rest) {
  std::vector<float> scores(rest.begin(), rest.end());
  std::vector<float> products(vectors.n_rows);
  multiply(vectors, u, products);
  standardise(products);
  for (std::size_t i = 0; i < products.size(); ++i) scores[i] += weight * products[i];
  return scores;
}

// Voices that add much, little or nothing; filters that let most, few or none pass; items that the
// model does not know.
TEST(VectorSearchTest, FindsWhatScoringEverythingFinds) {
  constexpr std::size_t kRows = 700;
  constexpr std::size_t kItems = 741;
  constexpr std::size_t kDim = 24;
  const std::vector<float> values = random_floats(kRows * kDim, 1);
  const MatrixView vectors{values.data(), kRows, kDim};
  const VectorSearch search(vectors);
  VectorSearch::Scratch scratch;
  for (std::uint64_t round = 0; round < 60; ++round) {
    Rng rng(7, round);
    const std::vector<float> u = random_floats(kDim, 100 + round);
    std::vector<float> rest(kItems);
    const double share_with_rest = round % 3 == 0 ? 1 : 0.05;
    for (float& one : rest) {
      if (rng.uniform() < share_with_rest) one = static_cast<float>(4 * rng.uniform() - 1);
    }
    std::vector<std::uint64_t> allowed((kItems + 63) / 64);
    const double share = round % 4 == 0 ? 0.01 : 0.8;
    for (std::size_t i = 0; i < kItems; ++i) {
      if (rng.uniform() < share) allowed[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    std::vector<float> expected = all_scores(vectors, u, 0.7F, rest);
    for (std::size_t i = 0; i < kItems; ++i) {
      if ((allowed[i / 64] >> (i % 64) & 1) == 0) expected[i] = kNeverScore;
    }
    for (const std::size_t n : {1, 10, 200}) {
      const std::vector<Scored> best = top_k(expected, n);
      const std::span<const Scored> found = search.top(
          {.vector = u, .weight = 0.7F, .rest = rest, .allowed = allowed, .n = n}, scratch);
      ASSERT_EQ(found.size(), best.size());
      for (std::size_t i = 0; i < best.size(); ++i) {
        EXPECT_NEAR(found[i].score, best[i].score, 1e-4) << round << ' ' << n << ' ' << i;
        EXPECT_NEAR(expected[found[i].index], found[i].score, 1e-4);
      }
    }
  }
}

// All products alike say nothing, as in standardise().
TEST(VectorSearchTest, EqualProductsLeaveTheRest) {
  const std::vector<float> values(20, 0.5F);
  const VectorSearch search(MatrixView{values.data(), 10, 2});
  VectorSearch::Scratch scratch;
  const std::vector<float> u = {1, 2};
  std::vector<float> rest(10);
  rest[4] = 1;
  const std::vector<std::uint64_t> allowed = {0x3FF};
  const auto found =
      search.top({.vector = u, .weight = 1, .rest = rest, .allowed = allowed, .n = 2}, scratch);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Scored{4, 1}));
  EXPECT_NEAR(found[1].score, 0, 1e-5);
}

}  // namespace
}  // namespace coseno
