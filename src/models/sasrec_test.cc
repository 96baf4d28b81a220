#include "models/sasrec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "math/kernels.h"
#include "models/model_testing.h"
#include "models/sasrec_testing.h"

namespace coseno {
namespace {

constexpr SasrecShape kTestShape = {
    .n_items = 20, .dim = 8, .length = 5, .blocks = 2, .heads = 2, .hidden = 6};

std::vector<Interaction> history_of(std::size_t n) {
  Rng rng(9);
  std::vector<Interaction> history;
  for (std::size_t i = 0; i < n; ++i) {
    history.push_back({static_cast<ItemIndex>(rng.below(kTestShape.n_items)), 1, 0});
  }
  return history;
}

class SasrecTest : public testing::Test {
 protected:
  Sasrec model_{random_sasrec(kTestShape, 0.1F, 2)};
};

TEST_F(SasrecTest, NobodysHistorySaysNothing) {
  EXPECT_EQ(scores(model_, {}), std::vector<float>(kTestShape.n_items));
  const std::vector<Interaction> unknown = {{ItemIndex{20}, 1, 0}, {ItemIndex{4000000000}, 1, 0}};
  EXPECT_EQ(scores(model_, {.history = unknown}), std::vector<float>(kTestShape.n_items));
}

TEST_F(SasrecTest, ScoresAreCosinesDividedByTheTemperature) {
  const auto history = history_of(4);
  const std::vector<float> user = model_.user_vector({.history = history});
  EXPECT_NEAR(std::sqrt(dot(user, user)), 10, 1e-4);
  for (std::size_t i = 0; i < kTestShape.n_items; ++i) {
    const auto item = model_.item_vectors()->row(i);
    EXPECT_NEAR(dot(item, item), 1, 1e-5);
    EXPECT_NEAR(scores(model_, {.history = history})[i], dot(item, user), 1e-5);
  }
}

TEST_F(SasrecTest, OfALongHistoryTheNewestEventsCount) {
  const auto history = history_of(10000);
  const std::size_t reach = 1 + 2 * (5 - 1);
  EXPECT_EQ(scores(model_, {.history = history}),
            scores(model_, {.history = std::span(history).last(reach)}));
  EXPECT_NE(scores(model_, {.history = history}),
            scores(model_, {.history = std::span(history).last(reach - 1)}));
}

TEST_F(SasrecTest, TheOrderCounts) {
  auto history = history_of(4);
  const std::vector<float> as_it_was = scores(model_, {.history = history});
  std::swap(history[0], history[3]);
  EXPECT_NE(scores(model_, {.history = history}), as_it_was);
}

TEST_F(SasrecTest, TimesCountWhereTheNetworkHasIntervals) {
  const auto history = history_of(4);
  auto timed = history;
  for (std::size_t i = 0; i < timed.size(); ++i) {
    timed[i].time = 1'700'000'000 + static_cast<std::int64_t>(i * i * 60);
  }
  EXPECT_EQ(scores(model_, {.history = timed}), scores(model_, {.history = history}));
  SasrecShape shape = kTestShape;
  shape.intervals = true;
  const Sasrec model(random_sasrec(shape, 0.1F, 2));
  EXPECT_NE(scores(model, {.history = timed}), scores(model, {.history = history}));
}

// Items in between that it does not know take nobody's place in the window.
TEST_F(SasrecTest, ReadingOnIsReadingAll) {
  auto history = history_of(30);
  history.insert(history.begin() + 7, {ItemIndex{99}, 1, 0});
  history.insert(history.begin() + 28, {ItemIndex{99}, 1, 0});
  SequenceState state;
  for (std::size_t n = 1; n <= history.size(); ++n) {
    model_.sequence_reader()->read(std::span(history).subspan(n - 1, 1), {}, state);
    EXPECT_EQ(state.vector, model_.user_vector({.history = std::span(history).first(n)})) << n;
  }
}

// As an item has that came after the training.
TEST_F(SasrecTest, AnItemOfZerosIsUnknown) {
  SasrecTrained trained = random_sasrec(kTestShape, 0.1F, 2);
  std::fill_n(trained.parameters.begin() + 3 * 8, 8, 0.0F);
  const Sasrec model(trained);
  const std::vector<Interaction> with = {{ItemIndex{1}, 1, 0}, {ItemIndex{3}, 1, 0}};
  EXPECT_EQ(scores(model, {.history = with}), scores_after(model, 1));
  EXPECT_EQ(scores_after(model, 1)[3], 0);
  EXPECT_TRUE(model.similar_items(ItemIndex{3}, 5).empty());
}

TEST_F(SasrecTest, WithoutTemperatureVectorsKeepTheirLength) {
  const SasrecTrained trained = random_sasrec(kTestShape, 0, 2);
  const Sasrec model(trained);
  for (std::size_t k = 0; k < kTestShape.dim; ++k) {
    EXPECT_EQ(model.item_vectors()->row(5)[k], trained.parameters[5 * 8 + k]);
  }
}

}  // namespace
}  // namespace coseno
