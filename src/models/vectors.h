// Vectors that were trained elsewhere, for users as they are now.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "data/user_item_matrix.h"
#include "math/matrix.h"
#include "models/act_weights.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// Item vectors h_i, and biases b_i where there are any, of some matrix factorisation or two-tower
// network. They stay as they are; a user's vector w is that of least
//
//   implicit:  sum over the history c_j (1 - b_j - h_j w)^2 + a sum over all items (b_i + h_i w)^2
//                + r |w|^2
//   explicit:  sum over the history v_j (x_j - m - b_j - h_j w)^2 + r |w|^2
//
//   c_j = the weight of the act (models/act_weights.h), times v_j
//   v_j = the weight of the interaction in the profile
//   x_j = the rating, within the range of those that were there when the model was made
//   m   = their mean where `centred`, else 0
//   a   = unobserved, r = regularization
//   score = w h_i + b_i
//
// so that somebody who was unknown to the training is served, and what has just been done counts.
// Those of the training have vectors too: models/vectors_calibration.h finds the form and numbers
// by which histories give what the training gave. Which loss that had does not matter as long as
// they agree.
//
// Source: Hu, Koren and Volinsky, ICDM 2008, equation 4; the biases are ours.
class Vectors final : public Model {
 public:
  static constexpr std::string_view kName = "vectors";
  static constexpr std::string_view kImplicit = "implicit";
  static constexpr std::string_view kExplicit = "explicit";
  static constexpr std::size_t kMaxDim = 1024;
  // No number of a vector or bias is larger, so that products stay finite.
  static constexpr float kLargest = 1e6F;

  // Defaults by no measurement: good ones depend on the vectors' scale, and are calibrated.
  struct Options {
    std::string form = std::string(kImplicit);
    double regularization = 1;
    double unobserved = 0;
    bool centred = true;
    double rating_weight = 0.35;  // as in ials

    bool operator==(const Options&) const = default;
  };
  static std::span<const OptionField<Options>> fields();

  // Views. Every number is finite and at most kLargest.
  struct Given {
    std::span<const ItemIndex> items;         // of each row, each once; one at least
    MatrixView item_vectors;                  // items.size() x dim, dim in [1, kMaxDim]
    std::span<const float> item_biases = {};  // one a row, or none
    MatrixView user_vectors = {};             // n_users x dim, or no rows
  };
  struct Made;

  // Item numbers below the largest given that have no vector get the mean one, and so a middling
  // score for everybody; they are like nothing, and say nothing in a history. `matrix`: of whom
  // ratings are taken that tell mean and range. Cost: n_items * dim^2, and dim^3 times about 10.
  static Made make(const Given& given, const UserItemMatrix& matrix, ThreadPool& pool);
  // Errors: corrupt.
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  const Options& options() const { return options_; }
  // Before others see the model.
  void set_options(const Options& options) { options_ = options; }

  std::size_t dim() const { return dim_; }  // without the bias
  bool has_vector(ItemIndex item) const {
    return offset(item) < n_items() && has_vector_[offset(item)] != 0;
  }
  // The mean of |h_i|^2 over items with a vector: the scale of a regularization.
  double mean_squared_length() const;
  // True where there were ratings when the model was made.
  bool knows_ratings() const { return ratings_.slope() > 0; }

  // user_vector() with other options.
  std::vector<float> fold_in(const Profile& profile, const Options& options) const;

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return items_.n_rows(); }
  // Cost: that of user_vector(), and n_items * dim.
  void score(const Profile& profile, std::span<float> out) const override;
  void score_many(std::span<const Profile> profiles, std::span<float> out) const override {
    score_many_by_product(*this, profiles, out);
  }
  // In a basis of our own, with the bias as one more element where there are any, and zeros to a
  // multiple of 16: products and cosines are those of what was given.
  std::optional<MatrixView> item_vectors() const override { return items_.view(); }
  // Without a known item in the history the mean of the given users' vectors, or zeros. Cost: as
  // of HalfStep::solve() with the history's length.
  std::vector<float> user_vector(const Profile& profile) const override {
    return fold_in(profile, options_);
  }
  bool scores_by_inner_product() const override { return true; }
  // By cosine of the vectors, without the biases. Cost: n_items * dim.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;
  void save(TensorFileWriter& file) const override;

 private:
  // What a history is solved for: row j of `rows` has weight entries[j].weight.
  struct Acts;
  Acts acts(const Profile& profile, const Options& options) const;
  bool has_biases() const { return !biases_.empty(); }
  // Derived from dim_, items_, biases_ and has_vector_.
  void derive();

  Options options_;
  std::size_t dim_ = 0;        // without the bias
  Factors items_;              // n_items x padded dim: vectors, and the bias at dim_
  std::vector<float> biases_;  // n_items, or none
  std::vector<char> has_vector_;
  std::vector<float> squared_lengths_;  // padded dim: the diagonal of sum h_i h_i'
  std::vector<float> mean_user_;        // padded dim, with the 1 that takes the bias
  ActWeights ratings_;                  // mean, and slope for a rating_weight of 1
  float least_rating_ = -kLargest;
  float largest_rating_ = kLargest;
  std::vector<float> inverse_lengths_;  // 1 / |h_i|; 0 of zeros, and of items without a vector
  std::vector<float> weighted_biases_;  // sum b_i h_i, padded dim; none without biases
};

struct Vectors::Made {
  std::unique_ptr<Vectors> model;
  Factors users;  // the given users' vectors in the model's basis, 0 where it has the bias
};

}  // namespace coseno
