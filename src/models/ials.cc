#include "models/ials.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "base/rng.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kIalsItems = "ials.items";                     // F32, n_items x dim
constexpr const char* kIalsSquaredLengths = "ials.squared_lengths";  // F32, dim
constexpr const char* kIalsMeanUser = "ials.mean_user";              // F32, dim
constexpr const char* kItemWeights = "ials.item_weights";            // F32, n_items
constexpr const char* kIalsNumbers = "ials.numbers";  // F32: mean, slope, a, share of ridges

// Rows that a thread takes at once: about a millisecond.
constexpr std::size_t kRowsInStep = 64;

// Of conjugate gradients in a half-step. One gets as far in a round where all is well conditioned,
// and less far where it is not; three take longer and get no further.
constexpr int kSteps = 2;

// The deviation of an item's first vector is this by sqrt(dim): 10 times more or less changes
// nothing after a few rounds.
constexpr double kFirstDeviation = 0.1;
constexpr std::uint64_t kFirstItems = 1;  // stream of random numbers

// The acts of each row of one side: of each user, or of each item.
struct Side {
  std::vector<std::size_t> begin = {0};  // n_rows + 1
  std::vector<RowWeight> acts;           // row: a number on the other side
  std::vector<float> weights;            // n_rows: d_u, or e_i
  double total_weight = 0;               // their sum
  std::vector<float> ridges;             // n_rows: l_u, or l_i

  std::size_t n_rows() const { return begin.size() - 1; }
  std::span<const RowWeight> row(std::size_t r) const {
    return std::span(acts).subspan(begin[r], begin[r + 1] - begin[r]);
  }
};

Side side_of_users(const UserItemMatrix& matrix, const ActWeights& weights) {
  Side side;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const History history = matrix.user(static_cast<UserIndex>(u));
    const float mean = weights.user_mean(history);
    for (const Interaction& act : history) {
      const float weight = weights.of(act.value, mean);
      if (weight > 0) side.acts.push_back({std::to_underlying(act.item), weight});
    }
    side.begin.push_back(side.acts.size());
  }
  return side;
}

// The same acts by item, users rising.
Side side_of_items(const Side& users, std::size_t n_items) {
  Side side;
  side.begin.assign(n_items + 1, 0);
  for (const RowWeight& act : users.acts) ++side.begin[act.row + 1];
  std::partial_sum(side.begin.begin(), side.begin.end(), side.begin.begin());
  side.acts.resize(users.acts.size());
  std::vector<std::size_t> next(side.begin.begin(), side.begin.end() - 1);
  for (std::uint32_t u = 0; u < users.n_rows(); ++u) {
    for (const RowWeight& act : users.row(u)) side.acts[next[act.row]++] = {u, act.weight};
  }
  return side;
}

// Rows weigh n ^ -exponent, scaled to a mean of 1 over the acts.
void set_weights(Side& side, double exponent) {
  double sum = 0;
  std::vector<double> weights;
  for (std::size_t r = 0; r < side.n_rows(); ++r) {
    const auto n = static_cast<double>(side.row(r).size());
    weights.push_back(std::pow(std::max(n, 1.0), -exponent));
    sum += n * weights.back();
  }
  const double scale = sum > 0 ? static_cast<double>(side.acts.size()) / sum : 1;
  for (const double weight : weights) {
    side.weights.push_back(static_cast<float>(scale * weight));
    side.total_weight += side.weights.back();
  }
}

// The sum of the other side's weights over the acts.
double weight_of(std::span<const RowWeight> acts, std::span<const float> weights) {
  double sum = 0;
  for (const RowWeight& act : acts) sum += weights[act.row];
  return sum;
}

double ridge_of(double share, double unobserved, double acts_weight, double all_weight) {
  // Above 0 also for a row without acts.
  constexpr double kLeast = std::numeric_limits<float>::min();
  return std::max(kLeast, share * (acts_weight + unobserved * all_weight));
}

// The weight of a pair without an act.
double weight_of_pair(const Side& users, const Side& items, double unobserved) {
  const double pairs = users.total_weight * items.total_weight;
  return unobserved * static_cast<double>(users.acts.size()) / pairs;
}

// A row's ridge by its share of the loss is this: their mean is `regularization`.
double ridge_share(const Side& side, const Side& other, double regularization, double unobserved) {
  // The mean weight of an act is 1.
  const auto n_rows = static_cast<double>(side.n_rows());
  const double mean_acts = static_cast<double>(side.acts.size()) / n_rows;
  return regularization / (mean_acts + unobserved * other.total_weight);
}

// What each row's half-step needs of the other side: ridges and the weights in its acts.
void join(const Side& other, double share, double unobserved, Side& side) {
  for (std::size_t r = 0; r < side.n_rows(); ++r) {
    side.ridges.push_back(static_cast<float>(
        ridge_of(share, unobserved, weight_of(side.row(r), other.weights), other.total_weight)));
  }
  for (RowWeight& act : side.acts) act.weight *= other.weights[act.row];
}

std::vector<float> mean_row(const Factors& rows) {
  std::vector<double> sum(rows.dim());
  for (std::size_t r = 0; r < rows.n_rows(); ++r) {
    for (std::size_t k = 0; k < rows.dim(); ++k) sum[k] += rows.row(r)[k];
  }
  std::vector<float> mean;
  for (const double s : sum)
    mean.push_back(static_cast<float>(s / static_cast<double>(rows.n_rows())));
  return mean;
}

}  // namespace

class Ials::Trainer {
 public:
  Trainer(const UserItemMatrix& matrix, const ActWeights& weights, const Options& options,
          FitContext& context);

  // One half-step of all users and one of all items. Returns the mean error of an act in between:
  // sum c (1 - w h)^2 / sum c, weights included.
  double round();

  // Ends the training: hands the items over to the model, in their Gram basis.
  void finish(Ials& model);

 private:
  std::size_t dim() const { return static_cast<std::size_t>(options_.dim); }
  void draw_items();
  double half_step(const Side& fixed_side, Factors& fixed, const Side& moving_side,
                   Factors& moving);
  double improve(const HalfStep& half_step, const Side& side, Factors& vectors);

  const Options& options_;
  FitContext& context_;
  double unobserved_;        // a
  double user_ridge_share_;  // r of the users
  Side users_;
  Side items_;
  Factors user_vectors_;  // dim padded, as the items'
  Factors item_vectors_;
  std::vector<HalfStep::Scratch> scratch_;
};

Ials::Trainer::Trainer(const UserItemMatrix& matrix, const ActWeights& weights,
                       const Options& options, FitContext& context)
    : options_(options),
      context_(context),
      users_(side_of_users(matrix, weights)),
      items_(side_of_items(users_, matrix.n_items())),
      user_vectors_(matrix.n_users(), padded(dim())),
      item_vectors_(matrix.n_items(), padded(dim())),
      scratch_(static_cast<std::size_t>(context.pool.n_threads())) {
  set_weights(users_, options.user_exponent);
  set_weights(items_, options.item_exponent);
  unobserved_ = weight_of_pair(users_, items_, options.unobserved);
  user_ridge_share_ = ridge_share(users_, items_, options.regularization, unobserved_);
  join(items_, user_ridge_share_, unobserved_, users_);
  join(users_, ridge_share(items_, users_, options.regularization, unobserved_), unobserved_,
       items_);
  draw_items();
}

void Ials::Trainer::draw_items() {
  const double deviation = kFirstDeviation / std::sqrt(static_cast<double>(dim()));
  for (std::size_t i = 0; i < item_vectors_.n_rows(); ++i) {
    Rng rng(context_.seed, kFirstItems, i);
    boost::random::normal_distribution<double> normal(0, deviation);
    for (float& x : item_vectors_.row(i).first(dim())) x = static_cast<float>(normal(rng));
  }
}

double Ials::Trainer::round() {
  half_step(items_, item_vectors_, users_, user_vectors_);
  return half_step(users_, user_vectors_, items_, item_vectors_);
}

double Ials::Trainer::half_step(const Side& fixed_side, Factors& fixed, const Side& moving_side,
                                Factors& moving) {
  const GramBasis basis = gram_basis(fixed, fixed_side.weights, dim(), context_.pool);
  turn(basis.directions, fixed, context_.pool);
  turn(basis.directions, moving, context_.pool);
  const HalfStep step(fixed.view(), basis.squared_lengths, static_cast<float>(unobserved_));
  return improve(step, moving_side, moving);
}

double Ials::Trainer::improve(const HalfStep& half_step, const Side& side, Factors& vectors) {
  struct Sum {
    double error = 0;
    double weight = 0;
  };
  std::vector<Sum> sums((side.n_rows() + kRowsInStep - 1) / kRowsInStep);
  context_.pool.parallel_for(
      side.n_rows(), kRowsInStep, [&](std::size_t begin, std::size_t end, int worker) {
        if (context_.progress.cancelled()) return;
        Sum& sum = sums[begin / kRowsInStep];
        for (std::size_t r = begin; r < end; ++r) {
          sum.error +=
              half_step.improve(side.row(r), side.ridges[r], kSteps,
                                scratch_[static_cast<std::size_t>(worker)], vectors.row(r));
          for (const RowWeight& act : side.row(r)) sum.weight += act.weight;
        }
      });
  Sum total;
  for (const Sum& sum : sums) {
    total.error += sum.error;
    total.weight += sum.weight;
  }
  return total.weight > 0 ? total.error / total.weight : 0;
}

void Ials::Trainer::finish(Ials& model) {
  GramBasis basis = gram_basis(item_vectors_, items_.weights, dim(), context_.pool);
  turn(basis.directions, item_vectors_, context_.pool);
  turn(basis.directions, user_vectors_, context_.pool);
  model.mean_user_ = mean_row(user_vectors_);
  model.items_ = std::move(item_vectors_);
  model.squared_lengths_ = std::move(basis.squared_lengths);
  model.item_weights_ = std::move(items_.weights);
  model.total_item_weight_ = items_.total_weight;
  model.unobserved_ = static_cast<float>(unobserved_);
  model.ridge_share_ = static_cast<float>(user_ridge_share_);
}

std::span<const OptionField<Ials::Options>> Ials::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 7> all = {{
      {.name = "dim",
       .member = &Options::dim,
       .min = 1,
       .max = 2048,
       .help = "numbers in a vector"},
      {.name = "rounds",
       .member = &Options::rounds,
       .min = 1,
       .max = 10000,
       .help = "how often all users and all items are fitted to the other side"},
      {.name = "unobserved",
       .member = &Options::unobserved,
       .min = 0,
       .max = 1e6,
       .help = "weight of all that was not chosen, where all acts together weigh 1",
       .search = SearchRange{.low = 1, .high = 300, .scale = SearchRange::Scale::log}},
      {.name = "regularization",
       .member = &Options::regularization,
       .min = 1e-6,
       .max = 1e6,
       .help = "acts: how far vectors are drawn to 0, the mean over users, and over items",
       .search = SearchRange{.low = 0.3, .high = 30, .scale = SearchRange::Scale::log}},
      {.name = "item_exponent",
       .member = &Options::item_exponent,
       .min = 0,
       .max = 1,
       .help = "0 lets all items count alike, above it those of many users count less",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "user_exponent",
       .member = &Options::user_exponent,
       .min = 0,
       .max = 1,
       .help = "0 lets all users count alike, above it those of many items count less",
       .search = SearchRange{.low = 0, .high = 1}},
      rating_weight_field(&Options::rating_weight),
  }};
  return all;
}

Result<std::unique_ptr<Model>> Ials::fit(const Dataset& dataset, const Options& options,
                                         FitContext& context) {
  auto model = std::make_unique<Ials>();
  model->weights_ = ActWeights(dataset.matrix, options.rating_weight);
  model->dim_ = static_cast<std::size_t>(options.dim);

  Trainer trainer(dataset.matrix, model->weights_, options, context);
  const auto n_rounds = static_cast<std::size_t>(options.rounds);
  std::string metric;
  for (std::size_t round = 0; round < n_rounds; ++round) {
    context.progress.report("fitting ials", round, n_rounds, metric);
    metric = fmt::format("error {:.4f}", trainer.round());
    if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  }
  context.progress.report("fitting ials", n_rounds, n_rounds, metric);
  trainer.finish(*model);
  return model;
}

Result<std::unique_ptr<Model>> Ials::load(const TensorFile& file, const Dataset& dataset) {
  const std::size_t n_items = dataset.items.size();
  COSENO_ASSIGN(shape, file.shape(kIalsItems));
  constexpr std::size_t kMaxDim = 2048;
  if (shape.size() != 2 || shape[0] != n_items || shape[1] < 1 || shape[1] > kMaxDim) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is not {} x 1..{}", file.path(),
                      kIalsItems, n_items, kMaxDim);
  }
  const std::size_t dim = shape[1];
  COSENO_ASSIGN(items, file.floats(kIalsItems, shape));
  COSENO_ASSIGN(squared_lengths, file.floats(kIalsSquaredLengths, {dim}));
  COSENO_ASSIGN(mean_user, file.floats(kIalsMeanUser, {dim}));
  COSENO_ASSIGN(item_weights, file.floats(kItemWeights, {n_items}));
  COSENO_ASSIGN(numbers, file.floats(kIalsNumbers, {4}));
  // Past 10^6 nothing that was fitted is; below it products stay finite.
  constexpr float kLargest = 1e6F;
  const auto is_within = [](float x) { return std::abs(x) <= kLargest; };
  const auto is_weight = [](float x) { return x > 0 && x <= kLargest; };
  const auto is_square = [](float x) { return x >= 0 && x <= kLargest * kLargest; };
  if (!std::ranges::all_of(items, is_within) || !std::ranges::all_of(mean_user, is_within) ||
      !std::ranges::all_of(squared_lengths, is_square) ||
      !std::ranges::all_of(item_weights, is_weight) || numbers[1] < 0 || numbers[2] < 0 ||
      numbers[2] > kLargest || !is_weight(numbers[3])) {
    return make_error(ErrorCode::corrupt, "{}: a tensor of ials is out of range", file.path());
  }
  auto model = std::make_unique<Ials>();
  model->weights_ = ActWeights(numbers[0], numbers[1]);
  model->unobserved_ = numbers[2];
  model->ridge_share_ = numbers[3];
  model->dim_ = dim;
  model->items_ = Factors(n_items, padded(dim));
  for (std::size_t i = 0; i < n_items; ++i) {
    std::ranges::copy(items.subspan(i * dim, dim), model->items_.row(i).begin());
  }
  model->squared_lengths_.assign(squared_lengths.begin(), squared_lengths.end());
  model->squared_lengths_.resize(padded(dim));
  model->mean_user_.assign(mean_user.begin(), mean_user.end());
  model->mean_user_.resize(padded(dim));
  model->item_weights_.assign(item_weights.begin(), item_weights.end());
  for (const float weight : item_weights) model->total_item_weight_ += weight;
  return model;
}

void Ials::save(TensorFileWriter& file) const {
  std::vector<float> items;
  items.reserve(n_items() * dim_);
  for (std::size_t i = 0; i < n_items(); ++i) {
    const std::span<const float> item = items_.row(i).first(dim_);
    items.insert(items.end(), item.begin(), item.end());
  }
  file.add(kIalsItems, {n_items(), dim_}, std::move(items));
  file.add(kIalsSquaredLengths, {dim_}, std::span(squared_lengths_).first(dim_));
  file.add(kIalsMeanUser, {dim_}, std::span(mean_user_).first(dim_));
  file.add(kItemWeights, {n_items()}, item_weights_);
  file.add(kIalsNumbers, {4},
           std::vector<float>{weights_.mean(), weights_.slope(), unobserved_, ridge_share_});
}

Ials::Acts Ials::acts(const Profile& profile) const {
  const KnownPart known = known_part(profile, n_items());
  const float mean = weights_.user_mean(known.history, known.weights);
  std::vector<RowWeight> rows;
  rows.reserve(known.history.size());
  double acts_weight = 0;
  for (std::size_t j = 0; j < known.history.size(); ++j) {
    const Interaction& act = known.history[j];
    const float item_weight = known.weights[j] * item_weights_[offset(act.item)];
    const float weight = weights_.of(act.value, mean) * item_weight;
    if (!(weight > 0)) continue;
    rows.push_back({std::to_underlying(act.item), weight});
    acts_weight += item_weight;
  }
  const double ridge = ridge_of(ridge_share_, unobserved_, acts_weight, total_item_weight_);
  return {std::move(rows), static_cast<float>(ridge)};
}

std::vector<float> Ials::user_vector(const Profile& profile) const {
  const auto [rows, ridge] = acts(profile);
  if (rows.empty()) return mean_user_;
  const HalfStep half_step(items_.view(), squared_lengths_, unobserved_);
  HalfStep::Scratch scratch;
  std::vector<float> vector(items_.dim());
  half_step.solve(rows, ridge, scratch, vector);
  return vector;
}

void Ials::score(const Profile& profile, std::span<float> out) const {
  multiply(items_.view(), user_vector(profile), out);
}

Ranking Ials::similar_items(ItemIndex item, std::size_t k) const {
  if (offset(item) >= n_items()) return {};
  return similar_by_cosine(items_.view(), item, k);
}

}  // namespace coseno
