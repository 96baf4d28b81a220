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
#include "data/user_item_matrix.h"
#include "models/model.h"

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
//   strong          random users are held out entirely: the model is fitted on the others, is told
//                   the rest of a held-out user's interactions, and `fraction` of them, rounded, is
//                   what it is judged by. Users of whom that would be nothing stay in training
enum class Protocol { random, leave_last_out, temporal, k_fold, strong };

// "random", "leave-last-out" or "leave-one-out", "temporal", "k-fold", "strong", or nothing.
std::optional<Protocol> protocol(std::string_view name);

struct SplitOptions {
  Protocol protocol = Protocol::random;
  double fraction = 0.2;  // in (0, 1)
  int folds = 5;          // 2 to 100
  // Of strong: how many users, or below 1 which share of those who could be, rounded.
  double held_out_users = 0.1;
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
  // fold_in[u]: what the model is told of a user who is held out entirely and so has no training
  // interactions; oldest first, items numbered as in held_out. No rows but by the strong protocol.
  std::vector<std::vector<Interaction>> fold_in;
  // By the protocol of next_item_split() alone: a row of held_out is no user, but a place in a
  // session, and the model is told the first `n_told` of fold_in[session].
  struct Place {
    std::size_t session;  // its number in train.users
    std::size_t n_told;
  };
  std::vector<Place> places;  // one a row of held_out
  // False: a list may hold what the model is told of.
  bool hides_seen = true;
  // True where values on both sides are measured, so that a predicted rating can be wrong.
  bool has_ratings = false;

  // All that a model is told of the user when it is judged, or at a place. Views; valid while the
  // split lives.
  Profile profile(UserIndex user) const;
};

// A split of two files; `test` was read with the ids of `train`. Pairs that are in both are
// refused (invalid_argument, with the pair): they would be masked and count as missed. So is an
// empty test.
Result<Split> given_split(Interactions train, const Interactions& test, RepeatRule repeats,
                          const Catalog& item_catalog, const Catalog& user_catalog);

// Of every act of `test` but the first of those of whom nothing is known: given all acts of the
// same user before it, which comes next? A user of the test is a session as a rule; one who is in
// training too goes on from there. `test` was read with the ids of `train`; repeats are joined in
// training alone. With `hides_seen` items that the user has had are left out of lists, and so are
// acts with such an item. Errors: invalid_argument (there is no such act).
Result<Split> next_item_split(Interactions train, const Interactions& test, RepeatRule repeats,
                              bool hides_seen, const Catalog& item_catalog,
                              const Catalog& user_catalog);

// Divides interactions by a protocol, one split at a time: k folds need not be in memory together.
class SplitMaker {
 public:
  // The catalogues must outlive the maker. Errors: invalid_argument (options out of range, times
  // that the protocol needs and the data have not, nothing to hold out).
  static Result<SplitMaker> plan(const Interactions& interactions, const SplitOptions& options,
                                 const Catalog& item_catalog, const Catalog& user_catalog);

  // `folds` of k_fold, 1 of every other protocol.
  int n_splits() const { return n_splits_; }

  // The i-th; always the same.
  Split make(int i) const;

 private:
  SplitMaker() = default;

  UserIds users_;
  ItemIds items_;
  bool has_times_ = false;
  UserItemMatrix all_;  // repeats joined
  // Of each entry of all_, user after user: the split that holds it out, or kTrain or kFoldIn of
  // split.cc.
  std::vector<std::int8_t> sides_;
  int n_splits_ = 1;
  const Catalog* item_catalog_ = nullptr;
  const Catalog* user_catalog_ = nullptr;
};

}  // namespace coseno
