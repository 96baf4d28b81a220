#include "engine/live_state.h"

namespace coseno {
namespace {

// Events of a user's history to either side that an event is paired with. More told nothing in
// replays of MovieLens 100K, and costs two rows each.
constexpr std::size_t kReach = 10;

}  // namespace

void LiveState::apply(const LiveEvent& event, const TypeMeanings& types) {
  users_.add(event.user, event.kept(), kReach, around_);
  count(event, around_, types, 1);
  if (types.of(event.type).weight > 0) sessions_.add(event.item, event.user);
}

void LiveState::retract(const LiveEvent& event, const TypeMeanings& types) {
  if (!users_.remove(event.user, event.kept(), kReach, around_)) return;
  count(event, around_, types, -1);
  const bool has_more = users_.find(event.user, event.item, 0, around_).has_value();
  if (!has_more) sessions_.remove(event.item, event.user);
}

void LiveState::erase(UserIndex user, const TypeMeanings& types) {
  std::vector<KeptEvent> history;
  users_.history(user, history);
  for (auto event = history.rbegin(); event != history.rend(); ++event) {
    retract({user, event->item(), event->type(), event->value(), event->time_ms()}, types);
  }
  users_.clear(user);
}

void LiveState::count(const LiveEvent& event, const UserStore::Neighbourhood& around,
                      const TypeMeanings& types, float sign) {
  const auto weight = static_cast<float>(types.of(event.type).weight);
  if (weight == 0) return;
  covisitation_.add_act(event.item, sign * weight);
  trending_.add(event.item, sign * weight, event.time_ms);
  for (const std::vector<KeptEvent>* const side : {&around.before, &around.after}) {
    for (const KeptEvent& other : *side) {
      const auto other_weight = static_cast<float>(types.of(other.type()).weight);
      if (other.item() == event.item || other_weight == 0) continue;
      covisitation_.add_pair(event.item, other.item(), sign * weight * other_weight);
    }
  }
}

}  // namespace coseno
