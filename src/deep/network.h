// The network of `sasrec` with its gradients, by LibTorch. No header of it is needed to use this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/rng.h"
#include "deep/negative_sampler.h"
#include "deep/packing.h"
#include "models/sasrec_options.h"
#include "models/sasrec_tensors.h"

namespace at {
class Tensor;
}

namespace coseno {

class SequenceNetwork {
 public:
  SequenceNetwork(const SasrecOptions& options, std::size_t n_items);
  ~SequenceNetwork();
  SequenceNetwork(const SequenceNetwork&) = delete;
  SequenceNetwork& operator=(const SequenceNetwork&) = delete;

  const SasrecShape& shape() const { return shape_; }
  std::span<float> parameters() { return parameters_; }
  std::span<float> gradients() { return gradients_; }

  // Random numbers as they are before training.
  void initialise(std::uint64_t seed);

  // Adds the gradients of the mean loss over the asked positions; `rng` says what is dropped out.
  // Returns the loss.
  double add_gradients(const PackedBatch& batch, const Negatives& negatives, Rng& rng);

  // Scores of all items after each asked position, without dropout; out: asked x n_items.
  void scores(const PackedBatch& batch, std::span<float> out) const;

 private:
  struct Tensors;

  // As models/sasrec.h has it, where there is a temperature.
  at::Tensor unit(const at::Tensor& rows) const;
  at::Tensor scaled(const at::Tensor& states) const;
  // right: asked x 1; wrong: asked x negatives, of which what came next is masked.
  static at::Tensor softmax_loss(const at::Tensor& right, const at::Tensor& wrong,
                                 float log_expected);
  at::Tensor gbce_loss(const at::Tensor& right, const at::Tensor& wrong) const;

  SasrecOptions options_;
  SasrecShape shape_;
  std::vector<float> parameters_;
  std::vector<float> gradients_;
  std::unique_ptr<Tensors> tensors_;
};

// Of LibTorch, which takes one where nobody says how many.
void set_torch_threads(int n);

}  // namespace coseno
