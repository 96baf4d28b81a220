#include "models/sasrec.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "math/kernels.h"
#include "models/sasrec_file.h"
#include "models/sasrec_training.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

// A length so near 1 is left as it is, so that what was brought to 1 stays as it was, bit by bit,
// when it is read again.
constexpr float kNearOne = 1e-5F;

}  // namespace

Sasrec::Sasrec(const SasrecTrained& trained)
    : shape_(trained.shape),
      temperature_(trained.temperature),
      rest_(trained.parameters.begin() +
                static_cast<std::ptrdiff_t>(trained.shape.n_items * trained.shape.dim),
            trained.parameters.end()),
      encoder_(trained.shape, trained.parameters),
      items_(trained.shape.n_items, padded(trained.shape.dim)),
      is_known_(trained.shape.n_items) {
  const MatrixView embeddings{trained.parameters.data(), shape_.n_items, shape_.dim};
  for (std::size_t i = 0; i < shape_.n_items; ++i) {
    const std::span<const float> from = embeddings.row(i);
    const float length = std::sqrt(dot(from, from));
    // Also where it is so short that its square is 0.
    is_known_[i] = length > 0 ? 1 : 0;
    if (length == 0) continue;
    const bool is_unit = temperature_ == 0 || std::abs(length - 1) < kNearOne;
    const std::span<float> to = items_.row(i);
    for (std::size_t k = 0; k < from.size(); ++k) to[k] = is_unit ? from[k] : from[k] / length;
  }
}

void Sasrec::read(std::span<const Interaction> acts, std::span<const float> weights,
                  SequenceState& state) const {
  KnownPart known = known_part({.history = acts, .weights = weights}, n_items());
  std::vector<std::size_t> rows;
  std::vector<float> log_weights;
  std::vector<std::int64_t> times;
  for (std::size_t j = 0; j < known.history.size(); ++j) {
    const std::size_t item = offset(known.history[j].item);
    if (is_known_[item] == 0) continue;
    rows.push_back(item);
    log_weights.push_back(std::log(known.weights[j]));
    times.push_back(known.history[j].time);
  }
  const std::size_t n = std::min(rows.size(), encoder_.reach());
  if (n == 0) return;
  Factors embedded(n, items_.dim());
  for (std::size_t r = 0; r < n; ++r) {
    std::ranges::copy(items_.row(rows[rows.size() - n + r]), embedded.row(r).begin());
  }
  encoder_.read(embedded, std::span(log_weights).last(n), std::span(times).last(n), state);
  if (temperature_ == 0) return;
  const float length = std::sqrt(dot(state.vector, state.vector));
  if (length == 0) return;
  for (float& value : state.vector) value /= length * temperature_;
}

std::vector<float> Sasrec::user_vector(const Profile& profile) const {
  SequenceState state;
  read(profile.history, profile.weights, state);
  if (state.vector.empty()) state.vector.resize(items_.dim());
  return std::move(state.vector);
}

void Sasrec::score(const Profile& profile, std::span<float> out) const {
  multiply(items_.view(), user_vector(profile), out);
}

Ranking Sasrec::similar_items(ItemIndex item, std::size_t k) const {
  if (offset(item) >= n_items() || is_known_[offset(item)] == 0) return {};
  return similar_by_cosine(items_.view(), item, k);
}

void Sasrec::save(TensorFileWriter& file) const {
  std::vector<float> embeddings;
  embeddings.reserve(n_items() * shape_.dim);
  for (std::size_t i = 0; i < n_items(); ++i) {
    const auto row = items_.row(i).first(shape_.dim);
    embeddings.insert(embeddings.end(), row.begin(), row.end());
  }
  add_sasrec(shape_, temperature_, std::move(embeddings), rest_, file);
}

Result<std::unique_ptr<Model>> Sasrec::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(trained, sasrec_of(file));
  if (trained.shape.n_items != dataset.items.size()) {
    return make_error(ErrorCode::corrupt, "{}: a sasrec of {} items does not fit {} ids",
                      file.path(), trained.shape.n_items, dataset.items.size());
  }
  return std::make_unique<Sasrec>(trained);
}

Result<std::unique_ptr<Model>> Sasrec::fit(const Dataset& dataset, const Options& options,
                                           FitContext& context) {
  if (options.file.empty()) {
    COSENO_ASSIGN(trained, train_sasrec(dataset.matrix, options, context));
    return std::make_unique<Sasrec>(trained);
  }
  COSENO_ASSIGN(trained, read_sasrec(options.file, dataset.items));
  return std::make_unique<Sasrec>(trained);
}

}  // namespace coseno
