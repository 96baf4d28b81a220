#include "models/popularity.h"

#include <algorithm>

#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kUsersTensor = "popularity.n_users";

}  // namespace

Result<std::unique_ptr<Model>> Popularity::fit(const Dataset& dataset, const Options& /*options*/,
                                               FitContext& /*context*/) {
  auto model = std::make_unique<Popularity>();
  model->n_users_ = popularity_of(dataset.matrix);
  return model;
}

Result<std::unique_ptr<Model>> Popularity::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(n_users, file.floats(kUsersTensor, {dataset.items.size()}));
  auto model = std::make_unique<Popularity>();
  model->n_users_.assign(n_users.begin(), n_users.end());
  return model;
}

void Popularity::score(const Profile& /*profile*/, std::span<float> out) const {
  std::ranges::copy(n_users_, out.begin());
}

Ranking Popularity::similar_items(ItemIndex item, std::size_t k) const {
  if (offset(item) >= n_items()) return {};
  std::vector<float> scores = n_users_;
  scores[offset(item)] = kNeverScore;
  return best_items(scores, k);
}

void Popularity::save(TensorFileWriter& file) const {
  file.add(kUsersTensor, {n_users_.size()}, n_users_);
}

std::vector<float> popularity_of(const UserItemMatrix& matrix) {
  std::vector<float> n_users;
  for (std::size_t i = 0; i < matrix.n_items(); ++i) {
    n_users.push_back(static_cast<float>(matrix.item_size(static_cast<ItemIndex>(i))));
  }
  return n_users;
}

}  // namespace coseno
