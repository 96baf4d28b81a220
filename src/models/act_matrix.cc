#include "models/act_matrix.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace coseno {

ActMatrix::ActMatrix(const UserItemMatrix& matrix, const ActWeights& weights, double user_length)
    : norms_(matrix.n_items()) {
  std::vector<std::vector<Feature>> users(matrix.n_users());
  std::vector<std::vector<Feature>> items(matrix.n_items());
  for (std::size_t u = 0; u < users.size(); ++u) {
    const History history = matrix.user(static_cast<UserIndex>(u));
    const float mean = weights.user_mean(history);
    const auto damping =
        static_cast<float>(std::pow(static_cast<double>(history.size()), -user_length / 2));
    for (const Interaction& entry : history) {
      const float weight = damping * weights.of(entry.value, mean);
      if (weight == 0) continue;
      const std::uint32_t item = std::to_underlying(entry.item);
      users[u].push_back({item, weight});
      items[item].push_back({static_cast<std::uint32_t>(u), weight});
      norms_[item] += weight * weight;
    }
    std::ranges::sort(users[u], {}, &Feature::index);
  }
  users_ = FeatureMatrix(users, matrix.n_items());
  items_ = FeatureMatrix(items, matrix.n_users());
}

}  // namespace coseno
