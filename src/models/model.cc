#include "models/model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "math/kernels.h"

namespace coseno {
namespace {

// An interaction that counts less tells nothing, and models divide by weights.
constexpr float kLeastWeight = 1e-6F;

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

void add_shares(const Ranking& ranking, float weight, std::span<float> scores) {
  if (ranking.empty() || weight == 0) return;
  // The last may be further below 0 than the first is above it.
  const float largest = std::max(std::abs(ranking.front().score), std::abs(ranking.back().score));
  for (const ScoredItem& one : ranking) {
    if (offset(one.item) >= scores.size()) continue;
    float& score = scores[offset(one.item)];
    if (score == kNeverScore) score = 0;
    if (largest > 0) score += weight * (one.score / largest);
  }
}

double KnownPart::total_weight() const {
  return std::accumulate(weights.begin(), weights.end(), 0.0);
}

KnownPart known_part(const Profile& profile, std::size_t n_items) {
  const auto& [history, features, weights] = profile;
  COSENO_CHECK(weights.empty() || weights.size() == history.size());
  KnownPart known;
  known.history.reserve(history.size());
  known.weights.reserve(history.size());
  for (std::size_t j = 0; j < history.size(); ++j) {
    const float weight = weights.empty() ? 1 : weights[j];
    if (offset(history[j].item) >= n_items || weight < kLeastWeight) continue;
    known.history.push_back(history[j]);
    known.weights.push_back(weight);
  }
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

std::size_t Model::vector_length() const {
  const std::optional<MatrixView> vectors = item_vectors();
  return vectors ? vectors->dim : 0;
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
