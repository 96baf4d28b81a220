// Items with the properties of those that the user liked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// TF-IDF over the items' features (data/features.h: words of title and texts, categories, bins of
// numbers), each item's row scaled to length 1:
//
//   v_if  = weight_if ln(n_items with properties / n_items with f)
//   user  = sum over the history's items i of max(0, r_i - mean) v_i
//   score = cosine(user, v_i)
//
// Where the data are plain acts, or the user likes all alike, each item of the history weighs 1.
// The weights of a profile multiply these, and count in the mean. It needs nobody else's taste, so
// it speaks for items that nobody has had yet.
//
// Source: Salton and Buckley, IPM 1988 (TF-IDF); Pazzani and Billsus 2007 (the user as a vector of
// what they liked).
//
// item_vectors() are not given: they would be dense, with thousands of words each. score() is the
// cosine already.
class Content final : public Model {
 public:
  static constexpr std::string_view kName = "content";

  struct Options {};
  static std::span<const OptionField<Options>> fields() { return {}; }

  // Errors: invalid_argument where nothing is known of any item.
  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return rows_.n_rows(); }

  // 0 for an item without properties. Cost: the features of all items.
  void score(const Profile& profile, std::span<float> out) const override;

  // Only those that share something. Cost as above.
  Ranking similar_items(ItemIndex item, std::size_t k) const override;

  void save(TensorFileWriter& file) const override;

 private:
  // The user of the formula, n_features floats.
  std::vector<float> user_features(const Profile& profile) const;

  FeatureMatrix rows_;  // v_i, n_items rows
  bool has_ratings_ = false;
};

}  // namespace coseno
