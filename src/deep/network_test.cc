#include "deep/network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "math/top_k.h"
#include "models/sasrec.h"
#include "models/sasrec_testing.h"

namespace coseno {
namespace {

constexpr std::size_t kItems = 40;

SasrecOptions small() {
  SasrecOptions options;
  options.dim = 12;
  options.length = 6;
  options.blocks = 2;
  options.heads = 2;
  options.hidden = 10;
  options.gated = true;
  options.intervals = true;
  options.temperature = 0.2;
  options.dropout = 0;
  options.negatives = 8;
  return options;
}

std::vector<std::uint32_t> items(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::uint32_t> items;
  for (std::size_t i = 0; i < n; ++i)
    items.push_back(static_cast<std::uint32_t>(rng.below(kItems)));
  return items;
}

// Rising by steps of all sizes.
std::vector<std::int64_t> times(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::int64_t> times = {1'700'000'000};
  while (times.size() < n)
    times.push_back(times.back() + static_cast<std::int64_t>(rng.below(1U << rng.below(25))));
  return times;
}

void set(SequenceNetwork& network, const SasrecTrained& trained) {
  std::ranges::copy(trained.parameters, network.parameters().begin());
}

// Windows of some lengths up to the largest, each asked at all of its positions.
struct TimedHistory {
  explicit TimedHistory(std::size_t n, std::uint64_t seed)
      : items(coseno::items(n, seed)), times(coseno::times(n, seed)) {}

  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> times;
};
struct Histories3 {
  std::array<TimedHistory, 3> all = {TimedHistory(7, 1), TimedHistory(3, 2), TimedHistory(5, 3)};

  PackedBatch batch() const {
    std::vector<Window> windows;
    for (const TimedHistory& one : all) {
      const std::size_t n = one.items.size() - 1;
      windows.push_back({std::span(one.items).first(n), std::span(one.items).subspan(1),
                         std::span(one.times).first(n)});
    }
    return pack(windows, 6);
  }
};

TEST(NetworkTest, ScoresAreThoseOfTheModelThatServes) {
  for (const double temperature : {0.0, 0.2}) {
    SasrecOptions options = small();
    options.temperature = temperature;
    SequenceNetwork network(options, kItems);
    const SasrecTrained trained =
        random_sasrec(network.shape(), static_cast<float>(temperature), 5);
    set(network, trained);
    const Sasrec model(trained);
    const Histories3 histories;
    const PackedBatch batch = histories.batch();
    std::vector<float> scores(batch.asked.size() * kItems);
    network.scores(batch, scores);
    std::size_t row = 0;
    for (const TimedHistory& one : histories.all) {
      std::vector<Interaction> history;
      for (std::size_t i = 0; i + 1 < one.items.size(); ++i, ++row) {
        history.push_back({static_cast<ItemIndex>(one.items[i]), 1, one.times[i]});
        std::vector<float> served(kItems);
        model.score({.history = history}, served);
        const auto trained_scores = std::span(scores).subspan(row * kItems, kItems);
        for (std::size_t k = 0; k < kItems; ++k) {
          EXPECT_NEAR(served[k], trained_scores[k], 1e-4 * std::max(1.0F, std::abs(served[k])));
        }
        const auto best = top_k(served, 10);
        const auto trained_best = top_k(trained_scores, 10);
        for (std::size_t k = 0; k < best.size(); ++k) {
          EXPECT_EQ(best[k].index, trained_best[k].index);
        }
      }
    }
  }
}

// No position sees a later one, nor another window of its row.
TEST(NetworkTest, ALaterEventMovesNothingBeforeIt) {
  SequenceNetwork network(small(), kItems);
  set(network, random_sasrec(network.shape(), 0.2F, 5));
  Histories3 histories;
  const PackedBatch before = histories.batch();
  std::vector<float> scores(before.asked.size() * kItems);
  network.scores(before, scores);
  const auto expect_changed_from_3_to_5 = [&] {
    const PackedBatch after = histories.batch();
    std::vector<float> changed(scores.size());
    network.scores(after, changed);
    for (std::size_t row = 0; row < before.asked.size(); ++row) {
      const bool is_same = std::ranges::equal(std::span(scores).subspan(row * kItems, kItems),
                                              std::span(changed).subspan(row * kItems, kItems));
      EXPECT_EQ(is_same, row < 3 || row >= 6) << row;
    }
  };
  TimedHistory& first = histories.all[0];
  const std::uint32_t item = std::exchange(first.items[3], (first.items[3] + 1) % kItems);
  expect_changed_from_3_to_5();
  first.items[3] = item;
  first.times[3] += 100'000'000;
  expect_changed_from_3_to_5();
}

// The formulas of models/sasrec_options.h in double, of the scores that the network gives.
double plain_loss(const SequenceNetwork& network, const PackedBatch& batch,
                  const std::vector<std::int64_t>& negatives, const SasrecOptions& options) {
  std::vector<float> scores(batch.asked.size() * kItems);
  network.scores(batch, scores);
  const auto n_drawn = static_cast<double>(negatives.size());
  const double a = n_drawn / (kItems - 1);
  const double b = a * (options.calibration * (1 - 1 / a) + 1 / a);
  const double prior = std::log(b / n_drawn);
  double loss = 0;
  for (std::size_t row = 0; row < batch.asked.size(); ++row) {
    const auto score = [&](std::int64_t item) {
      return static_cast<double>(scores[row * kItems + static_cast<std::size_t>(item)]);
    };
    const double right = score(batch.next[row]);
    double others = 0;  // sum over the negatives
    for (const std::int64_t item : negatives) {
      if (item == batch.next[row]) continue;
      others += options.loss == SasrecOptions::kGbce ? std::log1p(std::exp(score(item) + prior))
                                                     : std::exp(score(item)) * kItems / n_drawn;
    }
    loss += options.loss == SasrecOptions::kGbce ? b * std::log1p(std::exp(-right - prior)) + others
                                                 : std::log(std::exp(right) + others) - right;
  }
  return loss / static_cast<double>(batch.asked.size());
}

TEST(NetworkTest, LossesAreThoseOfTheFormulas) {
  SasrecOptions options = small();
  for (const std::string_view loss : {SasrecOptions::kSampledSoftmax, SasrecOptions::kGbce}) {
    options.loss = loss;
    SequenceNetwork network(options, kItems);
    set(network, random_sasrec(network.shape(), static_cast<float>(options.temperature), 6));
    const PackedBatch batch = Histories3().batch();
    Rng rng(1);
    const Negatives negatives = NegativeSampler(kItems, 8).draw(rng);
    const double expected = plain_loss(network, batch, negatives.items, options);
    EXPECT_NEAR(network.add_gradients(batch, negatives, rng), expected, 1e-4 * expected) << loss;
    std::vector<std::int64_t> all(kItems);
    std::iota(all.begin(), all.end(), 0);
    const double of_all = plain_loss(network, batch, all, options);
    EXPECT_NEAR(network.add_gradients(batch, {}, rng), of_all, 1e-4 * of_all) << loss;
  }
}

class GradientTest : public testing::TestWithParam<std::pair<const char*, std::size_t>> {};

// Against differences of the loss; in float, so of steps that are not too small.
TEST_P(GradientTest, IsTheSlopeOfTheLoss) {
  SasrecOptions options = small();
  options.temperature = 1;
  const auto [loss_name, n_negatives] = GetParam();
  options.loss = loss_name;
  SequenceNetwork network(options, kItems);
  // What attention finds is to tell, and with it its biases.
  SasrecTrained trained = random_sasrec(network.shape(), 1, 6);
  for (const SasrecTensor& tensor : sasrec_tensors(network.shape())) {
    if (!tensor.name.ends_with("out_proj.weight")) continue;
    for (float& value : std::span(trained.parameters).subspan(tensor.begin, tensor.size))
      value *= 4;
  }
  set(network, trained);
  const PackedBatch batch = Histories3().batch();
  Rng rng(1);
  const Negatives negatives = NegativeSampler(kItems, n_negatives).draw(rng);
  const auto loss = [&] {
    Rng unused(2);
    return network.add_gradients(batch, negatives, unused);
  };
  loss();
  const std::vector<float> gradients(network.gradients().begin(), network.gradients().end());
  constexpr float kStep = 0.01F;
  for (const SasrecTensor& tensor : sasrec_tensors(network.shape())) {
    // Of kinds of time few occur: all are looked at.
    const bool is_interval = tensor.name.ends_with("interval_bias");
    double steepest = 0;
    for (std::size_t i = 0; i < (is_interval ? tensor.size : 4); ++i) {
      const std::size_t k = tensor.begin + (is_interval ? i : rng.below(tensor.size));
      float& parameter = network.parameters()[k];
      const float kept = parameter;
      parameter = kept + kStep;
      const double above = loss();
      parameter = kept - kStep;
      const double below = loss();
      parameter = kept;
      const double slope = (above - below) / (2 * kStep);
      EXPECT_NEAR(gradients[k], slope, 0.001 + 0.03 * std::abs(slope)) << tensor.name;
      steepest = std::max(steepest, std::abs(slope));
    }
    if (is_interval) {
      EXPECT_GT(steepest, 0.0015);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Losses, GradientTest,
                         testing::Values(std::pair("softmax", 8), std::pair("gbce", 8),
                                         std::pair("softmax", 0), std::pair("gbce", 0)),
                         [](const auto& test) {
                           return std::string(test.param.first) + std::to_string(test.param.second);
                         });

}  // namespace
}  // namespace coseno
