#include "deep/adam.h"

#include <cmath>

namespace coseno {
namespace {

constexpr double kMeanDecay = 0.9;
constexpr double kSquareDecay = 0.999;
constexpr float kEpsilon = 1e-8F;

}  // namespace

void Adam::step(double rate, std::span<float> parameters, std::span<float> gradients) {
  ++n_steps_;
  const auto t = static_cast<double>(n_steps_);
  const auto scale = static_cast<float>(rate / (1 - std::pow(kMeanDecay, t)));
  const auto square_scale = static_cast<float>(1 / (1 - std::pow(kSquareDecay, t)));
  constexpr auto kMean = static_cast<float>(kMeanDecay);
  constexpr auto kSquare = static_cast<float>(kSquareDecay);
  float* const x = parameters.data();
  float* const g = gradients.data();
  float* const m = mean_.data();
  float* const v = square_.data();
  const std::size_t n = parameters.size();
#pragma GCC ivdep
  for (std::size_t i = 0; i < n; ++i) {
    m[i] = kMean * m[i] + (1 - kMean) * g[i];
    v[i] = kSquare * v[i] + (1 - kSquare) * g[i] * g[i];
    x[i] = x[i] - scale * m[i] / (std::sqrt(square_scale * v[i]) + kEpsilon);
    g[i] = 0;
  }
}

}  // namespace coseno
