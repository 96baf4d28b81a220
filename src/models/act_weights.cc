#include "models/act_weights.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace coseno {
namespace {

// A user's mean is drawn to that of all as by this many ratings: one rating is no mean.
constexpr double kPriorRatings = 5;

// Five stars among threes weigh 2 at the default; counts, which have no upper end, would let one
// item speak alone.
constexpr float kMaxWeight = 3;

}  // namespace

ActWeights::ActWeights(const UserItemMatrix& matrix, double rating_weight) {
  if (!matrix.has_values() || matrix.n_entries() == 0) return;
  const auto n = static_cast<double>(matrix.n_entries());
  double sum = 0;
  double squares = 0;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) sum += entry.value;
  }
  const double mean = sum / n;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) {
      squares += (entry.value - mean) * (entry.value - mean);
    }
  }
  const double deviation = std::sqrt(squares / n);
  mean_ = static_cast<float>(mean);
  if (deviation > 0) {
    slope_ = static_cast<float>(
        std::min<double>(rating_weight / deviation, std::numeric_limits<float>::max()));
  }
}

float ActWeights::user_mean(History history, std::span<const float> weights) const {
  double n = kPriorRatings;
  double sum = kPriorRatings * mean_;
  for (std::size_t j = 0; j < history.size(); ++j) {
    const double weight = weights.empty() ? 1 : weights[j];
    n += weight;
    sum += weight * history[j].value;
  }
  return static_cast<float>(sum / n);
}

float ActWeights::of(float value, float user_mean) const {
  // In double: values may be as large as floats are.
  const double deviation = static_cast<double>(value) - user_mean;
  return static_cast<float>(std::clamp<double>(1 + slope_ * deviation, 0, kMaxWeight));
}

}  // namespace coseno
