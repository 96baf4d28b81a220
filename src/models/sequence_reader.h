// Models that read a history in order, one event after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "data/interactions.h"

namespace coseno {

// What is kept of a history that was read, so that an event more costs that event alone.
struct SequenceState {
  // Of each layer and part of it: rows of numbers, oldest first.
  std::vector<std::vector<float>> keys;
  std::vector<std::vector<float>> values;
  std::vector<float> log_weights;   // one a row
  std::vector<std::int64_t> times;  // one a row, or none where the model does not look at them
  std::vector<float> vector;        // the user's; empty before anything was read
};

// The side of such a Model that reads. Thread-safe; a state is one thread's.
class SequenceReader {
 public:
  virtual ~SequenceReader() = default;

  // Reads on where `state` ends; an empty one starts anew. In one piece or in many, the numbers are
  // the same bit by bit. Items that the model does not know, and those of no weight, change
  // nothing. `weights`: one an act, or none (Profile::weights).
  virtual void read(std::span<const Interaction> acts, std::span<const float> weights,
                    SequenceState& state) const = 0;

  // A state's, at most.
  virtual std::size_t state_bytes() const = 0;
};

}  // namespace coseno
