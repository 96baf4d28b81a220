// Histories as models of order read them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "data/user_item_matrix.h"
#include "models/model.h"
#include "models/options.h"

namespace coseno {

// Of a session with more the newest count: pairs of its acts are looked at, and a session is copied
// into every list that it speaks for.
constexpr std::size_t kMaxSessionActs = 1000;

// Calls visit(acts) for every session of every user, user after user, oldest first: all acts of
// the user, or the parts between pauses of more than `gap_hours`, where that is above 0.
template <class Visit>
void for_each_session(const UserItemMatrix& matrix, double gap_hours, const Visit& visit) {
  const double gap_s = gap_hours * 3600;
  const auto visit_newest = [&](History acts) {
    visit(acts.last(std::min(acts.size(), kMaxSessionActs)));
  };
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const History acts = matrix.user(static_cast<UserIndex>(u));
    std::size_t begin = 0;
    for (std::size_t n = 1; n < acts.size() && gap_s > 0; ++n) {
      if (static_cast<double>(acts[n].time) - static_cast<double>(acts[n - 1].time) <= gap_s) {
        continue;
      }
      visit_newest(acts.subspan(begin, n - begin));
      begin = n;
    }
    if (begin < acts.size()) visit_newest(acts.subspan(begin));
  }
}

// The option that is gap_hours, of a model that reads sessions.
template <class Options>
OptionField<Options> session_gap_field(double Options::* member) {
  return {.name = "session_gap_hours",
          .member = member,
          .min = 0,
          .max = 100000,
          .help = "pause that ends a session; 0: a user's history is one"};
}

// What is known of a profile with each item once, where it was last, newest first: at most `n`
// items. An item that was there several times has the sum of their weights, and the last value.
KnownPart newest_items(const Profile& profile, std::size_t n_items, std::size_t n);

}  // namespace coseno
