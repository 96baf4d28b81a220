// The numbers that a trained `sasrec` consists of, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/sasrec_options.h"

namespace coseno {

struct SasrecShape {
  std::size_t n_items = 0;
  std::size_t dim = 0;
  std::size_t length = 0;  // of the window of events that a position sees, itself among them
  std::size_t blocks = 0;
  std::size_t heads = 0;
  std::size_t hidden = 0;
  bool gated = false;
  bool intervals = false;

  bool operator==(const SasrecShape&) const = default;
};
SasrecShape sasrec_shape(const SasrecOptions& options, std::size_t n_items);

constexpr std::size_t kSasrecIntervalKinds = 32;

// Of which kind the time between two events is (Unix seconds): how many binary digits its seconds
// have, 31 at most; 0 where it is none, or would be negative, or one of the two is not known (0, or
// before 1970).
std::size_t sasrec_interval_kind(std::int64_t earlier, std::int64_t later);

struct SasrecTensor {
  std::string name;
  std::vector<std::size_t> shape;
  std::size_t begin;  // in the array of all numbers
  std::size_t size;
};

// In the order in which they stand, without gaps.
std::vector<SasrecTensor> sasrec_tensors(const SasrecShape& shape);
std::size_t n_parameters(const SasrecShape& shape);

// No number of a trained model is larger in size, so that whatever a file holds, scores are finite.
constexpr float kLargestSasrecParameter = 500;

struct SasrecTrained {
  SasrecShape shape;
  float temperature = 0;          // 0: item embeddings are taken as long as they are
  std::vector<float> parameters;  // n_parameters(shape)
};

}  // namespace coseno
