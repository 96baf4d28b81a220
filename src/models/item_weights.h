// Sparse weights from item to item, and how models that have such weights serve from them.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "data/features.h"
#include "models/act_weights.h"
#include "models/model.h"

namespace coseno {

class TensorFile;

// Item j speaks for item i with the weight s_ji, which may be negative. A user is scored by their
// history's items:
//
//   score(i) = sum over the history's items j of w_uj s_ji + 10^-6 popularity_i / max popularity
//
// w_uj as ActWeights has it, times the interaction's weight in the profile. The last term orders
// what no item of the history speaks for, and is below any difference that tells. Immutable; every
// function is thread-safe.
class ItemWeights {
 public:
  ItemWeights() = default;

  // `speakers[i]`: the j that speak for item i and s_ji, each j once, in any order.
  // `popularity`: one number >= 0 an item, in any unit.
  ItemWeights(std::span<const std::vector<Feature>> speakers, std::vector<float> popularity,
              ActWeights acts);

  std::size_t n_items() const { return popularity_.size(); }
  std::span<const float> popularity() const { return popularity_; }

  // The items that j speaks for, by rising number, with s_ji. j < n_items().
  FeatureRow row(ItemIndex j) const { return rows_.row(offset(j)); }

  // out: n_items() floats, all finite. Cost: n_items(), and the rows of the history's items.
  void score(const Profile& profile, std::span<float> out) const;

  // How alike two items are, given that `from` speaks for `to` with that weight.
  using Similarity = std::function<float(ItemIndex from, ItemIndex to, float weight)>;

  // The k items most alike by `similarity`, among those of which one speaks for the other, and only
  // such whose similarity is above 0; where both speak, the larger counts. Empty where `item` is
  // not < n_items(). Cost: n_items() times the logarithm of the length of a row.
  Ranking similar(ItemIndex item, std::size_t k, const Similarity& similarity) const;
  // By the weights as they are.
  Ranking similar(ItemIndex item, std::size_t k) const;

  // As tensors whose names begin with that of the model.
  void save(std::string_view model, TensorFileWriter& file) const;
  // Errors: corrupt.
  static Result<ItemWeights> load(std::string_view model, const TensorFile& file,
                                  std::size_t n_items);

 private:
  ItemWeights(FeatureMatrix rows, std::vector<float> popularity, ActWeights acts);

  FeatureMatrix rows_;             // row j: the items that j speaks for
  std::vector<float> popularity_;  // n_items
  float popularity_scale_ = 0;
  ActWeights acts_;
};

// Leaves the k entries of the largest absolute weight, ties by lower index; where any had to go,
// the least of those left stands last, the others in no order. k >= 1.
void keep_largest(std::vector<Feature>& entries, std::size_t k);

}  // namespace coseno
