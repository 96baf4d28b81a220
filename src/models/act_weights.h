// How much an act counts, from the value that came with it.
#pragma once

#include <span>

#include "data/user_item_matrix.h"
#include "models/options.h"

namespace coseno {

// The weight of an act among those of its user, where that the user has chosen the item tells more
// than how they liked it:
//
//   w_uj = 1 for a plain act; for a rating 1 + c (r_uj - mean_u) / deviation, within [0, 3]
//
// mean_u is the user's mean over their history, drawn to the mean of all; deviation is that of all
// ratings. Thread-safe.
class ActWeights {
 public:
  ActWeights() = default;  // every act weighs 1
  // `rating_weight`: c >= 0.
  ActWeights(const UserItemMatrix& matrix, double rating_weight);
  // As mean() and slope() of another told.
  ActWeights(float mean, float slope) : mean_(mean), slope_(slope) {}

  // `weights`: how often each interaction counts; empty: once.
  float user_mean(History history, std::span<const float> weights = {}) const;
  float of(float value, float user_mean) const;

  float mean() const { return mean_; }    // of all ratings
  float slope() const { return slope_; }  // c / deviation; 0 where every act weighs 1

 private:
  float mean_ = 0;
  float slope_ = 0;
};

// The option that is c, of a model that weighs acts so.
template <class Options>
OptionField<Options> rating_weight_field(double Options::* member) {
  return {.name = "rating_weight",
          .member = member,
          .min = 0,
          .max = 10,
          .help = "how much a rating of one deviation above the user's mean adds to the weight 1",
          .search = SearchRange{.low = 0, .high = 1, .needs_ratings = true}};
}

}  // namespace coseno
