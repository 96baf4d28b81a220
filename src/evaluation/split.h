// What a model may see, and what is held out to judge it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/catalog.h"
#include "data/dataset.h"
#include "data/interactions.h"

namespace coseno {

// How interactions are divided (docs/evaluation.md tells the traps of each).
//
//   random          `fraction` of each user's interactions, rounded; at least one stays in training
//   leave_last_out  each user's newest, where they have two or more; by order of arrival where
//                   times are equal or absent
//   temporal        the newest, at most `fraction` of all, by one cut in time: what is as old as
//                   the cut stays in training
//   k_fold          `folds` disjoint random parts of all, each held out once; they differ by at
//                   most one interaction
enum class Protocol { random, leave_last_out, temporal, k_fold };

// "random", "leave-last-out", "temporal", "k-fold", or nothing.
std::optional<Protocol> protocol(std::string_view name);

struct SplitOptions {
  Protocol protocol = Protocol::random;
  double fraction = 0.2;  // in (0, 1)
  int folds = 5;          // 2 to 100
  std::uint64_t seed = 1;
  RepeatRule repeats =
      RepeatRule::last;  // applied before splitting, so that no pair is on both sides
};

struct Split {
  // Users: all of the input, in its order, also those without a training interaction. Items: those
  // of training by first appearance, then those that only the catalogue has.
  Dataset train;
  // held_out[u]: interactions of user u of train.users, by rising item number. An item that
  // training does not know has a number >= train.items.size(); no list can hold it, and it counts
  // as missed.
  std::vector<std::vector<Interaction>> held_out;
  // True where values on both sides are measured, so that a predicted rating can be wrong.
  bool has_ratings = false;
};

// A split of two files; `test` was read with the ids of `train`. Pairs that are in both are
// refused (invalid_argument, with the pair): they would be masked and count as missed. So is an
// empty test.
Result<Split> given_split(Interactions train, const Interactions& test, RepeatRule repeats,
                          const Catalog& item_catalog, const Catalog& user_catalog);

// One split, or `folds` of them. Errors: invalid_argument (options out of range, times that the
// protocol needs and the data have not, nothing to hold out).
Result<std::vector<Split>> make_splits(const Interactions& interactions,
                                       const SplitOptions& options, const Catalog& item_catalog,
                                       const Catalog& user_catalog);

}  // namespace coseno
