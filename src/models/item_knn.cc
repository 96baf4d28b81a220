#include "models/item_knn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "models/cooccurrence.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kNorms = "item_knn.norms";         // F32, n_items
constexpr const char* kKnnNumbers = "item_knn.numbers";  // F32: a, shrink

// Of BM25, as in PyPI's implicit, of which the constants are too: an item that many users have is a
// long document.
constexpr double kSaturation = 100;
constexpr double kLengthShare = 0.8;

bool has_exponent(const ItemKnn::Options& options) {
  return options.similarity != "jaccard" && options.similarity != "dice";
}

// idf_u^2 of every user.
std::vector<float> squared_idfs(const UserItemMatrix& matrix) {
  const double log_of_all = std::log1p(static_cast<double>(matrix.n_items()));
  std::vector<float> squares;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const auto n = static_cast<double>(matrix.user_size(static_cast<UserIndex>(u)));
    const double idf = 1 - std::log1p(n) / log_of_all;
    squares.push_back(static_cast<float>(idf * idf));
  }
  return squares;
}

// d_u of every user.
std::vector<float> user_weights(const UserItemMatrix& matrix, const ItemKnn::Options& options) {
  if (options.similarity == "tfidf" || options.similarity == "bm25") return squared_idfs(matrix);
  return user_length_weights(matrix, options.user_length);
}

// n_i of BM25.
std::vector<float> document_norms(const UserItemMatrix& matrix) {
  const double mean =
      static_cast<double>(matrix.n_entries()) / static_cast<double>(matrix.n_items());
  std::vector<float> norms;
  for (std::size_t i = 0; i < matrix.n_items(); ++i) {
    const auto n = static_cast<double>(matrix.item_size(static_cast<ItemIndex>(i)));
    const double length = 1 - kLengthShare + kLengthShare * n / mean;
    const double root = (1 + kSaturation * length) / (1 + kSaturation);
    norms.push_back(static_cast<float>(root * root));
  }
  return norms;
}

std::vector<float> powers(std::span<const float> norms, double exponent) {
  std::vector<float> powers;
  for (const float norm : norms) powers.push_back(static_cast<float>(std::pow(norm, exponent)));
  return powers;
}

// The similarity by its denominator; `norms`: n_i.
Cooccurrence::Nearness nearness(const ItemKnn::Options& options, std::span<const float> norms) {
  Cooccurrence::Nearness nearness;
  nearness.shrink = static_cast<float>(options.shrink);
  if (has_exponent(options)) {
    nearness.own = powers(norms, 1 - options.popularity);
    nearness.other = powers(norms, options.popularity);
    return nearness;
  }
  const bool is_jaccard = options.similarity == "jaccard";
  nearness.own.resize(norms.size());
  nearness.other.resize(norms.size());
  nearness.overlap = is_jaccard ? 1 : 0;
  for (const float norm : norms) nearness.plus.push_back(is_jaccard ? norm : norm / 2);
  return nearness;
}

}  // namespace

std::span<const OptionField<ItemKnn::Options>> ItemKnn::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 6> all = {{
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many items at most speak for an item",
       .search = SearchRange{.low = 20, .high = 500, .scale = SearchRange::Scale::log}},
      {.name = "shrink",
       .member = &Options::shrink,
       .min = 0,
       .max = 1000,
       .help = "users: how far similarities that few users tell of are drawn to 0",
       .search = SearchRange{.low = 0.1, .high = 100, .scale = SearchRange::Scale::log}},
      {.name = "popularity",
       .member = &Options::popularity,
       .min = 0,
       .max = 1,
       .help = "exponent: 0.5 is the cosine, above it popular items come sooner; unused by jaccard "
               "and dice",
       .search = SearchRange{.low = 0.4, .high = 1}},
      {.name = "user_length",
       .member = &Options::user_length,
       .min = 0,
       .max = 1,
       .help = "exponent: 0 lets all users count alike, above it those with many items count less; "
               "unused by tfidf and bm25",
       .search = SearchRange{.low = 0, .high = 1}},
      rating_weight_field(&Options::rating_weight),
      {.name = "similarity",
       .member = &Options::similarity,
       .choices = {"cosine", "jaccard", "dice", "tfidf", "bm25"},
       .help = "what makes items alike"},
  }};
  return all;
}

Result<std::unique_ptr<Model>> ItemKnn::fit(const Dataset& dataset, const Options& options,
                                            FitContext& context) {
  const UserItemMatrix& matrix = dataset.matrix;
  const ActWeights acts(matrix, options.rating_weight);
  const Cooccurrence cooccurrence(matrix, acts, user_weights(matrix, options));
  const std::vector<float> counts(cooccurrence.norms().begin(), cooccurrence.norms().end());

  auto model = std::make_unique<ItemKnn>();
  model->norms_ = options.similarity == "bm25" ? document_norms(matrix) : counts;
  model->popularity_ = has_exponent(options) ? static_cast<float>(options.popularity) : 0.5F;
  model->shrink_ = static_cast<float>(options.shrink);
  COSENO_ASSIGN(speakers, cooccurrence.nearest(nearness(options, model->norms_),
                                               static_cast<std::size_t>(options.neighbours),
                                               context, "fitting item_knn"));
  model->weights_ = ItemWeights(speakers, counts, acts);
  return model;
}

Result<std::unique_ptr<Model>> ItemKnn::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(weights, ItemWeights::load(kName, file, dataset.items.size()));
  COSENO_ASSIGN(norms, file.floats(kNorms, {dataset.items.size()}));
  COSENO_ASSIGN(numbers, file.floats(kKnnNumbers, {2}));
  constexpr float kMaxNorm = 1e18F;  // its powers and sums are finite
  const auto is_sound = [](float x) { return x >= 0 && x <= kMaxNorm; };
  if (!std::ranges::all_of(norms, is_sound) || !std::ranges::all_of(numbers, is_sound) ||
      numbers[0] > 1) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' or '{}' is out of range", file.path(),
                      kNorms, kKnnNumbers);
  }
  auto model = std::make_unique<ItemKnn>();
  model->weights_ = std::move(weights);
  model->norms_.assign(norms.begin(), norms.end());
  model->popularity_ = numbers[0];
  model->shrink_ = numbers[1];
  return model;
}

void ItemKnn::save(TensorFileWriter& file) const {
  weights_.save(kName, file);
  file.add(kNorms, {n_items()}, norms_);
  file.add(kKnnNumbers, {2}, std::vector<float>{popularity_, shrink_});
}

Ranking ItemKnn::similar_items(ItemIndex item, std::size_t k) const {
  return weights_.similar(item, k, [&](ItemIndex from, ItemIndex to, float weight) {
    const float norm_from = norms_[offset(from)];
    const float norm_to = norms_[offset(to)];
    const float cosine = std::sqrt(norm_from) * std::sqrt(norm_to) + shrink_;
    return cosine > 0 ? weight * denominator(norm_from, norm_to) / cosine : 0;
  });
}

float ItemKnn::denominator(float norm_from, float norm_to) const {
  return std::pow(norm_from, popularity_) * std::pow(norm_to, 1 - popularity_) + shrink_;
}

}  // namespace coseno
