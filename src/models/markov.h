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
    // A compromise between sessions of clicks and histories of years. NDCG on YooChoose (train_tr
    // and train_valid of the sample of 100,000 clicks, every next click within 20 places: 0.431;
    // those on items new to the session: 0.290), MovieLens 100K (ua.base, each user's last within
    // 10: 0.083) and Amazon Beauty (the last but one of each: 0.066). Behind each option, the four
    // with another value. With backward 0.8 and item_acts 0.85: 0.433, 0.293, 0.083, 0.063.
    int neighbours = 100;    // 25: 0.431, 0.289, 0.081, 0.066; 500: 0.431, 0.290, 0.084, 0.066
    int steps = 10;          // 1: 0.425, 0.277, 0.088, 0.061; 20: 0.431, 0.290, 0.084, 0.066
    double recency = 1;      // 0.5: 0.435, 0.287, 0.080, 0.064; 3: 0.417, 0.285, 0.079, 0.064
    double backward = 0.4;   // 0: 0.420, 0.265, 0.085, 0.066; 0.8: 0.432, 0.293, 0.083, 0.063
    double item_acts = 0.7;  // 0: 0.421, 0.283, 0.079, 0.067; 1: 0.433, 0.289, 0.085, 0.065
    double repeat = 1.5;     // only the first: 0: 0.246; 0.5: 0.427 (with backward 0.8)
    double session_gap_hours = 0;  // 24: the same; for histories of many visits
    double rating_weight = 0.1;    // only the third: 0: 0.084; 0.35: 0.080
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
