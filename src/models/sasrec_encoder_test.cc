#include "models/sasrec_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "math/kernels.h"
#include "models/sasrec_testing.h"

namespace coseno {
namespace {

using Doubles = std::vector<double>;

// The formulas of the header in double, position by position, with nothing kept.
class Plain {
 public:
  explicit Plain(const SasrecTrained& trained) : shape_(trained.shape) {
    for (const SasrecTensor& tensor : sasrec_tensors(trained.shape)) {
      tensors_[tensor.name] = std::span(trained.parameters).subspan(tensor.begin, tensor.size);
    }
  }

  Doubles vector(std::span<const std::size_t> items, std::span<const float> log_weights,
                 std::span<const std::int64_t> times) const {
    std::vector<Doubles> x;
    for (const std::size_t item : items) {
      Doubles row;
      for (std::size_t k = 0; k < shape_.dim; ++k) {
        row.push_back(std::sqrt(static_cast<double>(shape_.dim)) *
                      at("item_embedding.weight")[item * shape_.dim + k]);
      }
      x.push_back(row);
    }
    for (std::size_t b = 0; b < shape_.blocks; ++b) x = block(b, x, log_weights, times);
    return norm("norm", x.back());
  }

 private:
  std::span<const float> at(const std::string& name) const { return tensors_.at("sasrec." + name); }

  Doubles linear(const std::string& weight, const std::string& bias, const Doubles& x) const {
    const std::span<const float> weights = at(weight);
    Doubles y(at(bias).begin(), at(bias).end());
    for (std::size_t o = 0; o < y.size(); ++o) {
      for (std::size_t i = 0; i < x.size(); ++i) y[o] += weights[o * x.size() + i] * x[i];
    }
    return y;
  }
  Doubles linear(const std::string& name, const Doubles& x) const {
    return linear(name + ".weight", name + ".bias", x);
  }

  Doubles norm(const std::string& name, const Doubles& x) const {
    const auto n = static_cast<double>(x.size());
    const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
    double variance = 0;
    for (const double value : x) variance += (value - mean) * (value - mean) / n;
    Doubles y;
    for (std::size_t k = 0; k < x.size(); ++k) {
      y.push_back((x[k] - mean) / std::sqrt(variance + 1e-5) * at(name + ".weight")[k] +
                  at(name + ".bias")[k]);
    }
    return y;
  }

  void join(const std::string& gate, const Doubles& change, Doubles& x) const {
    const Doubles open = shape_.gated ? linear(gate, x) : Doubles();
    for (std::size_t k = 0; k < x.size(); ++k) {
      x[k] += change[k] * (shape_.gated ? 1 / (1 + std::exp(-open[k])) : 1);
    }
  }

  double interval_bias(const std::string& block, std::size_t h, std::int64_t seconds) const {
    if (!shape_.intervals) return 0;
    std::size_t kind = 0;
    for (; seconds > 0 && kind < 31; seconds /= 2) ++kind;
    return at(block + "interval_bias")[h * 32 + kind];
  }

  std::vector<Doubles> block(std::size_t b, std::vector<Doubles> x,
                             std::span<const float> log_weights,
                             std::span<const std::int64_t> times) const {
    const std::string name = fmt::format("blocks.{}.", b);
    const std::size_t d = shape_.dim;
    const std::size_t head = d / shape_.heads;
    std::vector<Doubles> projected;
    for (const Doubles& row : x) {
      projected.push_back(linear(name + "attention.in_proj_weight", name + "attention.in_proj_bias",
                                 norm(name + "attention_norm", row)));
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      Doubles seen(d);
      for (std::size_t h = 0; h < shape_.heads; ++h) {
        Doubles share;
        const std::size_t first = t - std::min(t, shape_.length - 1);
        for (std::size_t s = first; s <= t; ++s) {
          double product = 0;
          for (std::size_t k = h * head; k < (h + 1) * head; ++k) {
            product += projected[t][k] * projected[s][d + k];
          }
          share.push_back(std::exp(product / std::sqrt(static_cast<double>(head)) +
                                   at(name + "distance_bias")[h * shape_.length + t - s] +
                                   interval_bias(name, h, times[t] - times[s]) + log_weights[s]));
        }
        const double sum = std::accumulate(share.begin(), share.end(), 0.0);
        for (std::size_t s = first; s <= t; ++s) {
          for (std::size_t k = h * head; k < (h + 1) * head; ++k) {
            seen[k] += share[s - first] / sum * projected[s][2 * d + k];
          }
        }
      }
      join(name + "attention_gate", linear(name + "attention.out_proj", seen), x[t]);
    }
    for (Doubles& row : x) {
      Doubles hidden = linear(name + "feed_forward.0", norm(name + "feed_forward_norm", row));
      for (double& value : hidden) value = std::max(value, 0.0);
      join(name + "feed_forward_gate", linear(name + "feed_forward.2", hidden), row);
    }
    return x;
  }

  SasrecShape shape_;
  std::map<std::string, std::span<const float>> tensors_;
};

constexpr std::size_t kEncodedItems = 30;

const std::vector<SasrecShape> kShapes = {
    {.n_items = kEncodedItems, .dim = 64, .length = 50, .blocks = 1, .heads = 1, .hidden = 64},
    {.n_items = kEncodedItems,
     .dim = 24,
     .length = 4,
     .blocks = 2,
     .heads = 3,
     .hidden = 40,
     .gated = true,
     .intervals = true},
    {.n_items = kEncodedItems,
     .dim = 5,
     .length = 3,
     .blocks = 3,
     .heads = 1,
     .hidden = 7,
     .intervals = true},
    {.n_items = kEncodedItems,
     .dim = 34,
     .length = 2,
     .blocks = 2,
     .heads = 2,
     .hidden = 1,
     .gated = true},
    {.n_items = kEncodedItems, .dim = 1, .length = 1, .blocks = 2, .heads = 1, .hidden = 1}};

class SasrecEncoderTest : public testing::TestWithParam<std::size_t> {
 protected:
  SasrecTrained trained_ = random_sasrec(kShapes[GetParam()], 0, 7);
  SasrecEncoder encoder_{trained_.shape, trained_.parameters};

  static std::vector<std::size_t> items(std::size_t n) {
    Rng rng(3);
    std::vector<std::size_t> items;
    for (std::size_t i = 0; i < n; ++i) items.push_back(rng.below(kEncodedItems));
    return items;
  }

  static std::vector<float> log_weights(std::size_t n) {
    Rng rng(4);
    std::vector<float> weights;
    for (std::size_t i = 0; i < n; ++i)
      weights.push_back(static_cast<float>(2 * rng.uniform() - 1));
    return weights;
  }

  // From nothing at all to a century apart, and more than that in the middle.
  static std::vector<std::int64_t> times(std::size_t n) {
    Rng rng(6);
    std::vector<std::int64_t> times;
    std::int64_t now = 1;
    for (std::size_t i = 0; i < n; ++i) {
      now += static_cast<std::int64_t>(rng.below(std::uint64_t{1} << rng.below(33)));
      if (i % 7 == 3) now += std::int64_t{1} << 32;
      times.push_back(now);
    }
    return times;
  }

  void read(std::span<const std::size_t> items, std::span<const float> log_weights,
            std::span<const std::int64_t> times, SequenceState& state) const {
    const std::size_t d = trained_.shape.dim;
    Factors embedded(items.size(), padded(d));
    for (std::size_t r = 0; r < items.size(); ++r) {
      std::copy_n(trained_.parameters.data() + items[r] * d, d, embedded.row(r).begin());
    }
    encoder_.read(embedded, log_weights, times, state);
  }

  std::vector<float> vector(std::span<const std::size_t> items, std::span<const float> log_weights,
                            std::span<const std::int64_t> times) const {
    SequenceState state;
    read(items, log_weights, times, state);
    return state.vector;
  }
};

TEST_P(SasrecEncoderTest, GivesWhatThePlainVersionInDoubleGives) {
  const std::size_t length = trained_.shape.length;
  for (const std::size_t n : {std::size_t{1}, std::size_t{2}, length, length + 1, 3 * length + 2}) {
    const auto history = items(n);
    for (const auto& weights : {std::vector<float>(n), log_weights(n)}) {
      const std::vector<float> fast = vector(history, weights, times(n));
      const Doubles plain = Plain(trained_).vector(history, weights, times(n));
      ASSERT_EQ(fast.size(), padded(plain.size()));
      for (std::size_t k = 0; k < plain.size(); ++k) EXPECT_NEAR(fast[k], plain[k], 1e-4) << n;
      for (std::size_t k = plain.size(); k < fast.size(); ++k) EXPECT_EQ(fast[k], 0);
    }
  }
}

// That is what makes it right to keep them: the window moves on meanwhile.
TEST_P(SasrecEncoderTest, InOnePieceOrInManyTheNumbersAreTheSame) {
  const std::size_t n = 4 * trained_.shape.length + 5;
  const auto history = items(n);
  const auto weights = log_weights(n);
  const auto times = this->times(n);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{8}}) {
    SequenceState state;
    for (std::size_t begin = 0; begin < n; begin += piece) {
      const std::size_t size = std::min(piece, n - begin);
      read(std::span(history).subspan(begin, size), std::span(weights).subspan(begin, size),
           std::span(times).subspan(begin, size), state);
      const std::size_t end = begin + size;
      EXPECT_EQ(state.vector, vector(std::span(history).first(end), std::span(weights).first(end),
                                     std::span(times).first(end)))
          << end;
    }
  }
}

TEST_P(SasrecEncoderTest, WhatIsOutOfReachChangesNothing) {
  const std::size_t reach = encoder_.reach();
  const auto history = items(10000);
  const std::vector<float> weights(history.size());
  const auto times = this->times(history.size());
  EXPECT_EQ(vector(history, weights, times),
            vector(std::span(history).last(reach), std::span(weights).last(reach),
                   std::span(times).last(reach)));
}

// Not as if they were a long time after one another, as 0 and a time of today would be.
TEST_P(SasrecEncoderTest, TimesThatAreNotKnownAreNoneAtAll) {
  const auto history = items(7);
  const std::vector<float> weights(history.size());
  const std::vector<float> without = vector(history, weights, {});
  EXPECT_EQ(vector(history, weights, std::vector<std::int64_t>(7)), without);
  EXPECT_EQ(vector(history, weights, std::vector<std::int64_t>(7, 1'700'000'000)), without);
  EXPECT_EQ(vector(history, weights, std::vector<std::int64_t>{0, 0, 0, 0, 0, 0, 1'700'000'000}),
            without);
  EXPECT_EQ(vector(history, weights, std::vector<std::int64_t>{9, 8, 7, 6, 5, 4, 3}), without);
}

TEST_P(SasrecEncoderTest, AStateIsAsLargeAsItSays) {
  SequenceState state;
  read(items(300), std::vector<float>(300), times(300), state);
  std::size_t n = state.log_weights.size() + state.vector.size();
  for (const auto& keys : state.keys) n += keys.size();
  for (const auto& values : state.values) n += values.size();
  EXPECT_EQ(n * sizeof(float) + state.times.size() * sizeof(std::int64_t), encoder_.state_bytes());
}

INSTANTIATE_TEST_SUITE_P(Shapes, SasrecEncoderTest, testing::Range(std::size_t{0}, std::size_t{5}));

TEST(SasrecIntervalTest, AKindIsHowManyDigitsTheSecondsHave) {
  const std::int64_t now = 1'700'000'000;
  const std::vector<std::pair<std::int64_t, std::size_t>> kinds = {
      {0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {(1 << 30) - 1, 30}, {1 << 30, 31}, {now - 1, 31}};
  for (const auto& [seconds, kind] : kinds) {
    EXPECT_EQ(sasrec_interval_kind(now - seconds, now), kind) << seconds;
  }
  EXPECT_EQ(sasrec_interval_kind(1, std::numeric_limits<std::int64_t>::max()), 31);
  EXPECT_EQ(sasrec_interval_kind(now, now - 60), 0);
  EXPECT_EQ(sasrec_interval_kind(0, now), 0);
  EXPECT_EQ(sasrec_interval_kind(now, 0), 0);
  EXPECT_EQ(sasrec_interval_kind(std::numeric_limits<std::int64_t>::min(), now), 0);
}

// Numbers as large as a file may hold, most of one sign, in a large network: still finite.
TEST(SasrecEncoderRangeTest, TheLargestNumbersGiveFiniteVectors) {
  SasrecTrained trained = random_sasrec({.n_items = 3,
                                         .dim = 128,
                                         .length = 3,
                                         .blocks = 8,
                                         .heads = 1,
                                         .hidden = 512,
                                         .intervals = true},
                                        0, 1);
  Rng rng(5);
  for (float& value : trained.parameters) {
    value = rng.below(8) == 0 ? -kLargestSasrecParameter : kLargestSasrecParameter;
  }
  const SasrecEncoder encoder(trained.shape, trained.parameters);
  Factors embedded(3, 128);
  std::copy_n(trained.parameters.begin(), 3 * 128, embedded.values().begin());
  SequenceState state;
  encoder.read(embedded, std::vector<float>(3), std::vector<std::int64_t>{1, 100, 10'000}, state);
  for (const float value : state.vector) ASSERT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace coseno
