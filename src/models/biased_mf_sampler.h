// The training of biased_mf: a Gibbs sampler for Bayesian matrix factorisation.
//
//   r_ui ~ N(b_u + c_i + p_u . q_i, 1 / a_u)            ratings, centred and scaled
//   (p_u, b_u) ~ N(m + W x_u, L^-1)                     users; the same for items (q_i, c_i)
//   x_u = (1 / sqrt(n_u) for each item that u rated; the user's properties)
//   rows of W ~ N(0, (l_g L)^-1)                        g: implicit, or the property's name
//   m, L ~ Normal-Wishart;  l_g ~ Gamma;  a_u ~ Gamma around a common a
//
// Each round draws, for items and then for users: (m, L), W, l and all vectors; then the noise.
//
// Sources: Salakhutdinov and Mnih, ICML 2008 (the sampler, Normal-Wishart prior); Koren, KDD 2008
// (implicit features x_u, there in SVD++); Rendle, Zhang and Koren 2019 ("On the difficulty of
// evaluating baselines": implicit features on both sides, "flipped", sampled); Simm et al. 2017
// (Macau: features as the mean of the prior); Lakshminarayanan, Bouchard and Archambeau, AISTATS
// 2011 (a_u). What differs: vectors, W and biases are drawn as one block of dim + 1 numbers, W row
// after row in coordinates in which L is the identity, so that columns are independent.
#pragma once

#include <cstddef>

#include "base/error.h"
#include "data/dataset.h"
#include "models/biased_mf_draws.h"
#include "models/model.h"

namespace coseno {

struct BiasedMfSampling {
  std::size_t dim;
  std::size_t n_rounds;
  std::size_t n_draws;  // to keep, at equal distances over the rounds after burn-in
};

// The share of rounds that are thrown away at the start.
constexpr double kBurnIn = 0.3;

// Draws from the chain. The dataset has at least one rating.
// Memory while it runs: about 56 bytes a rating and 200 bytes a user or item at dim 15.
// Cost of a round: n_ratings * dim^2 + (n_users + n_items) * dim^3 / 3 multiplications.
// Errors: cancelled; invalid_argument for ratings past kMaxRating.
Result<BiasedMfDraws> sample_biased_mf(const Dataset& dataset, const BiasedMfSampling& sampling,
                                       FitContext& context);

}  // namespace coseno
