// The vectors of users who were asked for before.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/tastes.h"
#include "engine/vector_search.h"
#include "models/model.h"
#include "models/sequence_reader.h"

namespace coseno {

// model.user_vector() of a history, kept for the next request with the same one: between two events
// of a user nothing else changes it, and for `ials` it is half of what a request costs. What a
// history says is compared number by number, so an answer is the same with and without.
//
// 4096 histories at most, in sets of 4, of which the one asked for longest ago makes room: 4 bytes
// a number of the vector and 20 an item of the history, 10 MB in all for 100 items and 128 numbers.
// Longer histories than 1000 items are not kept.
//
// Of a model that reads histories in order (models/sequence_reader.h) its state is kept too, so
// that a history with one event more costs that event alone. Then there are fewer sets, so that
// states take 64 MB at most: 1,316 histories for 1 block of 128 numbers and a window of 50, 51 kB
// each.
//
// Thread-safe.
class FoldIns {
 public:
  static constexpr std::size_t kMaxHistory = 1000;

  // Keeps views: both must outlive this object.
  FoldIns(const Model& model, const VectorSearch& search);

  // Fills `out` with search.query(model.user_vector(tastes.profile())). True where it was kept.
  bool query(const Tastes& tastes, SearchQuery& out);

  // Of the states of a model that reads in order, at most.
  std::size_t state_bytes() const;

 private:
  static constexpr std::size_t kSets = 1024;
  static constexpr std::size_t kWays = 4;

  struct Kept {
    std::uint64_t hash = 0;
    std::uint64_t asked_for = 0;  // the set's count then; 0: nothing is kept
    std::vector<Interaction> interactions;
    std::vector<float> weights;
    SearchQuery query;
    SequenceState state;  // nothing where the model does not read in order

    // Of the first n of them, whose hash that is.
    bool is_of(const Tastes& tastes, std::size_t n, std::uint64_t hash_of_tastes) const;
  };
  struct Set {
    std::mutex mutex;
    std::uint64_t count = 0;
    std::array<Kept, kWays> kept;
  };

  Set& set_of(std::uint64_t hash) { return sets_[(hash >> 32) % sets_.size()]; }
  // The user's vector, and in `state` what a model that reads in order is left with. `prefix`: hash
  // of all but the last.
  std::vector<float> vector(const Tastes& tastes, std::uint64_t prefix, SequenceState& state);

  const Model& model_;
  const VectorSearch& search_;
  const SequenceReader* reader_;  // nullptr: the model is none
  std::vector<Set> sets_;
};

}  // namespace coseno
