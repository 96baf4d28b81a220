// What several models say, weighed.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/blend_weights.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// The weighted sum of fitted models' scores, each made comparable for every user:
//
//   score(i) = sum over models m of weight_m (score_m(i) - mean_m) / deviation_m
//   score(i) = sum over models m of weight_m 61 / (60 + rank_m(i))               with scale=rank
//
// mean_m and deviation_m are those of the user's scores of all items by m; a model that tells all
// items alike, or one that it must not, says nothing. Weights are >= 0 and add up to 1. Ranks are
// the better scale where one model's scores are spread in another way than the other's: neighbours
// give most items nothing, so that the few that they know stand far above their mean.
//
// The weights are fitted on interactions that are held out of the training data: models are fitted
// to the rest, and the weights of the largest NDCG@20 of what was held out are searched, coordinate
// by coordinate, from each model alone. Then the models that have a weight are fitted to all.
//
// A trap: what is held out from anywhere is more like the rest of a history than what a user does
// next, and flatters models that know neighbours. Where what comes next is asked, hold out ends.
//
// Source: stacking by held-out predictions is Wolpert, Neural Networks 1992; in recommenders
// Koren's BellKor solutions. The search for NDCG in place of a regression is ours. Ranks:
// Cormack, Clarke and Buettcher, SIGIR 2009.
class Blend final : public Model {
 public:
  static constexpr std::string_view kName = "blend";

  struct Options {
    std::string models = "ease,item_knn,ials";
    std::string weights = "fitted";          // or "equal", for which nothing is held out
    std::string scale = "deviation";         // or "rank"
    double held_out = 0.1;                   // of each user's interactions; one stays
    std::string held_out_from = "anywhere";  // or "end": at least one each
    int max_users = 4000;                    // who judge the weights, evenly spread over all
  };
  // Those of the blend itself. Those of its models stand as "ials.dim" in the settings.
  static std::vector<OptionInfo> options();
  static Result<void> check(const Settings& settings);
  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Settings& settings,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  struct Part {
    std::unique_ptr<Model> model;
    float weight;  // > 0
  };
  // At least one part; all of the same items.
  Blend(std::vector<Part> parts, BlendScale scale) : parts_(std::move(parts)), scale_(scale) {}

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return parts_.front().model->n_items(); }
  std::span<const Part> parts() const { return parts_; }

  // Cost: that of all models, and two passes over the items for each.
  void score(const Profile& profile, std::span<float> out) const override;
  void score_many(std::span<const Profile> profiles, std::span<float> out) const override;

  // By the weighted sum of the models' similarities, each as a share of its largest.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;

  void save(TensorFileWriter& file) const override;

 private:
  std::vector<Part> parts_;
  BlendScale scale_;
};

}  // namespace coseno
