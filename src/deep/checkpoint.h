// A training in the middle, on disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace coseno {

// All that a training needs to go on as if it had not stopped: its random numbers follow from seed
// and step.
struct Checkpoint {
  std::string about;  // what is trained on what: another text, another training
  std::uint64_t n_steps = 0;
  std::uint64_t epoch = 0;   // the one that is running
  std::uint64_t window = 0;  // of its windows, those that are done
  double loss = 0;           // sum over the positions of this epoch, and how many
  std::uint64_t n_positions = 0;
  double best_ndcg = 0;
  std::uint64_t best_epoch = 0;
  std::vector<float> parameters;
  std::vector<float> mean;    // of Adam
  std::vector<float> square;  // likewise
  std::vector<float> best;    // parameters of the best epoch; empty before the first is over

  bool operator==(const Checkpoint&) const = default;
};

// A safetensors file, written whole or not at all. Errors: io.
Result<void> write_checkpoint(const Checkpoint& checkpoint, const std::string& path);
// Errors: io, corrupt.
Result<Checkpoint> read_checkpoint(const std::string& path);

}  // namespace coseno
