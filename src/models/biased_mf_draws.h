// What biased_mf keeps of a Gibbs chain: all that a user is folded in from.
#pragma once

#include <cstddef>
#include <vector>

#include "math/matrix.h"

namespace coseno {

// `n_draws` states of the chain. The draws of one item stand side by side in its row, so that the
// mean prediction over all draws is one inner product of n_draws * dim floats.
struct BiasedMfDraws {
  std::size_t n_draws = 0;
  std::size_t dim = 0;

  // Ratings are learnt as (rating - mean) / scale, and predictions kept within [min, max].
  float mean = 0;
  float scale = 1;
  float min = 0;
  float max = 0;

  std::vector<float> item_counts;  // n_items: ratings of each
  Factors item_vectors;            // n_items x (n_draws * dim)
  Factors item_biases;             // n_items x n_draws
  // The prior of an item of which nothing is known.
  std::vector<float> unknown_item_vector;  // n_draws * dim
  std::vector<float> unknown_item_biases;  // n_draws

  // A user's vector and bias (dim + 1 numbers) before any rating: the mean, plus the mean-scaled
  // sum of implicit_weights over the history, plus property_weights of the properties.
  Factors user_means;        // n_draws x (dim + 1)
  Factors user_precisions;   // n_draws x (dim + 1)^2, symmetric
  Factors implicit_weights;  // n_items x (n_draws * (dim + 1))
  Factors property_weights;  // n_user_features x (n_draws * (dim + 1))

  std::vector<float> noise_precisions;  // n_draws; of a rating of the typical user
};

// A user's own noise precision is Gamma distributed around the typical one with this shape (twice
// the shape parameter, as if this many ratings had been seen). MovieLens 100K, mean of u1..u5: RMSE
// 0.8812 with one precision for all, 0.8774 with 10.
constexpr double kNoiseShape = 10;

// Ratings that are told exactly would make it infinite; a hundredth of the ratings' deviation is as
// exact as float32 can use.
constexpr double kMaxNoisePrecision = 1e4;

// Ratings of this size and more are refused: sums over them would not be finite.
constexpr float kMaxRating = 1e16F;

}  // namespace coseno
