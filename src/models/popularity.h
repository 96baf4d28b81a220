// How many users have interacted with an item: the yardstick in every table.
#pragma once

#include <memory>
#include <vector>

#include "models/model.h"
#include "models/options.h"

namespace coseno {

class TensorFile;

// The same list for everybody, so an answer for a user without history. Score: the number of users.
// Items alike are those most often had by the same users (co-counts are not kept: the nearest in
// popularity would be no answer), so similar_items() gives the most popular others.
class Popularity final : public Model {
 public:
  static constexpr std::string_view kName = "popularity";

  struct Options {};
  static std::span<const OptionField<Options>> fields() { return {}; }

  static Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Options& options,
                                            FitContext& context);
  static Result<std::unique_ptr<Model>> load(const TensorFile& file, const Dataset& dataset);

  std::string_view name() const override { return kName; }
  std::size_t n_items() const override { return n_users_.size(); }
  void score(const Profile& profile, std::span<float> out) const override;
  Ranking similar_items(ItemIndex item, std::size_t k) const override;
  void save(TensorFileWriter& file) const override;

 private:
  std::vector<float> n_users_;  // n_items
};

// How many users each item has; n_items numbers.
std::vector<float> popularity_of(const UserItemMatrix& matrix);

}  // namespace coseno
