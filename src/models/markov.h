// What comes next after an item.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/item_weights.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// Sequential rules: a session that has item j and d acts later item i tells that i follows j, the
// more the nearer they are. A session is a user's history, or a part of it (session_gap_hours):
//
//   r_ji  = sum over sessions with j before i, d <= steps, of w_j w_i / d
//           + backward times the same over those with i before j
//   r_jj  = repeat n_j,  n_j = sum of w_j
//   s_ji  = r_ji / n_j^item_acts
//   score = sum over the history's items j of w_j exp(-p_j / recency) s_ji
//
// p_j: how many items the history had since. Only the K largest r_ji of each j are kept, r_jj
// apart. w: weights of acts (models/act_weights.h).
//
// Source: sequential rules (SR) of Kamehkhosh, Jannach and Ludewig, RecTemp 2017, and of Ludewig
// and Jannach, UMUAI 2018, with their weight 1 / d. Where we depart: they look from the last item
// alone (recency near 0) and forwards (backward 0). And data sets hold each pair of user and item
// once, so that r_jj cannot be counted; `repeat` says how many acts with an item were followed by
// one with it again, as a share. It matters only where items that were seen may be listed.
class Markov final : public Model {
 public:
  static constexpr std::string_view kName = "markov";

  struct Options {
    // Chosen on YooChoose (train_tr and train_valid of the sample of 100,000 clicks, NDCG@20 of
    // every next click: 0.433; of those on items new to the session: 0.293) and MovieLens 100K
    // (ua.base, NDCG@10 of each user's last: 0.083). Behind each, the three with another value.
    int neighbours = 100;          // 25: 0.433, 0.292, 0.080; 500: 0.433, 0.293, 0.084
    int steps = 10;                // 1: 0.427, 0.279, 0.083; 20: 0.434, 0.293, 0.082
    double recency = 1;            // 0.5: 0.436, 0.290, 0.078; 3: 0.419, 0.287, 0.076
    double backward = 0.8;         // 0: 0.422, 0.265, 0.086
    double item_acts = 0.85;       // 0: 0.421, 0.285, 0.077; 1: 0.434, 0.292, 0.083
    double repeat = 1.5;           // 0: 0.246, 0.293, 0.083; 0.5: 0.427
    double session_gap_hours = 0;  // 24: the same; for histories of many visits
    double rating_weight = 0.1;    // 0.35: the third 0.077
  };
  static std::span<const OptionField<Options>> fields();

  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return weights_.n_items(); }

  // Cost: n_items, and the rules of the history's newest 50 items.
  void score(const Profile& profile, std::span<float> out) const override;

  // By s_ji, whichever of the two is looked from.
  Ranking similar_items(ItemIndex item, std::size_t k) const override {
    return weights_.similar(item, k);
  }

  void save(TensorFileWriter& file) const override;

 private:
  ItemWeights weights_;  // s_ji
  float recency_ = 1;
};

}  // namespace coseno
