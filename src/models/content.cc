#include "models/content.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/sparse_rows.h"

namespace coseno {
namespace {

constexpr std::string_view kRows = "content.rows";
// Some 10 microseconds of work.
constexpr std::size_t kRowsInBlock = 256;

// ln(rows that have features / rows that have this one), one a feature.
std::vector<float> inverse_frequencies(const FeatureMatrix& features) {
  std::vector<double> n_rows_with(features.n_features());
  double n_rows = 0;
  for (std::size_t i = 0; i < features.n_rows(); ++i) {
    for (const Feature& feature : features.row(i)) ++n_rows_with[feature.index];
    if (!features.row(i).empty()) ++n_rows;
  }
  std::vector<float> weights;
  for (const double n : n_rows_with) {
    weights.push_back(n > 0 ? static_cast<float>(std::log(n_rows / n)) : 0);
  }
  return weights;
}

// The row weighted and scaled to length 1; empty where no feature tells the item from others.
std::vector<Feature> weighted_row(FeatureRow row, std::span<const float> frequency_weights) {
  std::vector<Feature> weighted;
  float squares = 0;
  for (const Feature& feature : row) {
    const float weight = feature.weight * frequency_weights[feature.index];
    if (weight == 0) continue;
    weighted.push_back({feature.index, weight});
    squares += weight * weight;
  }
  for (Feature& feature : weighted) feature.weight /= std::sqrt(squares);
  return weighted;
}

void add_features(FeatureRow row, float weight, std::span<float> sum) {
  for (const Feature& feature : row) sum[feature.index] += weight * feature.weight;
}

// Of `features` with each row, which has length 1 or 0; 0 where there is no angle.
void feature_cosines(const FeatureMatrix& rows, std::span<const float> features,
                     std::span<float> out) {
  float squares = 0;
  for (const float feature : features) squares += feature * feature;
  const float scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {
    float dot = 0;
    for (const Feature& feature : rows.row(i)) dot += features[feature.index] * feature.weight;
    out[i] = scale * dot;
  }
}

// What each interaction weighs: its share of the largest deviation above the mean, 1 for all where
// none is above it; times its weight in the profile.
std::vector<float> weights_of(const KnownPart& known, bool has_ratings) {
  const auto& [history, counts] = known;
  std::vector<float> weights = counts;
  if (!has_ratings || history.empty()) return weights;
  double mean = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    mean += static_cast<double>(counts[i]) * history[i].value;
  }
  mean /= known.total_weight();
  const double best = std::ranges::max(history, {}, &Interaction::value).value;
  if (best <= mean) return weights;
  for (std::size_t i = 0; i < history.size(); ++i) {
    weights[i] *= static_cast<float>(std::max(0.0, (history[i].value - mean) / (best - mean)));
  }
  return weights;
}

}  // namespace

Result<std::unique_ptr<Model>> Content::fit(const Dataset& dataset, const Options& /*options*/,
                                            FitContext& context) {
  if (dataset.item_features.empty()) {
    return invalid_argument(
        "content has nothing to learn from: no property is shared by two items (--items FILE gives "
        "properties)");
  }
  const std::vector<float> weights = inverse_frequencies(dataset.item_features);
  std::vector<std::vector<Feature>> rows(dataset.items.size());
  context.pool.parallel_for(rows.size(), kRowsInBlock, [&](auto begin, auto end, int) {
    if (context.progress.cancelled()) return;
    for (std::size_t i = begin; i < end; ++i) {
      rows[i] = weighted_row(dataset.item_features.row(i), weights);
    }
  });
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  context.progress.report("fitting content", rows.size(), rows.size(), "");
  auto model = std::make_unique<Content>();
  model->rows_ = FeatureMatrix(rows, dataset.item_features.n_features());
  model->has_ratings_ = dataset.matrix.has_values();
  return model;
}

Result<std::unique_ptr<Model>> Content::load(const TensorFile& file, const Dataset& dataset) {
  auto model = std::make_unique<Content>();
  COSENO_ASSIGN(
      rows, load_sparse_rows(file, kRows, dataset.items.size(), dataset.item_encoder.n_features()));
  model->rows_ = std::move(rows);
  model->has_ratings_ = dataset.matrix.has_values();
  return model;
}

void Content::score(const Profile& profile, std::span<float> out) const {
  feature_cosines(rows_, user_features(profile), out);
}

Ranking Content::similar_items(ItemIndex item, std::size_t k) const {
  std::vector<float> features(rows_.n_features());
  add_features(rows_.row(offset(item)), 1, features);
  std::vector<float> scores(n_items());
  feature_cosines(rows_, features, scores);
  std::ranges::replace(scores, 0.0F, kNeverScore);
  if (offset(item) < scores.size()) scores[offset(item)] = kNeverScore;
  return best_items(scores, k);
}

void Content::save(TensorFileWriter& file) const {
  save_sparse_rows(kRows, rows_, rows_.n_rows(), file);
}

std::vector<float> Content::user_features(const Profile& profile) const {
  std::vector<float> features(rows_.n_features());
  const KnownPart known = known_part(profile, n_items());
  const std::vector<float> weights = weights_of(known, has_ratings_);
  for (std::size_t i = 0; i < known.history.size(); ++i) {
    add_features(rows_.row(offset(known.history[i].item)), weights[i], features);
  }
  return features;
}

}  // namespace coseno
