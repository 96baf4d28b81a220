#include "models/blend_weights.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace coseno {
namespace {

using Weights = std::vector<float>;

// Two models, three candidates, the first held out. Model 0 has it second, model 1 first.
const std::vector<BlendCase> kOneUser = {{.scores = {1, 2, 2, 1, 0, 0}, .held_out = {0}}};

TEST(BlendWeightsTest, ScoresByRankDependOnTheOrderAlone) {
  std::vector<float> scores = {5, 1e9F, 4, 4, kNeverScore};
  score_by_rank(scores);
  // Ties count against both.
  EXPECT_EQ(scores, (std::vector<float>{61.0F / 62, 1, 61.0F / 64, 61.0F / 64, 0}));
}

TEST(BlendWeightsTest, ScoresByRankEndAfterTheBestThousand) {
  std::vector<float> scores(3000);
  for (std::size_t i = 0; i < 999; ++i) scores[i] = static_cast<float>(i + 1);
  score_by_rank(scores);
  EXPECT_EQ(scores[998], 1);
  EXPECT_EQ(scores[0], 61.0F / 1059);
  EXPECT_EQ(scores[999], 0);  // one of 2,001 alike
  EXPECT_EQ(scores[2999], 0);
}

TEST(BlendWeightsTest, NdcgByHand) {
  EXPECT_DOUBLE_EQ(blend_ndcg(kOneUser, Weights{0, 1}), 1);
  EXPECT_DOUBLE_EQ(blend_ndcg(kOneUser, Weights{1, 0}), 1 / std::log2(3.0));
  // 1.5 and 1.5: the tie counts against the held-out.
  EXPECT_DOUBLE_EQ(blend_ndcg(kOneUser, Weights{0.5, 0.5}), 1 / std::log2(3.0));
  // Two held out of three, on ranks 0 and 2.
  const std::vector<BlendCase> two = {{.scores = {3, 1, 2}, .held_out = {0, 1}}};
  EXPECT_DOUBLE_EQ(blend_ndcg(two, Weights{1}), (1 + 0.5) / (1 + 1 / std::log2(3.0)));
  EXPECT_EQ(blend_ndcg({}, Weights{1}), 0);
}

TEST(BlendWeightsTest, AModelThatIsRightGetsAll) {
  EXPECT_EQ(fit_blend_weights(kOneUser, 2), (Weights{0, 1}));
}

TEST(BlendWeightsTest, WithoutCasesAllAreAlike) {
  EXPECT_EQ(fit_blend_weights({}, 4), (Weights{0.25, 0.25, 0.25, 0.25}));
}

// Two models see the truth, each through its own noise, the second through less; a third
// sees noise alone. Together they see more than each, and the third gets next to nothing.
TEST(BlendWeightsTest, ModelsThatErrApartAreBetterTogether) {
  Rng rng(3);
  const auto noise = [&] { return static_cast<float>(rng.uniform() - rng.uniform()); };
  std::vector<BlendCase> cases(300);
  for (BlendCase& user : cases) {
    user.held_out = {0};
    for (int c = 0; c < 60; ++c) {
      const float truth = c == 0 ? 1 : 0;
      for (const float score : {truth + 2 * noise(), truth + 1.5F * noise(), noise()}) {
        user.scores.push_back(score);
      }
    }
  }
  const Weights weights = fit_blend_weights(cases, 3);
  EXPECT_NEAR(weights[0] + weights[1] + weights[2], 1, 1e-5);
  EXPECT_GT(weights[1], weights[0]);
  EXPECT_GT(weights[0], 0.05);
  EXPECT_LT(weights[2], 0.1);
  for (const Weights& alone : {Weights{1, 0, 0}, Weights{0, 1, 0}, Weights{0, 0, 1}}) {
    EXPECT_GT(blend_ndcg(cases, weights), blend_ndcg(cases, alone));
  }
}

}  // namespace
}  // namespace coseno
