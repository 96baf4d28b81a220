#include "ranking/final_list.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cmath>
#include <limits>
#include <memory>

#include "base/rng.h"
#include "math/kernels.h"
#include "ranking/calibration.h"
#include "ranking/value_groups.h"

namespace coseno {
namespace {

using Method = Exploration::Method;

constexpr double kLeastTemperature = 0.001;
constexpr double kMostTemperature = 1000;

Result<void> check_fraction(std::string_view name, double value) {
  if (value >= 0 && value <= 1) return {};
  return invalid_argument("{} must be from 0 to 1, not {}", name, value);
}

Result<void> check_pins(const FinalListOptions& options) {
  boost::unordered_flat_set<std::size_t> places;
  boost::unordered_flat_set<std::uint32_t> items;
  for (const Pin& pin : options.pins) {
    if (pin.place >= options.k) {
      return invalid_argument("a pin's place must be below k, {}, not {}", options.k, pin.place);
    }
    if (!places.insert(pin.place).second) {
      return invalid_argument("place {} is pinned twice", pin.place);
    }
    if (!items.insert(pin.item).second) {
      return invalid_argument("an item is pinned twice, at place {} too", pin.place);
    }
  }
  return {};
}

Result<void> check_options(const FinalListOptions& options) {
  COSENO_TRY(check_pins(options));
  COSENO_TRY(check_fraction("diversity", options.diversity));
  if (options.diversity > 0 && options.similarity == nullptr) {
    return invalid_argument("diversity needs vectors of items, and there are none");
  }
  if (options.calibration) {
    COSENO_TRY(check_fraction("calibration weight", options.calibration->weight));
    for (const WeightedItem& item : options.calibration->history) {
      if (!(item.weight > 0 && std::isfinite(item.weight))) {
        return invalid_argument("weights of the history must be above 0 and finite, not {}",
                                item.weight);
      }
    }
  }
  const Exploration& exploration = options.exploration;
  if (exploration.method == Method::epsilon_greedy) {
    COSENO_TRY(check_fraction("exploration rate", exploration.rate));
  }
  if (exploration.method == Method::plackett_luce &&
      !(exploration.temperature >= kLeastTemperature &&
        exploration.temperature <= kMostTemperature)) {
    return invalid_argument("exploration temperature must be from {} to {}, not {}",
                            kLeastTemperature, kMostTemperature, exploration.temperature);
  }
  return {};
}

// Every item that may be in the list: the pool of candidates, best first, then the pins by place.
struct Entrants {
  std::vector<std::uint32_t> items;
  std::vector<float> scores;
  std::vector<std::size_t> pin_places;  // of the entrants behind the pool
  std::size_t n_pool = 0;
};

Entrants gather(std::span<const Scored> candidates, const FinalListOptions& options,
                bool is_plain) {
  const boost::unordered_flat_set<std::uint32_t> excluded(options.excluded.begin(),
                                                          options.excluded.end());
  std::vector<Pin> pins = options.pins;
  std::erase_if(pins, [&](const Pin& pin) { return excluded.contains(pin.item); });
  std::ranges::sort(pins, {}, &Pin::place);
  boost::unordered_flat_map<std::uint32_t, float> pinned_scores;
  for (const Pin& pin : pins) pinned_scores.emplace(pin.item, 0.0F);

  std::vector<Scored> pool;
  pool.reserve(candidates.size());
  for (const Scored& candidate : candidates) {
    if (const auto pinned = pinned_scores.find(candidate.index); pinned != pinned_scores.end()) {
      pinned->second = candidate.score;
    } else if (!excluded.contains(candidate.index)) {
      pool.push_back(candidate);
    }
  }
  // What cannot be chosen for anything but its score need not be sorted past the k-th.
  const auto n_sorted =
      static_cast<std::ptrdiff_t>(is_plain ? std::min(options.k, pool.size()) : pool.size());
  std::ranges::partial_sort(pool, pool.begin() + n_sorted, is_better);
  pool.resize(static_cast<std::size_t>(n_sorted));

  Entrants entrants;
  entrants.n_pool = pool.size();
  for (const Scored& candidate : pool) {
    entrants.items.push_back(candidate.index);
    entrants.scores.push_back(candidate.score);
  }
  for (const Pin& pin : pins) {
    entrants.items.push_back(pin.item);
    entrants.scores.push_back(pinned_scores[pin.item]);
    entrants.pin_places.push_back(pin.place);
  }
  return entrants;
}

ValueGroups groups_of(const Entrants& entrants, const ItemProperties& table,
                      const std::string& property) {
  ValueGroups groups(table, property);
  for (const std::uint32_t item : entrants.items) groups.add(item);
  return groups;
}

// How many items of the list have each value of a property, and how many may.
class CappedGroups {
 public:
  CappedGroups(const Entrants& entrants, const ItemProperties& table, const Cap& cap)
      : groups_(groups_of(entrants, table, cap.property)),
        most_(cap.most),
        counts_(groups_.n_groups()) {}

  bool has_room_for(std::size_t entrant) const {
    return std::ranges::all_of(groups_.of(entrant),
                               [&](const auto& member) { return counts_[member.group] < most_; });
  }
  void add(std::size_t entrant) {
    for (const auto& member : groups_.of(entrant)) ++counts_[member.group];
  }

 private:
  ValueGroups groups_;
  std::size_t most_;
  std::vector<std::size_t> counts_;
};

// The divergence of the list from the user's history.
class CalibratedGroups {
 public:
  CalibratedGroups(const Entrants& entrants, const ItemProperties& table,
                   const Calibration& calibration)
      : weight_(calibration.weight),
        groups_(groups_of(entrants, table, calibration.property)),
        divergence_(history_of(groups_, entrants.items.size(), calibration.history)) {}

  double weight() const { return weight_; }
  double with(std::size_t entrant) const { return divergence_.with(groups_.of(entrant)); }
  void add(std::size_t entrant) { divergence_.add(groups_.of(entrant)); }

 private:
  // The items of the history take the places behind the entrants.
  static std::vector<double> history_of(ValueGroups& groups, std::size_t n_entrants,
                                        std::span<const WeightedItem> history) {
    for (const WeightedItem& item : history) groups.add(item.item);
    std::vector<double> weights(groups.n_groups());
    for (std::size_t i = 0; i < history.size(); ++i) {
      for (const auto& [group, share] : groups.of(n_entrants + i)) {
        weights[group] += static_cast<double>(history[i].weight) * static_cast<double>(share);
      }
    }
    return weights;
  }

  double weight_;
  ValueGroups groups_;
  ListDivergence divergence_;
};

// The list as it grows, and what each candidate is worth to it.
class GrowingList {
 public:
  GrowingList(Entrants entrants, const ItemProperties& table, const FinalListOptions& options)
      : entrants_(std::move(entrants)),
        options_(&options),
        is_taken_(entrants_.n_pool),
        most_similar_(entrants_.n_pool),
        similarities_(entrants_.n_pool) {
    for (const Cap& cap : options.caps) caps_.emplace_back(entrants_, table, cap);
    if (options.calibration && options.calibration->weight > 0) {
      calibration_.emplace(entrants_, table, *options.calibration);
    }
    for (std::size_t i = entrants_.n_pool; i < entrants_.items.size(); ++i) add(i);
  }

  const Entrants& entrants() const { return entrants_; }

  bool fits(std::size_t candidate) const {
    return !is_taken_[candidate] &&
           std::ranges::all_of(caps_, [&](const auto& cap) { return cap.has_room_for(candidate); });
  }

  double worth(std::size_t candidate) const {
    const double diversity = options_->diversity;
    double worth = (1 - diversity) * relevance(candidate) -
                   diversity * static_cast<double>(most_similar_[candidate]);
    if (calibration_) {
      const double weight = calibration_->weight();
      worth = (1 - weight) * worth - weight * calibration_->with(candidate);
    }
    return worth;
  }

  void add(std::size_t entrant) {
    if (entrant < entrants_.n_pool) is_taken_[entrant] = true;
    for (CappedGroups& cap : caps_) cap.add(entrant);
    if (calibration_) calibration_->add(entrant);
    if (options_->diversity == 0) return;
    const auto pool = std::span(entrants_.items).first(entrants_.n_pool);
    (*options_->similarity)(entrants_.items[entrant], pool, similarities_);
    for (std::size_t i = 0; i < pool.size(); ++i) {
      most_similar_[i] = std::max(most_similar_[i], similarities_[i]);
    }
  }

 private:
  // The pool is sorted: the best is its first, the worst its last.
  double relevance(std::size_t candidate) const {
    const double best = entrants_.scores.front();
    const double worst = entrants_.scores[entrants_.n_pool - 1];
    return best > worst ? (entrants_.scores[candidate] - worst) / (best - worst) : 1;
  }

  Entrants entrants_;
  const FinalListOptions* options_;
  std::vector<bool> is_taken_;
  std::vector<float> most_similar_;  // to what is in the list; of each candidate
  std::vector<float> similarities_;  // scratch
  std::vector<CappedGroups> caps_;
  std::optional<CalibratedGroups> calibration_;
};

// Which candidate takes a place, and how likely that was.
struct Choice {
  std::size_t candidate;
  double propensity = 1;
};

class Chooser {
 public:
  explicit Chooser(const Exploration& exploration)
      : exploration_(&exploration), rng_(exploration.seed) {}

  // Nothing where no candidate fits.
  std::optional<Choice> choose(const GrowingList& list) {
    fitting_.clear();
    worths_.clear();
    for (std::size_t i = 0; i < list.entrants().n_pool; ++i) {
      if (!list.fits(i)) continue;
      fitting_.push_back(i);
      worths_.push_back(list.worth(i));
    }
    if (fitting_.empty()) return std::nullopt;
    // The first of the largest: candidates are in order of score, then index.
    const auto best = static_cast<std::size_t>(std::ranges::max_element(worths_) - worths_.begin());
    switch (exploration_->method) {
      case Method::none:
        break;
      case Method::epsilon_greedy:
        return epsilon_greedy(best);
      case Method::plackett_luce:
        return plackett_luce(worths_[best]);
    }
    return Choice{fitting_[best]};
  }

 private:
  Choice epsilon_greedy(std::size_t best) {
    const double rate = exploration_->rate;
    const std::size_t n = fitting_.size();
    const std::size_t chosen = rng_.uniform() < rate ? rng_.below(n) : best;
    return {fitting_[chosen], rate / static_cast<double>(n) + (chosen == best ? 1 - rate : 0)};
  }

  Choice plackett_luce(double best_worth) {
    double sum = 0;
    for (double& worth : worths_) {
      worth = std::exp((worth - best_worth) / exploration_->temperature);
      sum += worth;
    }
    // Rounding may leave a little of `rest` at the end: then the last that has a chance.
    double rest = rng_.uniform() * sum;
    std::size_t chosen = 0;
    for (std::size_t i = 0; i < worths_.size(); ++i) {
      if (worths_[i] == 0) continue;
      chosen = i;
      rest -= worths_[i];
      if (rest < 0) break;
    }
    return {fitting_[chosen], worths_[chosen] / sum};
  }

  const Exploration* exploration_;
  Rng rng_;
  std::vector<std::size_t> fitting_;
  std::vector<double> worths_;  // of fitting_
};

// Fills the places from the top: pins where they belong, what next() chooses elsewhere.
template <class Next>
std::vector<Placed> fill_places(const Entrants& entrants, std::size_t k, const Next& next) {
  std::vector<Placed> list;
  std::size_t n_pinned = 0;
  for (std::size_t place = 0; place < k; ++place) {
    if (n_pinned < entrants.pin_places.size() && entrants.pin_places[n_pinned] == place) {
      const std::size_t pin = entrants.n_pool + n_pinned++;
      list.push_back(
          {.item = entrants.items[pin], .score = entrants.scores[pin], .is_pinned = true});
    } else if (const std::optional<Choice> choice = next()) {
      list.push_back({.item = entrants.items[choice->candidate],
                      .score = entrants.scores[choice->candidate],
                      .propensity = choice->propensity});
    } else if (n_pinned == entrants.pin_places.size()) {
      break;
    }
  }
  return list;
}

}  // namespace

Similarity cosine_similarity(MatrixView vectors) {
  auto factors = std::make_shared<std::vector<float>>(vectors.n_rows);  // 1 / length
  for (std::size_t i = 0; i < vectors.n_rows; ++i) {
    const float square = dot(vectors.row(i), vectors.row(i));
    (*factors)[i] = square > 0 ? 1 / std::sqrt(square) : 0;
  }
  return [vectors, factors = std::shared_ptr<const std::vector<float>>(std::move(factors))](
             std::uint32_t item, std::span<const std::uint32_t> others, std::span<float> out) {
    std::ranges::fill(out, 0.0F);
    if (item >= vectors.n_rows) return;
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (others[i] >= vectors.n_rows) continue;
      out[i] =
          dot(vectors.row(item), vectors.row(others[i])) * (*factors)[item] * (*factors)[others[i]];
    }
  };
}

Result<std::vector<Placed>> final_list(std::span<const Scored> candidates,
                                       const ItemProperties& table,
                                       const FinalListOptions& options) {
  COSENO_TRY(check_options(options));
  const bool is_plain = options.caps.empty() && options.diversity == 0 && !options.calibration &&
                        options.exploration.method == Method::none;
  Entrants entrants = gather(candidates, options, is_plain);
  if (is_plain) {
    std::size_t n_chosen = 0;
    return fill_places(entrants, options.k, [&]() -> std::optional<Choice> {
      if (n_chosen == entrants.n_pool) return std::nullopt;
      return Choice{n_chosen++};
    });
  }
  GrowingList list(std::move(entrants), table, options);
  Chooser chooser(options.exploration);
  return fill_places(list.entrants(), options.k, [&] {
    const std::optional<Choice> choice = chooser.choose(list);
    if (choice) list.add(choice->candidate);
    return choice;
  });
}

}  // namespace coseno
