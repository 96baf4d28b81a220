// Items that the users of your items have too.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/item_weights.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// Item to item collaborative filtering: a similarity with shrinkage, the neighbours truncated.
//
//   w_uj  = the weight of the act (models/act_weights.h; rating_weight is its c)
//   d_u   = n_items of the user ^ -b
//   c_ji  = sum_u d_u w_uj w_ui;  n_i = c_ii
//   s_ji  = c_ji / (n_j^a n_i^(1 - a) + shrink)
//   score = sum over the history's items j of w_uj s_ji
//
// Only the K items j with the largest s_ji speak for item i. Of a user with more than 10,000 items
// the newest of them count. Other similarities change one thing each:
//
//   jaccard  s_ji = c_ji / (n_j + n_i - c_ji + shrink)
//   dice     s_ji = c_ji / (n_j / 2 + n_i / 2 + shrink)
//   tfidf    d_u = idf_u^2, idf_u = 1 - ln(1 + n_items of the user) / ln(1 + n_items)
//   bm25     d_u as of tfidf;  n_i = ((1 + 100 (0.2 + 0.8 n_users of i / their mean)) / 101)^2
//
// Source: Deshpande and Karypis, TOIS 2004 (item-based top-N, and users with many items counting
// less); Aiolli, RecSys 2013 (a other than 1/2); Bell and Koren, ICDM 2007 (shrinkage); Robertson
// and Zaragoza 2009 (BM25: items are documents, users are words). Where we
// depart: those take all interactions alike, or ratings as they are; here a rating moves the weight
// of an act around 1, because that somebody has chosen an item tells more than how they liked it.
class ItemKnn final : public Model {
 public:
  static constexpr std::string_view kName = "item_knn";

  struct Options {
    // Tuned on parts of training data: MovieLens 100K (ua.base without ub.test and the users whom
    // that leaves nothing, NDCG@10 of ratings >= 4: 0.221) and Gowalla (valid.txt, NDCG@20: 0.122).
    // Behind each, what is left of the two with another value.
    int neighbours = 80;          // K; 1000: 0.176; 40: 0.212, 0.120
    double shrink = 2;            // 0: 0.179, 0.114
    double popularity = 0.8;      // a; 1/2, the cosine: 0.194, 0.112
    double user_length = 0.4;     // b; 0: 0.212, 0.113
    double rating_weight = 0.35;  // c; 0: 0.204
    // tfidf: 0.219, 0.120; jaccard: 0.187, 0.108; dice: 0.187, 0.111; bm25: 0.211, 0.109
    std::string similarity = "cosine";
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

  // By the plain similarity (a = 1/2, with shrinkage), among those of which one speaks for the
  // other. Cost: n_items times the logarithm of the neighbours of one.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;

  void save(TensorFileWriter& file) const override;

 private:
  // n_from^a n_to^(1 - a) + shrink
  float denominator(float norm_from, float norm_to) const;

  ItemWeights weights_;       // s_ji
  std::vector<float> norms_;  // n_i, n_items
  float popularity_ = 0;      // a; 1/2 where the similarity has none
  float shrink_ = 0;
};

}  // namespace coseno
