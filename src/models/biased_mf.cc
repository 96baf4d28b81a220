#include "models/biased_mf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/check.h"
#include "math/kernels.h"
#include "models/biased_mf_sampler.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

using Field = OptionField<BiasedMf::Options>;
const std::array kFields = {
    Field{.name = "dim",
          .member = &BiasedMf::Options::dim,
          .min = 1,
          .max = 255,
          .help = "length of a vector; with the bias a multiple of 16 is fastest (15, 31)"},
    Field{.name = "rounds",
          .member = &BiasedMf::Options::rounds,
          .min = 1,
          .max = 100000,
          .help =
              "rounds of Gibbs sampling, of which the first 30% are thrown away; 8 is the quick "
              "way"},
    Field{.name = "draws",
          .member = &BiasedMf::Options::draws,
          .min = 1,
          .max = 1000,
          .help = "draws kept: each is another vector an item, in memory and on disk"},
};

// In deviations of the ratings for each factor e of popularity. 1 to 2 give the same quality within
// 0.001 (MovieLens 100K, ua).
constexpr float kPopularityWeight = 1.5F;

// Every number of the draws but precisions is below this (deviations of the ratings), so that sums
// of products over thousands of them are finite. What a fit gives is of the order of 1.
constexpr float kMaxNumber = 1e6F;
constexpr float kMaxPrecision = 1e12F;

bool is_sound(float x) { return std::abs(x) <= kMaxNumber; }

float mean_of(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0F) / static_cast<float>(values.size());
}

void add_row(std::span<const float> row, float weight, std::span<float> out) {
  for (std::size_t k = 0; k < row.size(); ++k) out[k] += weight * row[k];
}

// The ratings of one user, and memory to fold them into one draw after another.
class FoldIn {
 public:
  FoldIn(const BiasedMfDraws& draws, const KnownPart& known)
      : draws_(draws),
        known_(known),
        width_(padded(draws.dim + 1)),
        regressors_(known.history.size() * width_),
        weights_(known.history.size()),
        targets_(known.history.size()),
        gram_(width_ * width_),
        copy_(width_ * width_),
        numbers_(width_),
        noise_precision_(draws.noise_precisions.front()) {}

  // The user's vector and bias (dim + 1 numbers) in this draw, given their prior mean. The user's
  // noise precision is taken from the errors in the draw before.
  std::span<const float> solve(std::size_t draw, std::span<const float> prior_mean) {
    gather(draw);
    start_from_prior(draw, prior_mean);
    for (std::size_t j = 0; j < weights_.size(); ++j) {
      weights_[j] = known_.weights[j] * noise_precision_;
    }
    add_normal_equations(regressors_.data(), weights_, targets_, width_, gram_.data(),
                         numbers_.data());
    solve_positive_definite(gram_.data(), n_numbers(), width_, copy_.data(), numbers_.data());
    // A file may hold numbers that no fit would give; an answer must be finite all the same.
    if (!std::ranges::all_of(numbers_, is_sound)) {
      std::ranges::fill(numbers_, 0.0F);  // the padding too
      std::ranges::copy(prior_mean, numbers_.begin());
    }
    update_noise(draw);
    return std::span(numbers_).first(n_numbers());
  }

 private:
  std::size_t n_numbers() const { return draws_.dim + 1; }

  void gather(std::size_t draw) {
    for (std::size_t j = 0; j < known_.history.size(); ++j) {
      const std::size_t item = offset(known_.history[j].item);
      float* const row = regressors_.data() + j * width_;
      std::ranges::copy(draws_.item_vectors.row(item).subspan(draw * draws_.dim, draws_.dim), row);
      row[draws_.dim] = 1;
      targets_[j] = (known_.history[j].value - draws_.mean) / draws_.scale -
                    draws_.item_biases.row(item)[draw];
    }
  }

  // gram = L and numbers = L prior_mean.
  void start_from_prior(std::size_t draw, std::span<const float> prior_mean) {
    const std::span<const float> precision = draws_.user_precisions.row(draw);
    std::ranges::fill(gram_, 0.0F);
    std::ranges::fill(numbers_, 0.0F);
    for (std::size_t r = 0; r < n_numbers(); ++r) {
      const std::span<const float> row = precision.subspan(r * n_numbers(), n_numbers());
      std::ranges::copy(row, gram_.begin() + static_cast<std::ptrdiff_t>(r * width_));
      numbers_[r] = dot(row, prior_mean);
    }
  }

  // The mean of the Gamma distribution that the sampler draws from.
  void update_noise(std::size_t draw) {
    double squared_error = 0;
    for (std::size_t j = 0; j < targets_.size(); ++j) {
      const std::span<const float> row(regressors_.data() + j * width_, width_);
      const double error = targets_[j] - dot(row, numbers_);
      squared_error += known_.weights[j] * error * error;
    }
    noise_precision_ =
        static_cast<float>((kNoiseShape + known_.total_weight()) /
                           (kNoiseShape / draws_.noise_precisions[draw] + squared_error));
  }

  const BiasedMfDraws& draws_;
  const KnownPart& known_;
  std::size_t width_;
  std::vector<float> regressors_;  // history x width: (item vector, 1)
  std::vector<float> weights_;
  std::vector<float> targets_;
  std::vector<float> gram_;     // width x width
  std::vector<float> copy_;     // width x width
  std::vector<float> numbers_;  // width
  float noise_precision_;
};

// Every array of the draws with its tensor name and shape, for save and load alike.
struct NamedTensor {
  const char* name;
  std::vector<std::size_t> shape;
  std::vector<float> BiasedMfDraws::* values = nullptr;
  Factors BiasedMfDraws::* factors = nullptr;
};

std::vector<NamedTensor> tensors(std::size_t n_items, std::size_t n_properties, std::size_t n_draws,
                                 std::size_t dim) {
  const std::size_t numbers = dim + 1;
  using D = BiasedMfDraws;
  return {
      {.name = "item_counts", .shape = {n_items}, .values = &D::item_counts},
      {.name = "item_vectors", .shape = {n_items, n_draws * dim}, .factors = &D::item_vectors},
      {.name = "item_biases", .shape = {n_items, n_draws}, .factors = &D::item_biases},
      {.name = "unknown_item_vector", .shape = {n_draws * dim}, .values = &D::unknown_item_vector},
      {.name = "unknown_item_biases", .shape = {n_draws}, .values = &D::unknown_item_biases},
      {.name = "user_means", .shape = {n_draws, numbers}, .factors = &D::user_means},
      {.name = "user_precisions",
       .shape = {n_draws, numbers * numbers},
       .factors = &D::user_precisions},
      {.name = "implicit_weights",
       .shape = {n_items, n_draws * numbers},
       .factors = &D::implicit_weights},
      {.name = "property_weights",
       .shape = {n_properties, n_draws * numbers},
       .factors = &D::property_weights},
      {.name = "noise_precisions", .shape = {n_draws}, .values = &D::noise_precisions},
  };
}

// mean, scale, min and max, in this order.
constexpr const char* kRatingRange = "rating_range";

// Numbers of which every sum and product that fold-in and scoring take is finite.
Result<void> check_draws(const BiasedMfDraws& draws, const std::string& path) {
  const auto corrupt = [&](const char* what) {
    return make_error(ErrorCode::corrupt, "{}: {} of biased_mf is out of range", path, what);
  };
  const auto is_rating = [](float x) { return std::abs(x) < kMaxRating; };
  if (!is_rating(draws.mean) || !is_rating(draws.min) || !is_rating(draws.max) ||
      !(draws.min <= draws.max) || !(draws.scale > 0) || !is_rating(draws.scale)) {
    return corrupt(kRatingRange);
  }
  const auto is_precision = [](float x) { return std::abs(x) <= kMaxPrecision; };
  const auto is_noise = [](float x) { return x > 0 && x <= kMaxNoisePrecision; };
  if (!std::ranges::all_of(draws.user_precisions.values(), is_precision)) {
    return corrupt("a precision");
  }
  if (!std::ranges::all_of(draws.noise_precisions, is_noise)) return corrupt("a noise precision");
  if (!std::ranges::all_of(draws.item_counts, [](float x) { return x >= 0; })) {
    return corrupt("a count of ratings");
  }
  for (const Factors* const factors : {&draws.item_vectors, &draws.item_biases, &draws.user_means,
                                       &draws.implicit_weights, &draws.property_weights}) {
    if (!std::ranges::all_of(factors->values(), is_sound)) return corrupt("a vector or weight");
  }
  if (!std::ranges::all_of(draws.unknown_item_vector, is_sound) ||
      !std::ranges::all_of(draws.unknown_item_biases, is_sound)) {
    return corrupt("the unknown item");
  }
  return {};
}

}  // namespace

std::span<const OptionField<BiasedMf::Options>> BiasedMf::fields() { return kFields; }

Result<std::unique_ptr<Model>> BiasedMf::fit(const Dataset& dataset, const Options& options,
                                             FitContext& context) {
  if (!dataset.matrix.has_values()) {
    return invalid_argument("biased_mf learns from ratings, and the data have none");
  }
  const BiasedMfSampling sampling{.dim = static_cast<std::size_t>(options.dim),
                                  .n_rounds = static_cast<std::size_t>(options.rounds),
                                  .n_draws = static_cast<std::size_t>(options.draws)};
  COSENO_ASSIGN(draws, sample_biased_mf(dataset, sampling, context));
  return std::unique_ptr<Model>(new BiasedMf(std::move(draws)));
}

BiasedMf::BiasedMf(BiasedMfDraws draws) : draws_(std::move(draws)) {
  for (std::size_t i = 0; i < n_items(); ++i) {
    item_bias_.push_back(mean_of(draws_.item_biases.row(i)));
    popularity_score_.push_back(kPopularityWeight * draws_.scale *
                                std::log1p(draws_.item_counts[i]));
  }
  unknown_item_bias_ = mean_of(draws_.unknown_item_biases);
}

std::vector<float> BiasedMf::prior_numbers(const KnownPart& known, FeatureRow features) const {
  std::vector<float> numbers(draws_.user_means.values().begin(), draws_.user_means.values().end());
  const float weight = 1.0F / std::sqrt(static_cast<float>(known.total_weight()));
  for (std::size_t j = 0; j < known.history.size(); ++j) {
    add_row(draws_.implicit_weights.row(offset(known.history[j].item)), known.weights[j] * weight,
            numbers);
  }
  for (const Feature& feature : features) {
    if (feature.index >= draws_.property_weights.n_rows()) continue;
    add_row(draws_.property_weights.row(feature.index), feature.weight, numbers);
  }
  // As in FoldIn: weights of properties in a file may be as large as floats are.
  for (std::size_t k = 0; k < numbers.size(); ++k) {
    if (!is_sound(numbers[k])) numbers[k] = draws_.user_means.values()[k];
  }
  return numbers;
}

BiasedMf::User BiasedMf::fold_in(const Profile& profile) const {
  const KnownPart known = known_part(profile, n_items());
  const std::size_t dim = draws_.dim;
  const std::vector<float> prior = prior_numbers(known, profile.features);
  const auto prior_of = [&](std::size_t draw) {
    return std::span(prior).subspan(draw * (dim + 1), dim + 1);
  };
  FoldIn fold_in(draws_, known);
  fold_in.solve(0, prior_of(0));  // only for the user's noise precision
  User user{.vector = std::vector<float>(draws_.n_draws * dim)};
  for (std::size_t draw = 0; draw < draws_.n_draws; ++draw) {
    const std::span<const float> numbers = fold_in.solve(draw, prior_of(draw));
    std::ranges::copy(numbers.first(dim),
                      user.vector.begin() + static_cast<std::ptrdiff_t>(draw * dim));
    user.bias += numbers[dim] / static_cast<float>(draws_.n_draws);
  }
  return user;
}

float BiasedMf::rating(float inner_product, float biases) const {
  const float centred = biases + inner_product / static_cast<float>(draws_.n_draws);
  return draws_.mean + draws_.scale * centred;
}

void BiasedMf::score(const Profile& profile, std::span<float> out) const {
  const User user = fold_in(profile);
  multiply(draws_.item_vectors.view(), user.vector, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = rating(out[i], user.bias + item_bias_[i]) + popularity_score_[i];
  }
}

void BiasedMf::predict(const Profile& profile, std::span<const ItemIndex> items,
                       std::span<float> out) const {
  const User user = fold_in(profile);
  for (std::size_t j = 0; j < items.size(); ++j) {
    const std::size_t i = offset(items[j]);
    const bool is_known = i < n_items();
    const std::span<const float> vector =
        is_known ? draws_.item_vectors.row(i) : std::span<const float>(draws_.unknown_item_vector);
    const float bias = is_known ? item_bias_[i] : unknown_item_bias_;
    out[j] = std::clamp(rating(dot(vector, user.vector), user.bias + bias), draws_.min, draws_.max);
  }
}

std::vector<float> BiasedMf::user_vector(const Profile& profile) const {
  return fold_in(profile).vector;
}

Ranking BiasedMf::similar_items(ItemIndex item, std::size_t k) const {
  if (offset(item) >= n_items()) return {};
  return similar_by_cosine(draws_.item_vectors.view(), item, k);
}

void BiasedMf::save(TensorFileWriter& file) const {
  const std::vector<float> range = {draws_.mean, draws_.scale, draws_.min, draws_.max};
  file.add(kRatingRange, {range.size()}, std::vector<float>(range));
  for (const NamedTensor& tensor :
       tensors(n_items(), draws_.property_weights.n_rows(), draws_.n_draws, draws_.dim)) {
    if (tensor.factors != nullptr) {
      file.add(tensor.name, tensor.shape, (draws_.*tensor.factors).values());
    } else {
      file.add(tensor.name, tensor.shape, std::span<const float>(draws_.*tensor.values));
    }
  }
}

Result<std::unique_ptr<Model>> BiasedMf::load(const TensorFile& file, const Dataset& dataset) {
  BiasedMfDraws draws;
  COSENO_ASSIGN(range, file.floats(kRatingRange, {4}));
  draws.mean = range[0];
  draws.scale = range[1];
  draws.min = range[2];
  draws.max = range[3];
  COSENO_ASSIGN(means_shape, file.shape("user_means"));
  if (means_shape.size() != 2 || means_shape[0] < 1 || means_shape[1] < 2) {
    return make_error(ErrorCode::corrupt, "{}: tensor 'user_means' has no draws", file.path());
  }
  draws.n_draws = means_shape[0];
  draws.dim = means_shape[1] - 1;
  for (const NamedTensor& tensor :
       tensors(dataset.items.size(), dataset.user_encoder.n_features(), draws.n_draws, draws.dim)) {
    COSENO_ASSIGN(values, file.floats(tensor.name, tensor.shape));
    if (tensor.factors != nullptr) {
      Factors& factors = draws.*tensor.factors;
      factors = Factors(tensor.shape[0], tensor.shape[1]);
      std::ranges::copy(values, factors.values().begin());
    } else {
      (draws.*tensor.values).assign(values.begin(), values.end());
    }
  }
  COSENO_TRY(check_draws(draws, file.path()));
  return std::unique_ptr<Model>(new BiasedMf(std::move(draws)));
}

}  // namespace coseno
