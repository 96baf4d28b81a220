#include "models/model.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "math/kernels.h"

namespace coseno {
namespace {

float length(std::span<const float> a) { return std::sqrt(dot(a, a)); }

// Cosine of `vector` with every row; kNeverScore where either has no length.
void cosines(MatrixView rows, std::span<const float> vector, std::span<float> out) {
  const float vector_length = length(vector);
  for (std::size_t i = 0; i < rows.n_rows; ++i) {
    const float product = vector_length * length(rows.row(i));
    out[i] = product > 0 ? dot(rows.row(i), vector) / product : kNeverScore;
  }
}

}  // namespace

Ranking best_items(std::span<const float> scores, std::size_t k) {
  Ranking ranking;
  for (const Scored& scored : top_k(scores, k)) {
    ranking.push_back({static_cast<ItemIndex>(scored.index), scored.score});
  }
  return ranking;
}

std::vector<Interaction> known_part(History history, std::size_t n_items) {
  std::vector<Interaction> known(history.begin(), history.end());
  std::erase_if(known, [&](const Interaction& entry) { return offset(entry.item) >= n_items; });
  return known;
}

void Model::score_many(std::span<const Profile> profiles, std::span<float> out) const {
  for (std::size_t p = 0; p < profiles.size(); ++p) {
    score(profiles[p], out.subspan(p * n_items(), n_items()));
  }
}

void Model::predict(const Profile& /*profile*/, std::span<const ItemIndex> /*items*/,
                    std::span<float> /*out*/) const {
  COSENO_CHECK(predicts_ratings());
}

std::vector<float> Model::user_vector(const Profile& /*profile*/) const { return {}; }

bool score_by_cosine(const Model& model, const Profile& profile, std::span<float> out) {
  const std::optional<MatrixView> vectors = model.item_vectors();
  if (!vectors) return false;
  cosines(*vectors, model.user_vector(profile), out);
  return true;
}

void score_many_by_product(const Model& model, std::span<const Profile> profiles,
                           std::span<float> out) {
  const std::optional<MatrixView> items = model.item_vectors();
  COSENO_CHECK(items.has_value());
  Factors users(profiles.size(), items->dim);
  for (std::size_t p = 0; p < profiles.size(); ++p) {
    std::ranges::copy(model.user_vector(profiles[p]), users.row(p).begin());
  }
  multiply_many(*items, users.view(), out);
}

Ranking similar_by_cosine(MatrixView item_vectors, ItemIndex item, std::size_t k) {
  std::vector<float> scores(item_vectors.n_rows);
  cosines(item_vectors, item_vectors.row(offset(item)), scores);
  scores[offset(item)] = kNeverScore;
  return best_items(scores, k);
}

}  // namespace coseno
