#include "models/sessions.h"

#include <boost/unordered/unordered_flat_map.hpp>

namespace coseno {

KnownPart newest_items(const Profile& profile, std::size_t n_items, std::size_t n) {
  const KnownPart known = known_part(profile, n_items);
  KnownPart newest;
  boost::unordered_flat_map<ItemIndex, std::size_t> places;
  for (std::size_t j = known.history.size(); j-- > 0;) {
    const auto [place, is_new] = places.try_emplace(known.history[j].item, newest.history.size());
    if (!is_new) {
      newest.weights[place->second] += known.weights[j];
    } else if (newest.history.size() < n) {
      newest.history.push_back(known.history[j]);
      newest.weights.push_back(known.weights[j]);
    } else {
      places.erase(place);
    }
  }
  return newest;
}

}  // namespace coseno
