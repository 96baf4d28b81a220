#include "models/item_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "models/sparse_rows.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

// Below any difference that tells.
constexpr float kPopularityShare = 1e-6F;

// Far above what any model counts; its powers are finite.
constexpr float kMaxPopularity = 1e18F;

std::string rows_name(std::string_view model) { return fmt::format("{}.weights", model); }
std::string popularity_name(std::string_view model) { return fmt::format("{}.popularity", model); }
std::string acts_name(std::string_view model) { return fmt::format("{}.acts", model); }

// Row i becomes column i; the entries of each of the new rows rise.
FeatureMatrix transposed(std::span<const std::vector<Feature>> rows) {
  std::vector<std::size_t> begin(rows.size() + 1);
  for (const std::vector<Feature>& row : rows) {
    for (const Feature& entry : row) ++begin[entry.index + 1];
  }
  for (std::size_t j = 0; j < rows.size(); ++j) begin[j + 1] += begin[j];
  std::vector<Feature> entries(begin.back());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    for (const Feature& entry : rows[i]) entries[next[entry.index]++] = {i, entry.weight};
  }
  return {std::move(begin), std::move(entries), rows.size()};
}

bool is_larger(const Feature& a, const Feature& b) {
  const float size_a = std::abs(a.weight);
  const float size_b = std::abs(b.weight);
  return size_a != size_b ? size_a > size_b : a.index < b.index;
}

}  // namespace

ItemWeights::ItemWeights(std::span<const std::vector<Feature>> speakers,
                         std::vector<float> popularity, ActWeights acts)
    : ItemWeights(transposed(speakers), std::move(popularity), acts) {}

ItemWeights::ItemWeights(FeatureMatrix rows, std::vector<float> popularity, ActWeights acts)
    : rows_(std::move(rows)), popularity_(std::move(popularity)), acts_(acts) {
  // Popularities are counts and the like; a file may hold one too small to divide by.
  constexpr float kLeast = std::numeric_limits<float>::min();
  const float largest = popularity_.empty() ? 0 : std::ranges::max(popularity_);
  if (largest >= kLeast) popularity_scale_ = kPopularityShare / largest;
}

void ItemWeights::score(const Profile& profile, std::span<float> out) const {
  std::ranges::transform(popularity_, out.begin(),
                         [&](float popularity) { return popularity_scale_ * popularity; });
  const KnownPart known = known_part(profile, n_items());
  const float mean = acts_.user_mean(known.history, known.weights);
  for (std::size_t j = 0; j < known.history.size(); ++j) {
    const Interaction& entry = known.history[j];
    const float weight = known.weights[j] * acts_.of(entry.value, mean);
    for (const Feature& item : row(entry.item)) out[item.index] += weight * item.weight;
  }
}

Ranking ItemWeights::similar(ItemIndex item, std::size_t k, const Similarity& similarity) const {
  if (offset(item) >= n_items()) return {};
  std::vector<float> scores(n_items(), kNeverScore);
  const auto add = [&](std::size_t other, float alike) {
    if (alike > 0) scores[other] = std::max(scores[other], alike);
  };
  for (const Feature& to : row(item)) {
    add(to.index, similarity(item, static_cast<ItemIndex>(to.index), to.weight));
  }
  for (std::size_t from = 0; from < n_items(); ++from) {
    const FeatureRow spoken_for = rows_.row(from);
    const auto to = std::ranges::lower_bound(spoken_for, offset(item), {}, &Feature::index);
    if (to == spoken_for.end() || to->index != offset(item)) continue;
    add(from, similarity(static_cast<ItemIndex>(from), item, to->weight));
  }
  scores[offset(item)] = kNeverScore;
  return best_items(scores, k);
}

Ranking ItemWeights::similar(ItemIndex item, std::size_t k) const {
  return similar(item, k, [](ItemIndex, ItemIndex, float weight) { return weight; });
}

void ItemWeights::save(std::string_view model, TensorFileWriter& file) const {
  save_sparse_rows(rows_name(model), rows_, n_items(), file);
  file.add(popularity_name(model), {n_items()}, popularity_);
  file.add(acts_name(model), {2}, std::vector<float>{acts_.mean(), acts_.slope()});
}

Result<ItemWeights> ItemWeights::load(std::string_view model, const TensorFile& file,
                                      std::size_t n_items) {
  COSENO_ASSIGN(rows, load_sparse_rows(file, rows_name(model), n_items, n_items));
  COSENO_ASSIGN(popularity, file.floats(popularity_name(model), {n_items}));
  COSENO_ASSIGN(acts, file.floats(acts_name(model), {2}));
  const auto is_sound = [](float x) { return x >= 0 && x <= kMaxPopularity; };
  if (!std::ranges::all_of(popularity, is_sound) || acts[1] < 0) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' or '{}' is out of range", file.path(),
                      popularity_name(model), acts_name(model));
  }
  return ItemWeights(std::move(rows), {popularity.begin(), popularity.end()},
                     ActWeights(acts[0], acts[1]));
}

void keep_largest(std::vector<Feature>& entries, std::size_t k) {
  if (entries.size() <= k) return;
  const auto least = entries.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::ranges::nth_element(entries, least, is_larger);
  entries.resize(k);
}

}  // namespace coseno
