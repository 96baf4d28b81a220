// Networks for tests of `sasrec`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "math/matrix.h"
#include "models/sasrec_tensors.h"

namespace coseno {

// Numbers of chance, such that no part of the network is without a say.
inline SasrecTrained random_sasrec(const SasrecShape& shape, float temperature,
                                   std::uint64_t seed) {
  SasrecTrained trained{.shape = shape, .temperature = temperature, .parameters = {}};
  Rng rng(seed);
  trained.parameters.resize(n_parameters(shape));
  for (float& value : trained.parameters) {
    value = static_cast<float>(rng.uniform() - 0.5);
  }
  return trained;
}

// A network that adds up the items of a history, later ones no more than earlier: every item is
// attended to alike, and the rest does nothing. An embedding is the vector and its negative: of
// mean 0, so that a norm leaves its direction.
inline SasrecTrained adding_sasrec(MatrixView item_vectors) {
  const std::size_t d = 2 * item_vectors.dim;
  SasrecTrained trained{.shape = {.n_items = item_vectors.n_rows,
                                  .dim = d,
                                  .length = 50,
                                  .blocks = 1,
                                  .heads = 1,
                                  .hidden = 1},
                        .temperature = 0,
                        .parameters = {}};
  trained.parameters.resize(n_parameters(trained.shape));
  for (std::size_t i = 0; i < item_vectors.n_rows; ++i) {
    for (std::size_t k = 0; k < item_vectors.dim; ++k) {
      trained.parameters[i * d + k] = item_vectors.row(i)[k];
      trained.parameters[i * d + item_vectors.dim + k] = -item_vectors.row(i)[k];
    }
  }
  for (const SasrecTensor& tensor : sasrec_tensors(trained.shape)) {
    const std::span values = std::span(trained.parameters).subspan(tensor.begin, tensor.size);
    if (tensor.name.ends_with("norm.weight")) std::ranges::fill(values, 1.0F);
    for (std::size_t k = 0; k < d; ++k) {
      // Values as they are, and so many times that they outweigh the last item itself.
      if (tensor.name.ends_with("in_proj_weight")) values[(2 * d + k) * d + k] = 1;
      if (tensor.name.ends_with("out_proj.weight")) values[k * d + k] = 100;
    }
  }
  return trained;
}

}  // namespace coseno
