// Who had an item last, and what else they had about it: neighbours as events come.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "data/ids.h"
#include "engine/chunked_vector.h"
#include "engine/covisitation.h"
#include "engine/event_type_table.h"
#include "engine/user_store.h"

namespace coseno {

// For each item the users who had it, newest first and `width` at most. With the histories of
// UserStore that is an index of sessions: neighbours are found by the items that they share with a
// history, and speak for what stands near the shared item in their own.
//
//   near(n)  = sum over the history's items j that n had of w_j exp(-steps from its end / recency)
//              (1 + n_j)^-1/2
//   score(i) = sum over the 50 nearest n of near(n) exp(-|p_i - p*| / position) (1 + n_i)^-1/2
//
// p*: where n has the shared item that the history had last; n_j: acts with item j. Only the
// history's newest 20 items are looked at, and of a neighbour the 12 events to either side of p*.
// As models/session_knn.h has it of past sessions, sampled newest first; but a history is here as
// it is at the moment, and nothing waits for a training.
//
// By arrival and not by time: an old event that comes late makes its user the newest. What falls
// off the end of a row does not come back.
//
// Changing is for one thread at a time; any number of others may read meanwhile, and see each row
// before or after a change, never amid it.
class RecentSessions {
 public:
  explicit RecentSessions(std::size_t width) : width_(width) {}

  // There are items below n_items from now on.
  void grow(std::size_t n_items) { rows_.grow(n_items); }
  std::size_t n_items() const { return rows_.size(); }

  // The user becomes the newest of the item's. item < n_items().
  void add(ItemIndex item, UserIndex user);
  // As if the user had not had it. Nothing happens where the row does not have them.
  void remove(ItemIndex item, UserIndex user);

  // Calls add(i, score) for what each neighbour says, once a neighbour and item. `history`: oldest
  // first; items >= n_items() are ignored. `users`: of the same log. `covisitation` counts acts.
  // Events of types that weigh nothing, and of such as `types` does not know, say nothing. Cost:
  // `width` times 20, and a look for an item in 50 histories.
  template <class Add>
  void score(std::span<const Covisitation::Weighed> history, const UserStore& users,
             const Covisitation& covisitation, const TypeMeanings& types, const Add& add) const {
    std::array<float, kReach + 1> weights;
    for (std::size_t d = 0; d <= kReach; ++d) {
      weights[d] = std::exp(-static_cast<float>(d) / kPosition);
    }
    UserStore::Neighbourhood around;
    std::vector<ItemIndex> told;  // by one neighbour
    for (const Neighbour& neighbour : nearest(history, covisitation)) {
      const auto shared = users.find(neighbour.user, neighbour.shared, kReach, around);
      if (!shared) continue;  // no longer kept
      told.clear();
      const auto tell = [&](const KeptEvent& event, std::size_t distance) {
        if (offset(event.item()) >= n_items() || offset(event.type()) >= types.meanings.size()) {
          return;
        }
        if (types.of(event.type()).weight <= 0) return;
        if (std::ranges::find(told, event.item()) != told.end()) return;
        told.push_back(event.item());
        add(event.item(),
            neighbour.nearness * weights[distance] * rarity(covisitation, event.item()));
      };
      tell(*shared, 0);
      // Outwards, so that an item counts where it is nearest.
      for (std::size_t n = 0; n < kReach; ++n) {
        if (n < around.after.size()) tell(around.after[n], n + 1);
        if (n < around.before.size()) tell(around.before[around.before.size() - 1 - n], n + 1);
      }
    }
  }

  // For checkpoints and tests: oldest first.
  std::vector<UserIndex> row(ItemIndex item) const;
  void set_row(ItemIndex item, std::span<const UserIndex> row);

  // 4 bytes a place that is taken.
  std::size_t size_bytes() const;

 private:
  static constexpr std::size_t kLocks = 1024;
  // Events to either side of the shared one; e^-3 of the weight is left there.
  static constexpr std::size_t kReach = 12;
  static constexpr float kPosition = 4;

  struct Neighbour {
    UserIndex user;
    ItemIndex shared;  // of p*
    float nearness;
  };

  std::vector<Neighbour> nearest(std::span<const Covisitation::Weighed> history,
                                 const Covisitation& covisitation) const;
  static float rarity(const Covisitation& covisitation, ItemIndex item) {
    return 1 / std::sqrt(1 + covisitation.n_acts(item));
  }
  std::mutex& lock_of(ItemIndex item) const { return locks_[offset(item) % kLocks]; }

  std::size_t width_;
  ChunkedVector<std::vector<UserIndex>> rows_;  // oldest first; row i under lock_of(i)
  mutable std::array<std::mutex, kLocks> locks_;
};

}  // namespace coseno
