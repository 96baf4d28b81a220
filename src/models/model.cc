#include "models/model.h"

#include <cmath>

#include "base/check.h"

namespace coseno {
namespace {

float dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

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

Ranking similar_by_cosine(MatrixView item_vectors, ItemIndex item, std::size_t k) {
  std::vector<float> scores(item_vectors.n_rows);
  cosines(item_vectors, item_vectors.row(offset(item)), scores);
  scores[offset(item)] = kNeverScore;
  return best_items(scores, k);
}

}  // namespace coseno
