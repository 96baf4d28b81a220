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

// What it stands in for: every score, standardised, with what is live added.
std::vector<float> all_scores(MatrixView vectors, std::span<const float> u, float weight,
                              const LiveScores& live) {
  std::vector<float> scores(live.n_items());
  std::vector<float> products(vectors.n_rows);
  multiply(vectors, u, products);
  standardise(products);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = live.at(i) + (i < products.size() ? weight * products[i] : 0);
  }
  return scores;
}

std::vector<std::uint64_t> random_bits(std::size_t n, double share, Rng& rng) {
  std::vector<std::uint64_t> bits((n + 63) / 64);
  for (std::size_t i = 0; i < n; ++i) {
    if (rng.uniform() < share) bits[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return bits;
}

// What is live adds much, little or nothing; filters let most, few or none pass; items that the
// model does not know.
TEST(VectorSearchTest, FindsWhatScoringEverythingFinds) {
  constexpr std::size_t kRows = 700;
  constexpr std::size_t kItems = 741;
  constexpr std::size_t kDim = 24;
  const std::vector<float> values = random_floats(kRows * kDim, 1);
  const MatrixView vectors{values.data(), kRows, kDim};
  const VectorSearch search(vectors);
  SearchScratch scratch;
  LiveScores::Scratch live_scratch;
  for (std::uint64_t round = 0; round < 60; ++round) {
    Rng rng(7, round);
    const std::vector<float> u = random_floats(kDim, 100 + round);
    Trending trending(7);
    trending.grow(kItems + round % 2);
    for (std::uint64_t act = 0; act < 50 * (round % 5); ++act) {
      trending.add(static_cast<ItemIndex>(rng.below(kItems)), 1 + 9 * rng.uniform(), 0);
    }
    LiveScores live(trending, kItems, live_scratch);
    live.add_base(-0.1);
    live.add_trending(0.3 * static_cast<double>(round % 3));
    const double share_touched = round % 3 == 0 ? 1 : 0.05;
    for (std::size_t i = 0; i < kItems; ++i) {
      if (rng.uniform() < share_touched) live.add(i, static_cast<float>(4 * rng.uniform() - 1));
    }
    if (round % 4 > 1) live.add_boost(random_bits(kItems, 0.1, rng), 0.8F);
    if (round % 4 > 2) live.add_boost(random_bits(kItems, 0.5, rng), -2);
    const std::vector<std::uint64_t> allowed =
        random_bits(kItems, round % 4 == 0 ? 0.01 : 0.8, rng);
    const auto expect_best = [&](std::vector<float> expected, std::size_t n,
                                 std::span<const Scored> found) {
      for (std::size_t i = 0; i < kItems; ++i) {
        if ((allowed[i / 64] >> (i % 64) & 1) == 0) expected[i] = kNeverScore;
      }
      const std::vector<Scored> best = top_k(expected, n);
      ASSERT_EQ(found.size(), best.size()) << round << ' ' << n;
      for (std::size_t i = 0; i < best.size(); ++i) {
        EXPECT_NEAR(found[i].score, best[i].score, 1e-4) << round << ' ' << n << ' ' << i;
        EXPECT_NEAR(expected[found[i].index], found[i].score, 1e-4);
      }
    };
    for (const std::size_t n : {1, 10, 200}) {
      expect_best(all_scores(vectors, u, 0.7F, live), n,
                  search.top(search.query(u), 0.7F, live, {allowed, n}, scratch));
      expect_best(all_scores({}, u, 0, live), n, best_of(live, {allowed, n}, scratch));
    }
  }
}

// All products alike say nothing, as in standardise().
TEST(VectorSearchTest, EqualProductsLeaveWhatIsLive) {
  const std::vector<float> values(20, 0.5F);
  const VectorSearch search(MatrixView{values.data(), 10, 2});
  SearchScratch scratch;
  LiveScores::Scratch live_scratch;
  Trending trending(7);
  trending.grow(10);
  LiveScores live(trending, 10, live_scratch);
  live.add(4, 1);
  const std::vector<std::uint64_t> allowed = {0x3FF};
  const auto found = search.top(search.query({1, 2}), 1, live, {allowed, 2}, scratch);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], (Scored{4, 1}));
  EXPECT_NEAR(found[1].score, 0, 1e-5);
}

// Where it costs nothing to look at little: of 20,000 items a few stand out.
TEST(LiveScoresTest, LooksAtWhatStandsOutAlone) {
  constexpr std::size_t kItems = 20'000;
  Trending trending(7);
  trending.grow(kItems);
  for (std::uint32_t i = 0; i < kItems; ++i) trending.add(ItemIndex{i}, 1, 0);
  for (const std::uint32_t i : {3U, 700U, 19'999U}) trending.add(ItemIndex{i}, 50, 0);
  LiveScores::Scratch scratch;
  LiveScores live(trending, kItems, scratch);
  live.add_trending(1);
  live.add(42, 5);
  std::vector<std::uint32_t> visited;
  live.for_each_above([] { return 2.0F; }, [&](std::uint32_t item) { visited.push_back(item); });
  EXPECT_EQ(visited, (std::vector<std::uint32_t>{42, 3, 700, 19'999}));
}

// A request of a thread leaves nothing for its next one, be that of another engine.
TEST(LiveScoresTest, AScratchForgets) {
  Trending trending(7);
  trending.grow(10);
  LiveScores::Scratch scratch;
  {
    LiveScores live(trending, 10, scratch);
    live.add(4, 1);
    EXPECT_EQ(live.at(4), 1);
  }
  const LiveScores live(trending, 5, scratch);
  EXPECT_EQ(live.at(4), 0);
  EXPECT_TRUE(live.touched().empty());
}

}  // namespace
}  // namespace coseno
