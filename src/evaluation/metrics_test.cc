#include "evaluation/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coseno {
namespace {

constexpr ItemIndex kTea{0};
constexpr ItemIndex kJam{1};
constexpr ItemIndex kHam{2};
constexpr ItemIndex kRye{3};
constexpr ItemIndex kFig{4};

using Items = std::vector<ItemIndex>;

// The list is hit, miss, hit, miss, of three relevant items:
//   rank      1    2    3    4
//   item     jam  tea  fig  ham        relevant: jam, rye, fig
//   hit       1    0    1    0
class ThreeRelevantTest : public testing::Test {
 protected:
  const Items list_ = {kJam, kTea, kFig, kHam};
  const Items relevant_ = {kJam, kRye, kFig};
  const ListMetrics at_four_ = list_metrics(list_, relevant_, 4);
};

TEST_F(ThreeRelevantTest, PrecisionIsHitsOfK) { EXPECT_DOUBLE_EQ(at_four_.precision, 2.0 / 4); }

TEST_F(ThreeRelevantTest, RecallIsHitsOfRelevant) { EXPECT_DOUBLE_EQ(at_four_.recall, 2.0 / 3); }

// With k = 2 one of three is hit; a list of two cannot hold more than two.
TEST_F(ThreeRelevantTest, RecallsDifferOnlyWhereKIsSmallerThanRelevant) {
  EXPECT_DOUBLE_EQ(at_four_.recall_min, 2.0 / 3);
  const ListMetrics at_two = list_metrics(list_, relevant_, 2);
  EXPECT_DOUBLE_EQ(at_two.recall, 1.0 / 3);
  EXPECT_DOUBLE_EQ(at_two.recall_min, 1.0 / 2);
}

// DCG = 1/log2(2) + 1/log2(4) = 1 + 0.5. Ideal: hits at 1, 2, 3 = 1 + 1/log2(3) + 0.5.
TEST_F(ThreeRelevantTest, NdcgDiscountsByLogOfRank) {
  EXPECT_DOUBLE_EQ(at_four_.ndcg, 1.5 / (1.5 + 1 / std::log2(3.0)));
}

// At k = 2 only the first rank hits, and the ideal list has two hits, not three.
TEST_F(ThreeRelevantTest, NdcgIdealHasAtMostKHits) {
  EXPECT_DOUBLE_EQ(list_metrics(list_, relevant_, 2).ndcg, 1 / (1 + 1 / std::log2(3.0)));
}

TEST_F(ThreeRelevantTest, MrrIsOneOverFirstHit) {
  EXPECT_DOUBLE_EQ(at_four_.mrr, 1);
  EXPECT_DOUBLE_EQ(list_metrics(Items{kTea, kHam, kRye}, relevant_, 4).mrr, 1.0 / 3);
}

// Precision at the hits: 1/1 at rank 1, 2/3 at rank 3; over min(4, 3) relevant.
TEST_F(ThreeRelevantTest, MapIsMeanPrecisionAtHits) {
  EXPECT_DOUBLE_EQ(at_four_.map, (1.0 + 2.0 / 3) / 3);
}

// At k = 2: precision 1/1 at rank 1, over min(2, 3) relevant.
TEST_F(ThreeRelevantTest, MapIsOverAtMostK) {
  EXPECT_DOUBLE_EQ(list_metrics(list_, relevant_, 2).map, 1.0 / 2);
}

TEST_F(ThreeRelevantTest, HitRateIsOneForAnyNumberOfHits) { EXPECT_EQ(at_four_.hit_rate, 1); }

TEST_F(ThreeRelevantTest, ItemsPastKDoNotCount) {
  EXPECT_EQ(list_metrics(list_, Items{kFig}, 2).hit_rate, 0);
}

TEST(ListMetricsTest, PerfectListHasOneEverywhere) {
  const ListMetrics metrics = list_metrics(Items{kRye, kJam}, Items{kJam, kRye}, 2);
  EXPECT_DOUBLE_EQ(metrics.precision, 1);
  EXPECT_DOUBLE_EQ(metrics.recall, 1);
  EXPECT_DOUBLE_EQ(metrics.recall_min, 1);
  EXPECT_DOUBLE_EQ(metrics.ndcg, 1);
  EXPECT_DOUBLE_EQ(metrics.mrr, 1);
  EXPECT_DOUBLE_EQ(metrics.map, 1);
  EXPECT_DOUBLE_EQ(metrics.hit_rate, 1);
}

TEST(ListMetricsTest, NoHitIsZeroEverywhere) {
  for (const Items& list : {Items{kTea, kHam}, Items{}}) {
    const ListMetrics metrics = list_metrics(list, Items{kJam}, 2);
    EXPECT_EQ(metrics.precision, 0);
    EXPECT_EQ(metrics.recall, 0);
    EXPECT_EQ(metrics.recall_min, 0);
    EXPECT_EQ(metrics.ndcg, 0);
    EXPECT_EQ(metrics.mrr, 0);
    EXPECT_EQ(metrics.map, 0);
    EXPECT_EQ(metrics.hit_rate, 0);
  }
}

// One item listed where two were asked for: the missing one is wrong, not forgiven.
TEST(ListMetricsTest, ShortListLosesPrecision) {
  EXPECT_DOUBLE_EQ(list_metrics(Items{kJam}, Items{kJam}, 2).precision, 1.0 / 2);
}

TEST(NamedMetricsTest, EachNameHasItsOwnValue) {
  Metrics metrics;
  metrics.list = {
      .precision = 1, .recall = 2, .recall_min = 3, .ndcg = 4, .mrr = 5, .map = 6, .hit_rate = 7};
  metrics.coverage = 8;
  metrics.novelty = 9;
  metrics.rmse = 10;
  metrics.mae = 11;
  const std::vector<std::pair<std::string_view, double>> expected = {
      {"precision", 1}, {"recall", 2},   {"recall_min", 3}, {"ndcg", 4},  {"mrr", 5}, {"map", 6},
      {"hit_rate", 7},  {"coverage", 8}, {"novelty", 9},    {"rmse", 10}, {"mae", 11}};
  EXPECT_EQ(named(metrics), expected);
}

}  // namespace
}  // namespace coseno
