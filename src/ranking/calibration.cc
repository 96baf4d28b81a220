#include "ranking/calibration.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace coseno {
namespace {

// Steck's alpha: keeps the divergence finite where the list has none of a group.
constexpr double kSmoothing = 0.01;

// Scaled to sum to 1; all 0 where they are.
std::vector<double> normalized(std::vector<double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight = sum > 0 ? weight / sum : 0;
  return weights;
}

}  // namespace

ListDivergence::ListDivergence(std::vector<double> history)
    : target_(normalized(std::move(history))),
      mass_(target_.size()),
      value_(sum_over_groups(0)),
      value_of_one_more_(sum_over_groups(1)) {}

void ListDivergence::add(std::span<const Member> item) {
  if (item.empty()) return;
  for (const Member& member : item) mass_[member.group] += member.share;
  ++n_items_;
  value_ = sum_over_groups(n_items_);
  value_of_one_more_ = sum_over_groups(n_items_ + 1);
}

double ListDivergence::with(std::span<const Member> item) const {
  if (item.empty()) return value_;
  double value = value_of_one_more_;
  for (const auto& [group, share] : item) {
    value +=
        term(group, mass_[group] + share, n_items_ + 1) - term(group, mass_[group], n_items_ + 1);
  }
  return value;
}

double ListDivergence::term(std::size_t group, double mass, double n_items) const {
  const double p = target_[group];
  if (p == 0) return 0;
  const double q = n_items > 0 ? mass / n_items : 0;
  return p * std::log(p / ((1 - kSmoothing) * q + kSmoothing * p));
}

double ListDivergence::sum_over_groups(double n_items) const {
  double sum = 0;
  for (std::size_t group = 0; group < target_.size(); ++group) {
    sum += term(group, mass_[group], n_items);
  }
  return sum;
}

}  // namespace coseno
