// The optimiser.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coseno {

//   m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2
//   x <- x - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + e)
//
// Source: Kingma and Ba, ICLR 2015. In one pass over the memory: LibTorch 1.13 takes eight.
class Adam {
 public:
  explicit Adam(std::size_t n_parameters) : mean_(n_parameters), square_(n_parameters) {}

  // Sets the gradients to 0.
  void step(double rate, std::span<float> parameters, std::span<float> gradients);

  // What a checkpoint must have.
  std::span<float> mean() { return mean_; }
  std::span<float> square() { return square_; }
  std::uint64_t n_steps() const { return n_steps_; }
  void set_n_steps(std::uint64_t n) { n_steps_ = n; }

 private:
  std::vector<float> mean_;
  std::vector<float> square_;
  std::uint64_t n_steps_ = 0;
};

}  // namespace coseno
