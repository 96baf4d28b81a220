#include "models/vectors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "math/kernels.h"
#include "models/half_step.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kItems = "vectors.items";                     // F32, n_items x dim
constexpr const char* kBiases = "vectors.biases";                   // F32, n_items or 0
constexpr const char* kWithout = "vectors.items_without";           // U32, rising
constexpr const char* kSquaredLengths = "vectors.squared_lengths";  // F32, dim
constexpr const char* kMeanUser = "vectors.mean_user";              // F32, dim
// F32: mean, slope, least and largest rating; explicit, regularization, unobserved, centred,
// rating_weight.
constexpr const char* kNumbers = "vectors.numbers";
constexpr std::size_t kNNumbers = 9;

// Of an act: less is as if it were not there, and its inverse must be finite.
constexpr float kLeastActWeight = 1e-9F;

// Of a user's vector. What is larger comes of numbers that no training gives.
constexpr float kLargestUser = 1e20F;

// Of ratings, and of how they differ: as models/biased_mf_draws.h has it.
constexpr float kLargestRating = 1e16F;

// The mean of the rows with a vector, in double.
std::vector<float> mean_of(const Factors& rows, std::span<const char> counts) {
  std::vector<double> sum(rows.dim());
  std::size_t n = 0;
  for (std::size_t r = 0; r < rows.n_rows(); ++r) {
    if (counts[r] == 0) continue;
    ++n;
    for (std::size_t k = 0; k < rows.dim(); ++k) sum[k] += rows.row(r)[k];
  }
  std::vector<float> mean(rows.dim());
  for (std::size_t k = 0; k < mean.size() && n > 0; ++k) {
    mean[k] = static_cast<float>(sum[k] / static_cast<double>(n));
  }
  return mean;
}

bool is_sound_vector_number(float x) { return std::abs(x) <= Vectors::kLargest; }

}  // namespace

std::span<const OptionField<Vectors::Options>> Vectors::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 5> all = {{
      {.name = "form",
       .member = &Options::form,
       .choices = {kImplicit, kExplicit},
       .help = "implicit: what was had counts as 1; explicit: ratings count as they are"},
      {.name = "regularization",
       .member = &Options::regularization,
       .min = 1e-9,
       .max = 1e9,
       .help = "how far a user's vector is drawn to 0, where an act weighs 1"},
      {.name = "unobserved",
       .member = &Options::unobserved,
       .min = 0,
       .max = 1e3,
       .help = "implicit: weight of each item as one not chosen, where an act weighs 1"},
      {.name = "centred",
       .member = &Options::centred,
       .help = "explicit: ratings count from their mean; false: from 0"},
      rating_weight_field(&Options::rating_weight),
  }};
  return all;
}

Vectors::Made Vectors::make(const Given& given, const UserItemMatrix& matrix, ThreadPool& pool) {
  const std::size_t dim = given.item_vectors.dim;
  const std::size_t n_items = offset(std::ranges::max(given.items)) + 1;
  const std::size_t width = padded(dim);
  Made made{.model = std::make_unique<Vectors>(), .users = {}};
  Vectors& model = *made.model;
  model.dim_ = dim;
  model.has_vector_.assign(n_items, 0);
  Factors items(n_items, width);
  if (!given.item_biases.empty()) model.biases_.assign(n_items, 0);
  for (std::size_t r = 0; r < given.items.size(); ++r) {
    const std::size_t item = offset(given.items[r]);
    model.has_vector_[item] = 1;
    std::ranges::copy(given.item_vectors.row(r), items.row(item).begin());
    if (model.has_biases()) model.biases_[item] = given.item_biases[r];
  }
  const std::vector<float> weights(model.has_vector_.begin(), model.has_vector_.end());
  GramBasis basis = gram_basis(items, weights, dim, pool);
  turn(basis.directions, items, pool);
  const std::vector<float> mean = mean_of(items, model.has_vector_);
  double sum_of_biases = 0;
  for (const float bias : model.biases_) sum_of_biases += bias;
  for (std::size_t i = 0; i < n_items; ++i) {
    if (model.has_vector_[i] != 0) continue;
    std::ranges::copy(mean, items.row(i).begin());
    if (!model.has_biases()) continue;
    model.biases_[i] = static_cast<float>(sum_of_biases / static_cast<double>(given.items.size()));
  }

  Factors users(given.user_vectors.n_rows, width);
  for (std::size_t u = 0; u < users.n_rows(); ++u) {
    std::ranges::copy(given.user_vectors.row(u), users.row(u).begin());
  }
  turn(basis.directions, users, pool);
  model.mean_user_ = mean_of(users, std::vector<char>(users.n_rows(), 1));
  model.items_ = std::move(items);
  model.squared_lengths_ = std::move(basis.squared_lengths);
  model.ratings_ = ActWeights(matrix, 1);
  if (model.knows_ratings()) {
    model.least_rating_ = kLargestRating;
    model.largest_rating_ = -kLargestRating;
    for (std::size_t u = 0; u < matrix.n_users(); ++u) {
      for (const Interaction& rating : matrix.user(static_cast<UserIndex>(u))) {
        model.least_rating_ = std::min(model.least_rating_, rating.value);
        model.largest_rating_ = std::max(model.largest_rating_, rating.value);
      }
    }
  }
  model.derive();
  made.users = Factors(users.n_rows(), model.items_.dim());
  for (std::size_t u = 0; u < users.n_rows(); ++u) {
    std::ranges::copy(users.row(u), made.users.row(u).begin());
  }
  return made;
}

void Vectors::derive() {
  const std::size_t width = padded(dim_ + (has_biases() ? 1 : 0));
  Factors items(n_items(), width);
  inverse_lengths_.assign(n_items(), 0);
  weighted_biases_.assign(has_biases() ? width : 0, 0);
  std::vector<double> weighted(weighted_biases_.size());
  for (std::size_t i = 0; i < n_items(); ++i) {
    const std::span<const float> from = items_.row(i).first(dim_);
    std::ranges::copy(from, items.row(i).begin());
    const float length = std::sqrt(dot(from, from));
    if (has_vector_[i] != 0 && length > 0) inverse_lengths_[i] = 1 / length;
    if (!has_biases()) continue;
    items.row(i)[dim_] = biases_[i];
    if (has_vector_[i] == 0) continue;
    for (std::size_t k = 0; k < dim_; ++k) {
      weighted[k] += static_cast<double>(biases_[i]) * from[k];
    }
  }
  std::ranges::transform(weighted, weighted_biases_.begin(),
                         [](double x) { return static_cast<float>(x); });
  items_ = std::move(items);
  squared_lengths_.resize(width);
  mean_user_.resize(width);
  if (has_biases()) mean_user_[dim_] = 1;
}

double Vectors::mean_squared_length() const {
  const double sum = std::accumulate(squared_lengths_.begin(), squared_lengths_.end(), 0.0);
  const auto n = std::ranges::count(has_vector_, 1);
  return sum / static_cast<double>(std::max<std::ptrdiff_t>(n, 1));
}

struct Vectors::Acts {
  std::vector<RowWeight> entries;
  std::vector<float> targets;
  Factors rows;  // h_j, 0 where the bias would stand
};

Vectors::Acts Vectors::acts(const Profile& profile, const Options& options) const {
  KnownPart known = known_part(profile, n_items());
  const bool is_explicit = options.form == kExplicit;
  const ActWeights weights(ratings_.mean(),
                           ratings_.slope() * static_cast<float>(options.rating_weight));
  const float mean = weights.user_mean(known.history, known.weights);
  const float centre = options.centred ? ratings_.mean() : 0;
  Acts acts;
  std::vector<std::size_t> items;
  for (std::size_t j = 0; j < known.history.size(); ++j) {
    const Interaction& act = known.history[j];
    const std::size_t item = offset(act.item);
    float weight = known.weights[j];
    if (!is_explicit) weight *= weights.of(act.value, mean);
    if (has_vector_[item] == 0 || weight < kLeastActWeight) continue;
    const float bias = has_biases() ? biases_[item] : 0;
    const float target =
        is_explicit ? std::clamp(act.value, least_rating_, largest_rating_) - centre : 1;
    acts.entries.push_back({static_cast<std::uint32_t>(items.size()), weight});
    acts.targets.push_back(target - bias);
    items.push_back(item);
  }
  acts.rows = Factors(items.size(), items_.dim());
  for (std::size_t j = 0; j < items.size(); ++j) {
    std::ranges::copy(items_.row(items[j]).first(dim_), acts.rows.row(j).begin());
  }
  return acts;
}

// With biases the loss has a linear term more: a sum b_i h_i w. It moves where w starts from, to
//
//   w_0 = -(a S + r)^-1 a sum b_i h_i
//
// and w - w_0 is the solution for targets less by h_j w_0.
std::vector<float> Vectors::fold_in(const Profile& profile, const Options& options) const {
  Acts acts = this->acts(profile, options);
  if (acts.entries.empty()) return mean_user_;
  const auto unobserved = options.form == kExplicit ? 0.0F : static_cast<float>(options.unobserved);
  const auto ridge = static_cast<float>(options.regularization);
  std::vector<float> start(items_.dim());
  for (std::size_t k = 0; k < weighted_biases_.size(); ++k) {
    start[k] = -unobserved * weighted_biases_[k] / (unobserved * squared_lengths_[k] + ridge);
  }
  for (std::size_t j = 0; j < acts.targets.size(); ++j) {
    acts.targets[j] -= dot(acts.rows.row(j), start);
  }
  const HalfStep half_step(acts.rows.view(), squared_lengths_, unobserved);
  HalfStep::Scratch scratch;
  std::vector<float> vector(items_.dim());
  half_step.solve(acts.entries, acts.targets, ridge, scratch, vector);
  for (std::size_t k = 0; k < vector.size(); ++k) vector[k] += start[k];
  // A file may hold numbers that no training gives; an answer must be finite all the same.
  if (!std::ranges::all_of(vector, [](float x) { return std::abs(x) <= kLargestUser; })) {
    return mean_user_;
  }
  if (has_biases()) vector[dim_] = 1;
  return vector;
}

void Vectors::score(const Profile& profile, std::span<float> out) const {
  multiply(items_.view(), user_vector(profile), out);
}

Ranking Vectors::similar_items(ItemIndex item, std::size_t k) const {
  const std::size_t i = offset(item);
  if (i >= n_items() || inverse_lengths_[i] == 0) return {};
  std::vector<float> vector(items_.row(i).begin(), items_.row(i).end());
  if (has_biases()) vector[dim_] = 0;
  std::vector<float> scores(n_items());
  multiply(items_.view(), vector, scores);
  for (std::size_t other = 0; other < n_items(); ++other) {
    const float inverse = inverse_lengths_[other];
    scores[other] = inverse > 0 ? scores[other] * inverse * inverse_lengths_[i] : kNeverScore;
  }
  scores[i] = kNeverScore;
  return best_items(scores, k);
}

void Vectors::save(TensorFileWriter& file) const {
  std::vector<float> items;
  std::vector<std::uint32_t> without;
  items.reserve(n_items() * dim_);
  for (std::size_t i = 0; i < n_items(); ++i) {
    const std::span<const float> item = items_.row(i).first(dim_);
    items.insert(items.end(), item.begin(), item.end());
    if (has_vector_[i] == 0) without.push_back(static_cast<std::uint32_t>(i));
  }
  file.add(kItems, {n_items(), dim_}, std::move(items));
  file.add(kBiases, {biases_.size()}, biases_);
  const std::size_t n_without = without.size();
  file.add(kWithout, {n_without}, std::move(without));
  file.add(kSquaredLengths, {dim_}, std::span(squared_lengths_).first(dim_));
  file.add(kMeanUser, {dim_}, std::span(mean_user_).first(dim_));
  file.add(kNumbers, {kNNumbers},
           std::vector<float>{
               ratings_.mean(), ratings_.slope(), least_rating_, largest_rating_,
               options_.form == kExplicit ? 1.0F : 0.0F,
               static_cast<float>(options_.regularization), static_cast<float>(options_.unobserved),
               options_.centred ? 1.0F : 0.0F, static_cast<float>(options_.rating_weight)});
}

namespace {

// The nine numbers as they may be.
bool are_sound(std::span<const float> numbers) {
  const auto is_rating = [](float x) { return std::abs(x) <= kLargestRating; };
  const auto is_flag = [](float x) { return x == 0 || x == 1; };
  return is_rating(numbers[0]) && numbers[1] >= 0 && is_rating(numbers[2]) &&
         is_rating(numbers[3]) && numbers[2] <= numbers[3] && is_flag(numbers[4]) &&
         numbers[5] >= 0.9e-9F && numbers[5] <= 1.1e9F && numbers[6] >= 0 && numbers[6] <= 1.1e3F &&
         is_flag(numbers[7]) && numbers[8] >= 0 && numbers[8] <= 10;
}

}  // namespace

Result<std::unique_ptr<Model>> Vectors::load(const TensorFile& file, const Dataset& dataset) {
  const std::size_t n_items = dataset.items.size();
  COSENO_ASSIGN(shape, file.shape(kItems));
  if (shape.size() != 2 || shape[0] != n_items || shape[1] < 1 || shape[1] > kMaxDim) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is not {} x 1..{}", file.path(), kItems,
                      n_items, kMaxDim);
  }
  const std::size_t dim = shape[1];
  COSENO_ASSIGN(items, file.floats(kItems, shape));
  COSENO_ASSIGN(biases, file.floats(kBiases, {TensorFile::kAny}));
  COSENO_ASSIGN(without, file.uint32s(kWithout, {TensorFile::kAny}));
  COSENO_ASSIGN(squared_lengths, file.floats(kSquaredLengths, {dim}));
  COSENO_ASSIGN(mean_user, file.floats(kMeanUser, {dim}));
  COSENO_ASSIGN(numbers, file.floats(kNumbers, {kNNumbers}));
  // In another basis one element may have all of a vector's length.
  const auto is_element = [](float x) { return std::abs(x) <= 100 * kLargest; };
  const auto is_square = [](float x) { return x >= 0 && x <= 1e24F; };
  const bool lengths_fit = biases.empty() || biases.size() == n_items;
  if (!lengths_fit || !std::ranges::all_of(items, is_element) ||
      !std::ranges::all_of(biases, is_sound_vector_number) ||
      !std::ranges::all_of(squared_lengths, is_square) ||
      !std::ranges::all_of(mean_user, is_element) || !are_sound(numbers) ||
      std::ranges::any_of(without, [&](std::uint32_t i) { return i >= n_items; })) {
    return make_error(ErrorCode::corrupt, "{}: a tensor of vectors is out of range", file.path());
  }
  auto model = std::make_unique<Vectors>();
  model->dim_ = dim;
  model->items_ = Factors(n_items, dim);
  std::ranges::copy(items, model->items_.values().begin());
  model->biases_.assign(biases.begin(), biases.end());
  model->has_vector_.assign(n_items, 1);
  for (const std::uint32_t item : without) model->has_vector_[item] = 0;
  model->squared_lengths_.assign(squared_lengths.begin(), squared_lengths.end());
  model->mean_user_.assign(mean_user.begin(), mean_user.end());
  model->ratings_ = ActWeights(numbers[0], numbers[1]);
  model->least_rating_ = numbers[2];
  model->largest_rating_ = numbers[3];
  model->options_ = {.form = std::string(numbers[4] == 1 ? kExplicit : kImplicit),
                     .regularization = numbers[5],
                     .unobserved = numbers[6],
                     .centred = numbers[7] == 1,
                     .rating_weight = numbers[8]};
  model->derive();
  return model;
}

}  // namespace coseno
