// What follows from the log event by event: histories, co-visitation, what is trending and who had
// an item last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "coseno/engine.h"
#include "data/ids.h"
#include "engine/covisitation.h"
#include "engine/event_type_table.h"
#include "engine/recent_sessions.h"
#include "engine/trending.h"
#include "engine/user_store.h"

namespace coseno {

// An event as the log has it.
struct LiveEvent {
  UserIndex user;
  ItemIndex item;
  TypeIndex type;
  float value;
  std::int64_t time_ms;

  KeptEvent kept() const { return {item, type, value, time_ms}; }
};

// The same log gives the same state, bit by bit.
//
// Changing is for one thread at a time; any number of others may read the parts meanwhile.
class LiveState {
 public:
  explicit LiveState(const EngineOptions& options)
      : users_(options.history_length),
        covisitation_(options.covisitation_width),
        trending_(options.trending_half_life_days),
        sessions_(kSessionsOfItem) {}

  // Items that may be in an answer. One has its name and its properties before it is counted here.
  std::size_t n_items() const { return covisitation_.n_items(); }

  // Items below n_items may be in events from now on.
  void grow(std::size_t n_items) {
    covisitation_.grow(n_items);
    trending_.grow(n_items);
    sessions_.grow(n_items);
  }

  // `types` as they are when the event is applied: counts keep the weight of the moment.
  void apply(const LiveEvent& event, const TypeMeanings& types);
  // Takes back what the event did, as far as it can still be told: pairs are taken back with the
  // items that now stand next to it.
  void retract(const LiveEvent& event, const TypeMeanings& types);
  // Retracts every event that the user's history still has, and forgets it.
  void erase(UserIndex user, const TypeMeanings& types);

  UserStore& users() { return users_; }
  const UserStore& users() const { return users_; }
  Covisitation& covisitation() { return covisitation_; }
  const Covisitation& covisitation() const { return covisitation_; }
  Trending& trending() { return trending_; }
  const Trending& trending() const { return trending_; }
  RecentSessions& sessions() { return sessions_; }
  const RecentSessions& sessions() const { return sessions_; }

 private:
  // Of an item, the users who had it last that are known: 4 bytes each.
  static constexpr std::size_t kSessionsOfItem = 50;

  void count(const LiveEvent& event, const UserStore::Neighbourhood& around,
             const TypeMeanings& types, float sign);

  UserStore users_;
  Covisitation covisitation_;
  Trending trending_;
  RecentSessions sessions_;
  UserStore::Neighbourhood around_;  // scratch of the one who changes
};

}  // namespace coseno
