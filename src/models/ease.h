// Every item as a weighted sum of all others, in closed form.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "models/item_weights.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// A linear autoencoder without its diagonal: the acts of each item are regressed on those of all
// other items, and a user gets what their history makes of that.
//
//   a_uj  = n_u^(-b / 2) w_uj       w_uj: models/act_weights.h; rating_weight is its c
//   G     = A'A,  l_j = l2 + dropout / (1 - dropout) G_jj
//   P     = (G + diag(l))^-1
//   s_ji  = -P_ji / P_ii (G_jj / G_ii)^p,  s_ii = 0
//   score = sum over the history's items j of w_uj s_ji
//
// Of all weights the n_items K largest |s_ji| are kept. They may be solved for item by item, at
// most K each, where P would take too much memory (models/ease_solver.h).
//
// Source: Steck, WWW 2019 (ease); Steck, NeurIPS 2020 (dropout, as a penalty that grows with the
// item's popularity); Park et al., SIGIR 2025 (exponents of users and items: b, p). Where we
// depart: a rating moves the weight of an act around 1, as in item_knn.
class Ease final : public Model {
 public:
  static constexpr std::string_view kName = "ease";

  struct Options {
    // Tuned on parts of training data, with solver=sparse: MovieLens 100K (ua.base without ub.test,
    // NDCG@10 of ratings >= 4: 0.232) and Gowalla (valid.txt, NDCG@20: 0.136). Behind each, what is
    // left of the first, or of the two, with another value; popularity was 0.1 meanwhile, of which
    // 0.231 and 0.135 are left.
    double l2 = 20;               // 5: 0.229, 0.133
    double dropout = 0.5;         // 0: 0.211
    double user_length = 0.3;     // b; 0: 0.227
    double popularity = 0;        // p; 0.1: 0.231, 0.135
    double rating_weight = 0.35;  // c; 0: 0.217
    int neighbours = 200;         // K; 50: 0.220; 500: 0.233
    std::string solver = "auto";
    double memory_gb = 0.5;  // 15,000 items: half a minute; above, sparse is faster and no worse
  };
  static std::span<const OptionField<Options>> fields();

  // Errors: invalid_argument (l2 so small that float32 cannot invert), unavailable (solver=dense:
  // memory, with the figure and before it starts; no OpenBLAS), cancelled.
  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  // Seconds that a fit at the defaults takes at least.
  static double least_fit_s(std::size_t n_items, int n_threads);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return weights_.n_items(); }
  void score(const Profile& profile, std::span<float> out) const override {
    weights_.score(profile, out);
  }
  // By the weights, among the items of which one speaks for the other.
  Ranking similar_items(ItemIndex item, std::size_t k) const override {
    return weights_.similar(item, k);
  }
  void save(TensorFileWriter& file) const override { weights_.save(kName, file); }

 private:
  ItemWeights weights_;  // s_ji; their popularity is G_jj
};

}  // namespace coseno
