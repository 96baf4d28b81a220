// Factors of users and items from what was chosen, and from all that was not.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "math/kernels.h"
#include "math/matrix.h"
#include "models/act_weights.h"
#include "models/half_step.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// Implicit alternating least squares: user vectors w_u and item vectors h_i of least
//
//   sum over acts d_u e_i c_ui (1 - w_u h_i)^2 + a sum over all pairs d_u e_i (w_u h_i)^2
//     + sum_u d_u l_u |w_u|^2 + sum_i e_i l_i |h_i|^2
//
//   c_ui = the weight of the act (models/act_weights.h; rating_weight is its c)
//   e_i  = n_users of the item ^ -item_exponent, times what makes their mean over the acts 1
//   d_u  = n_items of the user ^ -user_exponent, likewise
//   a    = unobserved * n_acts / (sum_u d_u sum_i e_i), so that all pairs weigh `unobserved` acts
//          for each act
//   l_u  = r (sum over acts of u: e_i + a sum over all i: e_i), with the r that makes
//          `regularization` their mean over the users;  l_i likewise
//   score = w_u h_i
//
// The weight of an interaction in a profile multiplies its c_ui, and its e_i in l_u.
//
// Only item vectors are kept: a user's vector is the exact solution for their history with the
// items held fixed, so a user of the training data is scored like any other.
//
// Source: Hu, Koren and Volinsky, ICDM 2008; the form of the loss and the regularization that grows
// with the acts from Rendle, Krichene, Zhang and Koren, RecSys 2022. Where we depart: the weights d
// and e (with both exponents 1/2 and a large the loss is that of the normalised matrix of acts);
// and a half-step of training takes two steps of preconditioned conjugate gradients from the last
// vector, in the basis where the other side's Gram matrix is diagonal (models/half_step.h), rather
// than blocks of coordinates (iALS++): no part of it costs dim^2 an act or dim^3 a row.
class Ials final : public Model {
 public:
  static constexpr std::string_view kName = "ials";

  struct Options {
    // Tuned on parts of training data, where two kinds of held-out items stand for what a user does
    // next: some like their history (Gowalla's valid.txt) and some unlike (each user's items that
    // go together, held out together); and on MovieLens 1M (ge3-valid.txt). Behind each the NDCG@20
    // of another value, where these have 0.0975 and 0.1460 (dim 128), and 0.2113 (dim 64).
    int dim = 128;  // 64: 0.0857, 0.1335
    int rounds = 10;
    double unobserved = 80;      // 25: 0.0961, 0.1411; 0.2033
    double regularization = 4;   // 3 and 6 as good on one, worse on another
    double item_exponent = 0.5;  // both 0: 0.1239 where both 1/2 have 0.1349 (dim 64), 0.1977
    double user_exponent = 0.5;
    double rating_weight = 0.35;
  };
  static std::span<const OptionField<Options>> fields();

  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return items_.n_rows(); }

  // w h_i, nothing else: a retriever may stand in for it. Cost: that of user_vector(), and
  // n_items * dim.
  void score(const Profile& profile, std::span<float> out) const override;
  void score_many(std::span<const Profile> profiles, std::span<float> out) const override {
    score_many_by_product(*this, profiles, out);
  }

  // n_items x dim, dim rounded up to a multiple of 16 with zeros.
  std::optional<MatrixView> item_vectors() const override { return items_.view(); }
  std::size_t vector_length() const override { return dim_; }
  // The exact half-step; without a known item in the history the mean of all users' vectors, which
  // ranks about as popularity does.
  std::vector<float> user_vector(const Profile& profile) const override;

  bool scores_by_inner_product() const override { return true; }

  // By cosine of the vectors. Cost: n_items * dim.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;

  void save(TensorFileWriter& file) const override;

 private:
  class Trainer;

  // The known acts of a profile with weights e_i c_ui, and l_u.
  struct Acts {
    std::vector<RowWeight> rows;
    float ridge;
  };
  Acts acts(const Profile& profile) const;

  ActWeights weights_;
  Factors items_;                       // n_items x padded dim
  std::vector<float> squared_lengths_;  // padded dim: diagonal of sum_i e_i h_i h_i'
  std::vector<float> mean_user_;        // padded dim
  std::vector<float> item_weights_;     // e_i
  double total_item_weight_ = 0;
  std::size_t dim_ = 0;
  float unobserved_ = 0;   // a
  float ridge_share_ = 0;  // r
};

}  // namespace coseno
