// Sessions of the past, and for each item those that it is in, newest first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/features.h"
#include "data/ids.h"

namespace coseno {

class TensorFile;
class TensorFileWriter;

// Immutable; thread-safe. 16 bytes an act, 24 a session and 8 an item.
class SessionIndex {
 public:
  struct Session {
    std::vector<Feature> acts;  // item and weight, oldest first; each item once
    std::int64_t time;          // of the last, in seconds
  };
  // Where an item stands in a session.
  struct Place {
    std::uint32_t session;
    std::uint32_t act;
  };
  // That the n-th of the items asked for is in a session, and where.
  struct Match {
    std::size_t n;
    std::uint32_t act;
  };

  SessionIndex() = default;
  // `sessions`: by rising time, none empty. Every item is < n_items.
  SessionIndex(std::span<const Session> sessions, std::size_t n_items);

  std::size_t n_sessions() const { return times_.size(); }
  std::size_t n_items() const { return item_begin_.size() - 1; }

  // s < n_sessions(); the newest session has the largest number.
  FeatureRow acts(std::uint32_t s) const { return acts_.row(s); }
  std::int64_t time(std::uint32_t s) const { return times_[s]; }

  // item < n_items(); newest session first.
  std::span<const Place> places(ItemIndex item) const {
    const std::size_t begin = item_begin_[offset(item)];
    return std::span(places_).subspan(begin, item_begin_[offset(item) + 1] - begin);
  }

  // Calls visit(session, matches) for the `n_sessions` newest sessions that have any of `items`,
  // newest first. The lists of the items are merged, so nothing is sorted, and sessions that are
  // not visited cost nothing. Cost: n_sessions times the number of items.
  template <class Visit>
  void for_each_newest(std::span<const ItemIndex> items, std::size_t n_sessions,
                       const Visit& visit) const {
    std::vector<std::span<const Place>> left;
    for (const ItemIndex item : items) left.push_back(places(item));
    std::vector<Match> matches;
    for (; n_sessions > 0; --n_sessions) {
      std::int64_t newest = -1;
      for (const std::span<const Place>& list : left) {
        if (!list.empty()) newest = std::max<std::int64_t>(newest, list.front().session);
      }
      if (newest < 0) return;
      matches.clear();
      for (std::size_t n = 0; n < left.size(); ++n) {
        if (left[n].empty() || left[n].front().session != newest) continue;
        matches.push_back({n, left[n].front().act});
        left[n] = left[n].subspan(1);
      }
      visit(static_cast<std::uint32_t>(newest), std::span<const Match>(matches));
    }
  }

  // As tensors whose names begin with that of the model.
  void save(std::string_view model, TensorFileWriter& file) const;
  // Errors: corrupt.
  static Result<SessionIndex> load(std::string_view model, const TensorFile& file,
                                   std::size_t n_items);

 private:
  SessionIndex(FeatureMatrix acts, std::vector<std::int64_t> times, std::size_t n_items);
  void index_items(std::size_t n_items);

  FeatureMatrix acts_;
  std::vector<std::int64_t> times_;
  std::vector<Place> places_;               // item after item
  std::vector<std::size_t> item_begin_{0};  // n_items + 1
};

}  // namespace coseno
