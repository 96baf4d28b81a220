// Items that a random walk from your items comes to.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "models/item_weights.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// A walk of three steps, user to item to user to item, where items that many have are held back:
//
//   w_uj  = the weight of the act (models/act_weights.h; rating_weight is its c)
//   c_ji  = sum_u w_uj w_ui / n_u^alpha           n_u: items of the user
//   p_ji  = (c_ji / n_i^beta)^amplification       n_i: users of the item
//   s_ji  = p_ji / sum_i' p_ji'
//   score = sum over the history's items j of w_uj s_ji
//
// Item j speaks for the K items i of the largest p_ji, with weights whose sum is 1; then only the K
// items j of the largest s_ji speak for item i. Of a user with more than 10,000 items the newest of
// them count. So a popular item, from which the walk leads anywhere, says as much in all as a rare
// one.
//
// Source: Paudel, Christoffel, Newell and Bernstein, TiiS 2016 (RP3beta); Deshpande and Karypis,
// TOIS 2004 (weights of sum 1), which Ferrari Dacrema et al., TOIS 2021, brought to RP3beta;
// Breese, Heckerman and Kadie, UAI 1998 (amplification). Where we depart: the step from j to its
// users has no exponent, since it would be divided away; and ratings move the weights of acts.
class Rp3beta final : public Model {
 public:
  static constexpr std::string_view kName = "rp3beta";

  struct Options {
    // Tuned on parts of training data: MovieLens 100K (ua.base without ub.test, NDCG@10 of ratings
    // >= 4: 0.219, of ItemKnn 0.216), MovieLens 1M (ge3-valid.txt, NDCG@20: 0.201) and Gowalla
    // (valid.txt, NDCG@20: 0.129). Behind each, what is left of the three with another value.
    int neighbours = 100;         // K; 50: 0.216, 0.200, 0.126; 200: 0.214, 0.194, 0.129
    double alpha = 0.45;          // 0: 0.209, 0.194, 0.123; 1: 0.208, 0.204, 0.117
    double beta = 0.3;            // 0: 0.203, 0.190, 0.130; 0.6: 0.213, 0.200, 0.098
    double amplification = 1.5;   // 1: 0.218, 0.200, 0.125; 2.5: 0.218, 0.200, 0.127
    double rating_weight = 0.35;  // c; 0: 0.209
  };
  static std::span<const OptionField<Options>> fields();

  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return weights_.n_items(); }
  void score(const Profile& profile, std::span<float> out) const override {
    weights_.score(profile, out);
  }

  // Those that `item` speaks for, by s_ji.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;

  void save(TensorFileWriter& file) const override { weights_.save(kName, file); }

 private:
  ItemWeights weights_;
};

}  // namespace coseno
