#include "models/biased_mf_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/rng.h"
#include "math/kernels.h"
#include "models/gibbs_side.h"

namespace coseno {
namespace {

// Keeps the noise's random numbers apart from those of the sides, whose streams count from 0.
constexpr std::uint64_t kNoiseStream = std::uint64_t{1} << 63;

// A word of an item's title or text. Those are for `content`: as features here they cost much and
// gain nothing.
bool is_word(const std::string& feature_name) { return feature_name.starts_with("word:"); }

// "genres=Drama", "age<25.5" and "age>=40" belong to "genres" and "age".
std::string property_of(const std::string& feature_name) {
  return feature_name.substr(0, feature_name.find_first_of("=<>"));
}

// Feature number f < n_others says that this one has rated, or was rated by, number f of the other
// side; the properties follow in the encoder's order, those of which is_left_out(name) left out.
template <class IsLeftOut>
Design make_design(const RatingRows& ratings, std::size_t n_others, const FeatureMatrix& features,
                   const FeatureEncoder& encoder, const IsLeftOut& is_left_out) {
  Design design;
  design.group.assign(n_others, 0);
  std::vector<std::uint32_t> place(features.n_features(), 0);  // 0: not used
  std::map<std::string, std::uint32_t> groups;
  for (std::uint32_t f = 0; f < features.n_features(); ++f) {
    if (is_left_out(encoder.name(f))) continue;
    const auto next_group = static_cast<std::uint32_t>(groups.size() + 1);
    const std::uint32_t group =
        groups.try_emplace(property_of(encoder.name(f)), next_group).first->second;
    place[f] = static_cast<std::uint32_t>(design.group.size());
    design.group.push_back(group);
  }
  design.n_groups = groups.size() + 1;
  for (std::size_t i = 0; i < ratings.n_rows(); ++i) {
    const std::span<const RowWeight> row = ratings.row(i);
    const float weight = 1.0F / std::sqrt(static_cast<float>(row.size()));
    for (const RowWeight& entry : row) design.rows.push(entry.row, weight);
    for (const Feature& feature : features.row(i)) {
      if (place[feature.index] != 0) design.rows.push(place[feature.index], feature.weight);
    }
    design.rows.end_row();
  }
  design.columns = design.rows.transposed(design.group.size());
  return design;
}

// The ratings of each user and of each item, centred and scaled.
RatingRows ratings_by_user(const UserItemMatrix& matrix, const BiasedMfDraws& draws) {
  RatingRows rows(matrix.n_users());
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) {
      rows.push(std::to_underlying(entry.item), (entry.value - draws.mean) / draws.scale);
    }
    rows.end_row();
  }
  return rows;
}

RatingRows ratings_by_item(const UserItemMatrix& matrix, const BiasedMfDraws& draws) {
  RatingRows rows(matrix.n_items());
  for (std::size_t i = 0; i < matrix.n_items(); ++i) {
    for (const UserItemMatrix::UserValue& entry : matrix.item(static_cast<ItemIndex>(i))) {
      rows.push(std::to_underlying(entry.user), (entry.value - draws.mean) / draws.scale);
    }
    rows.end_row();
  }
  return rows;
}

void measure_ratings(const UserItemMatrix& matrix, BiasedMfDraws& draws) {
  double sum = 0;
  double squares = 0;
  draws.min = std::numeric_limits<float>::max();
  draws.max = std::numeric_limits<float>::lowest();
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& entry : matrix.user(static_cast<UserIndex>(u))) {
      sum += entry.value;
      squares += static_cast<double>(entry.value) * entry.value;
      draws.min = std::min(draws.min, entry.value);
      draws.max = std::max(draws.max, entry.value);
    }
  }
  const auto n = static_cast<double>(matrix.n_entries());
  const double variance = squares / n - (sum / n) * (sum / n);
  draws.mean = static_cast<float>(sum / n);
  draws.scale = variance > 1e-12 ? static_cast<float>(std::sqrt(variance)) : 1.0F;
}

BiasedMfDraws empty_draws(const Dataset& dataset, std::size_t n_draws, std::size_t dim) {
  BiasedMfDraws draws;
  const std::size_t n_items = dataset.matrix.n_items();
  const std::size_t numbers = dim + 1;
  draws.n_draws = n_draws;
  draws.dim = dim;
  for (std::size_t i = 0; i < n_items; ++i) {
    const std::size_t count = dataset.matrix.item_size(static_cast<ItemIndex>(i));
    draws.item_counts.push_back(static_cast<float>(count));
  }
  draws.item_vectors = Factors(n_items, n_draws * dim);
  draws.item_biases = Factors(n_items, n_draws);
  draws.unknown_item_vector.resize(n_draws * dim);
  draws.unknown_item_biases.resize(n_draws);
  draws.user_means = Factors(n_draws, numbers);
  draws.user_precisions = Factors(n_draws, numbers * numbers);
  draws.implicit_weights = Factors(n_items, n_draws * numbers);
  draws.property_weights = Factors(dataset.user_features.n_features(), n_draws * numbers);
  draws.noise_precisions.resize(n_draws);
  return draws;
}

// Writes the chain's state as draw number `draw`.
void keep_draw(const GibbsSide& users, const GibbsSide& items, double noise_precision,
               std::size_t draw, BiasedMfDraws& draws) {
  const std::size_t dim = draws.dim;
  const std::size_t numbers = dim + 1;
  const std::size_t n_items = draws.item_vectors.n_rows();
  for (std::size_t i = 0; i < n_items; ++i) {
    const std::span<const float> vector = items.vectors().row(i);
    std::ranges::copy(vector.first(dim), draws.item_vectors.row(i).subspan(draw * dim).begin());
    draws.item_biases.row(i)[draw] = vector[dim];
    std::ranges::copy(users.weights().row(i).first(numbers),
                      draws.implicit_weights.row(i).subspan(draw * numbers).begin());
  }
  for (std::size_t f = 0; f < draws.property_weights.n_rows(); ++f) {
    std::ranges::copy(users.weights().row(n_items + f).first(numbers),
                      draws.property_weights.row(f).subspan(draw * numbers).begin());
  }
  const std::size_t width = padded(numbers);
  std::copy_n(users.mean().begin(), numbers, draws.user_means.row(draw).begin());
  for (std::size_t r = 0; r < numbers; ++r) {
    std::copy_n(users.precision().data() + r * width, numbers,
                draws.user_precisions.row(draw).data() + r * numbers);
  }
  std::copy_n(items.mean().begin(), dim, draws.unknown_item_vector.data() + draw * dim);
  draws.unknown_item_biases[draw] = items.mean()[dim];
  draws.noise_precisions[draw] = static_cast<float>(noise_precision);
}

// Each user's noise precision given the errors, then the typical one given those.
void sample_noise(const GibbsSide& users, std::span<const double> squared_errors, Rng& rng,
                  std::vector<float>& user_noise, double& noise_precision) {
  double sum = 0;
  for (std::size_t u = 0; u < user_noise.size(); ++u) {
    const double count = kNoiseShape + static_cast<double>(users.ratings(u).size());
    const double rate = kNoiseShape / noise_precision + squared_errors[u];
    user_noise[u] =
        static_cast<float>(std::min(draw_gamma(rng, count / 2, rate / 2), kMaxNoisePrecision));
    sum += user_noise[u];
  }
  const double shape = kNoiseShape / 2 * static_cast<double>(user_noise.size()) + 1;
  noise_precision = std::min(1 / draw_gamma(rng, shape, kNoiseShape / 2 * sum), kMaxNoisePrecision);
}

}  // namespace

Result<BiasedMfDraws> sample_biased_mf(const Dataset& dataset, const BiasedMfSampling& sampling,
                                       FitContext& context) {
  const UserItemMatrix& matrix = dataset.matrix;
  const auto burn_in =
      static_cast<std::size_t>(std::ceil(kBurnIn * static_cast<double>(sampling.n_rounds)));
  const std::size_t n_after = std::max<std::size_t>(1, sampling.n_rounds - burn_in);
  BiasedMfDraws draws = empty_draws(dataset, std::min(sampling.n_draws, n_after), sampling.dim);
  measure_ratings(matrix, draws);
  if (draws.max >= kMaxRating || draws.min <= -kMaxRating) {
    return invalid_argument("biased_mf: ratings must be within {}, not {}", kMaxRating,
                            draws.max >= kMaxRating ? draws.max : draws.min);
  }

  RatingRows by_user = ratings_by_user(matrix, draws);
  RatingRows by_item = ratings_by_item(matrix, draws);
  // keep_draw() counts on it that none of the users' is left out.
  Design user_design = make_design(by_user, matrix.n_items(), dataset.user_features,
                                   dataset.user_encoder, [](const std::string&) { return false; });
  Design item_design =
      make_design(by_item, matrix.n_users(), dataset.item_features, dataset.item_encoder, is_word);
  GibbsSide users(std::move(by_user), std::move(user_design), sampling.dim, context.seed, 0);
  GibbsSide items(std::move(by_item), std::move(item_design), sampling.dim, context.seed, 1);

  double noise_precision = 1;  // of the typical user; ratings have variance 1
  std::vector<float> user_noise(matrix.n_users(), 1.0F);
  std::vector<double> squared_errors(matrix.n_users());
  std::size_t n_kept = 0;
  for (std::size_t round = 0; round < sampling.n_rounds; ++round) {
    if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "fit was cancelled");
    items.sample_prior(round, context.pool);
    items.sample_vectors(users, user_noise, false, round, context.pool, {});
    users.sample_prior(round, context.pool);
    users.sample_vectors(items, user_noise, true, round, context.pool, squared_errors);
    Rng noise_rng(context.seed, kNoiseStream + round);
    sample_noise(users, squared_errors, noise_rng, user_noise, noise_precision);

    // Draw number k is kept at the end of equal parts of the rounds after burn-in.
    const std::size_t done = round + 1;
    if (n_kept < draws.n_draws &&
        done * draws.n_draws >=
            (sampling.n_rounds - n_after) * draws.n_draws + (n_kept + 1) * n_after) {
      keep_draw(users, items, noise_precision, n_kept++, draws);
    }
    const double squared_error = std::accumulate(squared_errors.begin(), squared_errors.end(), 0.0);
    const double rmse =
        draws.scale * std::sqrt(squared_error / static_cast<double>(matrix.n_entries()));
    context.progress.report("fitting biased_mf", done, sampling.n_rounds,
                            fmt::format("training rmse {:.4f}", rmse));
  }
  COSENO_CHECK(n_kept == draws.n_draws);
  return draws;
}

}  // namespace coseno
