#include "engine/recommender.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

#include "engine/new_items.h"
#include "engine/scorer.h"
#include "math/kernels.h"
#include "math/top_k.h"
#include "ranking/final_list.h"
#include "ranking/item_filter.h"

namespace coseno {
namespace {

constexpr std::size_t kMaxK = 1000;
constexpr std::size_t kMaxActs = 10000;
constexpr std::size_t kMaxReasons = 3;
// Of a new item: how many are looked at that share a property with it, about; and what it says that
// all of them are shared, beside the co-visitation's 0.1 to 1.
constexpr std::size_t kMostAlike = 20000;
constexpr float kAlike = 0.1F;

// Candidates that diversity, calibration, caps and chance choose from: so many a place, and no
// fewer than that. Where caps leave places empty, more are taken.
constexpr std::size_t kCandidatesAPlace = 10;
constexpr std::size_t kLeastCandidates = 100;

// Of one thread, kept from request to request: 4 bytes an item each.
struct Scratch {
  std::vector<float> scores;  // grown only where a list is made from all of them
  LiveScores::Scratch live;
  std::vector<std::uint64_t> allowed;
  std::vector<std::uint64_t> matching;
  ItemFilter::Scratch filter;
  std::vector<KeptEvent> history;
  std::vector<Scored> best;
  SearchQuery query;
  SearchScratch search;
};

Scratch& scratch_of_thread() {
  static thread_local Scratch scratch;
  return scratch;
}

bool is_set(std::span<const std::uint64_t> bits, std::size_t n) {
  return (bits[n / 64] >> (n % 64) & 1) != 0;
}

void clear(std::vector<std::uint64_t>& bits, std::size_t n) {
  if (n / 64 < bits.size()) bits[n / 64] &= ~(std::uint64_t{1} << (n % 64));
}

const ItemFilter& is_available() {
  static const ItemFilter filter =
      ItemFilter::parse(R"({"not": {"equals": {"available": false}}})").value();
  return filter;
}

Result<void> check_k(std::size_t k) {
  if (k >= 1 && k <= kMaxK) return {};
  return invalid_argument("k must be in [1, {}], not {}", kMaxK, k);
}

Result<void> check_share(std::string_view name, double value) {
  if (value >= 0 && value <= 1) return {};
  return invalid_argument("{} must be in [0, 1], not {}", name, value);
}

// One request, from the moment on in which it took what it is answered from.
class Answer {
 public:
  Answer(const EngineState& state, std::int64_t now_ms)
      : state_(state),
        now_ms_(now_ms),
        position_(state.position.load(std::memory_order_acquire)),
        snapshot_(state.snapshot.get()),
        live_(state.live.get()),
        n_items_(live_->n_items()),
        scratch_(scratch_of_thread()) {}

  Result<Recommendations> recommend(const RecommendRequest& request) {
    COSENO_TRY(check(request));
    COSENO_TRY(find_history(request));
    const Tastes tastes = tastes_of(scratch_.history, *types_, now_ms_);
    const Scorer scorer = this->scorer();
    // The shelf before the counts, as where they are read anew for explanations.
    const std::shared_lock lock(state_.shelf.mutex);
    std::optional<LiveScores> live = scorer.live(tastes, n_items_, scratch_.live);
    find_available();
    COSENO_ASSIGN(pins, find_pins(request.pinned));
    COSENO_TRY(narrow(request.filter));
    const NewItems new_items = this->new_items(recent_of(tastes));
    new_items.add_to(*live);
    COSENO_TRY(add_boosts(request.boosts, *live));
    hide(request);
    COSENO_ASSIGN(options, final_options(request, tastes, std::move(pins)));
    COSENO_ASSIGN(placed, choose(options, best_by(scorer, tastes, *live)));
    live.reset();  // explanations read the counts anew
    Recommendations result = named(placed);
    if (request.explain) explain(request, scorer, new_items, tastes, placed, result);
    return result;
  }

  Result<Recommendations> similar(std::string_view id, std::size_t k, std::string_view filter) {
    COSENO_TRY(check_k(k));
    const std::optional<ItemIndex> item = state_.items.find(id);
    if (!item) return make_error(ErrorCode::not_found, "there is no item '{}'", id);
    scratch_.scores.assign(n_items_, kNeverScore);
    const VoiceWeights weights = snapshot_ ? snapshot_->weights : kUntrained;
    if (snapshot_ && offset(*item) < snapshot_->model->n_items()) {
      add_shares(snapshot_->model->similar_items(*item, kMaxK),
                 weights[std::to_underlying(Voice::model)], scratch_.scores);
    }
    add_shares(live_->covisitation().similar(*item, kMaxK),
               std::max(0.1F, weights[std::to_underlying(Voice::covisitation)]), scratch_.scores);
    return best_allowed(k, filter, [&] {
      if (offset(*item) >= n_known()) add_alike(*item);
    });
  }

  Result<Recommendations> trending(std::size_t k, std::string_view filter) {
    COSENO_TRY(check_k(k));
    scratch_.scores.resize(n_items_);
    live_->trending().scores(scratch_.scores);
    return best_allowed(k, filter, [] {});
  }

 private:
  Result<void> check(const RecommendRequest& request) const {
    COSENO_TRY(check_k(request.k));
    COSENO_TRY(check_share("exploration", request.exploration));
    if (position_ < request.min_position) {
      return make_error(ErrorCode::unavailable, "min_position is {}, and this engine is at {}",
                        request.min_position, position_);
    }
    if (request.history && request.history->size() > kMaxActs) {
      return invalid_argument("history has {} acts, more than {}", request.history->size(),
                              kMaxActs);
    }
    return {};
  }

  // The n best that are allowed, best first.
  using Best = std::function<std::span<const Scored>(std::size_t n)>;

  // Views of all that is passed. A model of whose scores nothing is known beforehand scores all.
  Best best_by(const Scorer& scorer, const Tastes& tastes, const LiveScores& live) {
    const float weight = scorer.weights(tastes)[std::to_underlying(Voice::model)];
    if (weight == 0) {
      return [this, &live](std::size_t n) {
        return best_of(live, {scratch_.allowed, n}, scratch_.search);
      };
    }
    if (snapshot_->search) {
      snapshot_->fold_ins->query(tastes, scratch_.query);
      return [this, weight, &live](std::size_t n) {
        return snapshot_->search->top(scratch_.query, weight, live, {scratch_.allowed, n},
                                      scratch_.search);
      };
    }
    scratch_.scores.resize(n_items_);
    scorer.score_by_model(tastes, scratch_.scores);
    for (std::size_t i = 0; i < n_items_; ++i) {
      scratch_.scores[i] = weight * scratch_.scores[i] + live.at(i);
    }
    mask();
    return [this](std::size_t n) -> std::span<const Scored> {
      scratch_.best = top_k(scratch_.scores, n);
      return scratch_.best;
    };
  }

  Scorer scorer() const {
    return Scorer({.model = snapshot_ ? snapshot_->model.get() : nullptr,
                   .weights = snapshot_ ? snapshot_->weights : kUntrained,
                   .live = *live_,
                   .types = *types_});
  }

  std::size_t n_known() const { return snapshot_ ? snapshot_->model->n_items() : 0; }

  // The shelf is locked.
  NewItems new_items(std::span<const Covisitation::Weighed> recent) const {
    return NewItems(state_.shelf.properties, live_->covisitation(), recent, n_known(),
                    snapshot_ != nullptr);
  }

  // Fills scratch_.history and types_.
  Result<void> find_history(const RecommendRequest& request) {
    scratch_.history.clear();
    if (request.history) {
      types_ = state_.types.get();
      return take_acts(*request.history);
    }
    const std::optional<UserIndex> user = state_.users.find(request.user);
    if (user) live_->users().history(*user, scratch_.history);
    types_ = state_.types.get();  // after the history: they know all of its types
    return {};
  }

  // Items that nobody knows say nothing.
  Result<void> take_acts(std::span<const Act> acts) {
    for (std::size_t n = 0; n < acts.size(); ++n) {
      const Act& act = acts[n];
      const auto type = std::ranges::find(types_->names, act.type);
      if (type == types_->names.end() || !types_->by_name.contains(act.type)) {
        return invalid_argument("history[{}]: there is no event type '{}'", n, act.type);
      }
      const std::optional<ItemIndex> item = state_.items.find(act.item);
      if (!item || offset(*item) >= n_items_) continue;
      scratch_.history.emplace_back(*item, static_cast<TypeIndex>(type - types_->names.begin()),
                                    act.value, act.time_ms.value_or(now_ms_));
    }
    return {};
  }

  // Fills `bits` with the items that match; errors begin with `field`. The shelf is locked.
  Result<void> match(std::string_view field, std::string_view json,
                     std::vector<std::uint64_t>& bits) {
    const auto refused = [&](const Error& error) {
      return make_error(error.code, "{}: {}", field, error.message);
    };
    const Result<ItemFilter> filter = ItemFilter::parse(json);
    if (!filter) return refused(filter.error());
    if (const auto known = filter->check(state_.shelf.properties); !known) {
      return refused(known.error());
    }
    filter->evaluate(state_.shelf.properties, n_items_, now_ms_, scratch_.filter, bits);
    return {};
  }

  // Fills scratch_.allowed: what is there and available. The shelf is locked.
  void find_available() {
    is_available().evaluate(state_.shelf.properties, n_items_, now_ms_, scratch_.filter,
                            scratch_.allowed);
    const std::vector<std::uint64_t>& deleted = state_.shelf.deleted_bits;
    for (std::size_t w = 0; w < std::min(deleted.size(), scratch_.allowed.size()); ++w) {
      scratch_.allowed[w] &= ~deleted[w];
    }
  }

  // Of those that are allowed; find_available() was called.
  Result<std::vector<Pin>> find_pins(std::span<const std::string_view> ids) const {
    std::vector<Pin> pins;
    for (const std::string_view id : ids) {
      const std::optional<ItemIndex> item = state_.items.find(id);
      if (!item) return make_error(ErrorCode::not_found, "pinned: there is no item '{}'", id);
      if (offset(*item) >= n_items_ || !is_set(scratch_.allowed, offset(*item))) continue;
      pins.push_back({pins.size(), std::to_underlying(*item)});
    }
    return pins;
  }

  // Leaves of scratch_.allowed what passes the filter. The shelf is locked.
  Result<void> narrow(std::string_view filter) {
    if (filter.empty()) return {};
    COSENO_TRY(match("filter", filter, scratch_.matching));
    for (std::size_t w = 0; w < scratch_.allowed.size(); ++w) {
      scratch_.allowed[w] &= scratch_.matching[w];
    }
    return {};
  }

  Result<void> add_boosts(std::span<const Boost> boosts, LiveScores& live) {
    for (const Boost& boost : boosts) {
      if (!std::isfinite(boost.amount) || std::abs(boost.amount) > kMaxBoost) {
        return invalid_argument("boost: amount must be in [-{0}, {0}], not {1}", kMaxBoost,
                                boost.amount);
      }
      COSENO_TRY(match("boost", boost.filter, scratch_.matching));
      live.add_boost(scratch_.matching, static_cast<float>(boost.amount));
    }
    return {};
  }

  // What the user has had, and what the caller excludes.
  void hide(const RecommendRequest& request) {
    for (const KeptEvent& event : scratch_.history) {
      const EventType& type = types_->of(event.type());
      if (!type.hides || (request.include_seen && type.weight > 0)) continue;
      const auto age_ms = static_cast<double>(now_ms_ - event.time_ms());
      if (type.hides_days > 0 && age_ms > type.hides_days * kDayMs) continue;
      clear(scratch_.allowed, offset(event.item()));
    }
    for (const std::string_view id : request.exclude) {
      if (const auto item = state_.items.find(id)) clear(scratch_.allowed, offset(*item));
    }
  }

  // Rearranges nothing: candidates are the best as they are.
  static bool is_plain(const FinalListOptions& options) {
    return options.pins.empty() && options.caps.empty() && options.diversity == 0 &&
           !options.calibration && options.exploration.method == Exploration::Method::none;
  }

  Result<FinalListOptions> final_options(const RecommendRequest& request, const Tastes& tastes,
                                         std::vector<Pin> pins) {
    FinalListOptions options;
    options.k = request.k;
    options.pins = std::move(pins);
    for (const GroupCap& cap : request.caps) {
      options.caps.push_back({std::string(cap.property), cap.at_most});
    }
    options.diversity = request.diversity;
    if (!snapshot_ || !snapshot_->similarity) similarity_ = similarity_by_counts();
    options.similarity = similarity_ ? &similarity_ : &*snapshot_->similarity;
    if (!request.calibrate.empty()) {
      for (std::size_t i = 0; i < tastes.interactions.size(); ++i) {
        weighted_.push_back({std::to_underlying(tastes.interactions[i].item), tastes.weights[i]});
      }
      options.calibration = {.property = std::string(request.calibrate), .history = weighted_};
    }
    if (request.exploration > 0) {
      options.exploration = {.method = Exploration::Method::plackett_luce,
                             .temperature = std::max(request.exploration, kLeastTemperature),
                             .seed = request.seed};
    }
    return options;
  }

  // For a model without vectors, or none.
  Similarity similarity_by_counts() const {
    return [this](std::uint32_t item, std::span<const std::uint32_t> others, std::span<float> out) {
      std::ranges::fill(out, 0.0F);
      for (const ScoredItem& near : live_->covisitation().similar(ItemIndex{item}, kMaxK)) {
        for (std::size_t n = 0; n < others.size(); ++n) {
          if (ItemIndex{others[n]} == near.item) out[n] = std::min(1.0F, near.score);
        }
      }
    };
  }

  // Masks what is not allowed.
  void mask() {
    for (std::size_t i = 0; i < n_items_; ++i) {
      if (!is_set(scratch_.allowed, i)) scratch_.scores[i] = kNeverScore;
    }
  }

  Result<std::vector<Placed>> choose(const FinalListOptions& options, const Best& best) {
    std::size_t n = options.k;
    if (!is_plain(options)) n = std::max(kCandidatesAPlace * options.k, kLeastCandidates);
    for (;; n *= 4) {
      const std::span<const Scored> candidates = best(n);
      COSENO_ASSIGN(placed, final_list(candidates, state_.shelf.properties, options));
      if (placed.size() == options.k || candidates.size() < n) return std::move(placed);
    }
  }

  Recommendations named(std::span<const Placed> placed) const {
    std::vector<ItemIndex> indices;
    for (const Placed& one : placed) indices.push_back(ItemIndex{one.item});
    std::vector<std::string> ids = state_.items.ids(indices);
    Recommendations result;
    result.position = position_;
    result.snapshot = snapshot_ ? snapshot_->id : 0;
    for (std::size_t n = 0; n < placed.size(); ++n) {
      result.items.push_back({.item = std::move(ids[n]),
                              .score = placed[n].score,
                              .propensity = placed[n].propensity});
    }
    return result;
  }

  // What has the properties of an item that no model knows. The shelf is locked.
  void add_alike(ItemIndex item) {
    const Covisitation::Weighed one = {item, 1};
    const ContentTaste taste(state_.shelf.properties, {&one, 1});
    scratch_.matching.assign((n_items_ + 63) / 64, 0);
    taste.find(kMostAlike, scratch_.matching);
    clear(scratch_.matching, offset(item));
    for (std::size_t i = 0; i < n_items_; ++i) {
      if (!is_set(scratch_.matching, i)) continue;
      const float like = taste.like(static_cast<ItemIndex>(i));
      if (like <= 0) continue;  // all items have what they share
      float& score = scratch_.scores[i];
      if (score == kNeverScore) score = 0;
      score += kAlike * like;
    }
  }

  // The best of scratch_.scores and of what `add` adds to them while the shelf is locked.
  template <class Add>
  Result<Recommendations> best_allowed(std::size_t k, std::string_view filter, Add add) {
    const std::shared_lock lock(state_.shelf.mutex);
    add();
    find_available();
    COSENO_TRY(narrow(filter));
    mask();
    std::vector<Placed> placed;
    for (const Scored& best : top_k(scratch_.scores, k)) {
      placed.push_back({.item = best.index, .score = best.score});
    }
    return named(placed);
  }

  // --- explanations

  void explain(const RecommendRequest& request, const Scorer& scorer, const NewItems& new_items,
               const Tastes& tastes, std::span<const Placed> placed, Recommendations& result) {
    const VoiceWeights weights = scorer.weights(tastes);
    for (std::size_t v = 0; v < kVoices; ++v) {
      if (weights[v] == 0) continue;
      const auto voice = static_cast<Voice>(v);
      const auto add = [&](const auto& score_of) {
        for (std::size_t n = 0; n < placed.size(); ++n) {
          result.items[n].sources.push_back(
              {name_of(voice), weights[v] * score_of(placed[n].item)});
        }
      };
      if (voice == Voice::model) {
        scratch_.scores.resize(n_items_);
        scorer.score_by_model(tastes, scratch_.scores);
        add([&](std::uint32_t item) { return scratch_.scores[item]; });
      } else {
        const LiveScores scores = scorer.live(voice, tastes, n_items_, scratch_.live);
        add([&](std::uint32_t item) { return scores.at(item); });
      }
    }
    for (std::size_t n = 0; n < placed.size(); ++n) {
      const ItemIndex item{placed[n].item};
      for (const Source& source : {Source{"content", new_items.content(item)},
                                   Source{"freshness", new_items.freshness(item)}}) {
        if (source.score != 0) result.items[n].sources.push_back(source);
      }
      add_boost_source(request, result.items[n]);
      result.items[n].reasons = reasons(tastes, new_items, item);
    }
  }

  std::string name_of(Voice voice) const {
    switch (voice) {
      case Voice::model:
        return snapshot_->model_name;
      case Voice::covisitation:
        return "covisitation";
      case Voice::trending:
        return "trending";
      case Voice::sessions:
        return "sessions";
    }
    return "";
  }

  static void add_boost_source(const RecommendRequest& request, RecommendedItem& item) {
    if (request.boosts.empty()) return;
    float rest = item.score;
    for (const Source& source : item.sources) rest -= source.score;
    item.sources.push_back({"boost", rest});
  }

  // Which items of the history stand near the item: in the counts, in the model's vectors, and by
  // what they are.
  std::vector<Reason> reasons(const Tastes& tastes, const NewItems& new_items,
                              ItemIndex item) const {
    std::vector<std::pair<double, ItemIndex>> shares;
    const std::vector<Covisitation::Weighed> recent = recent_of(tastes);
    const VoiceWeights weights = snapshot_ ? snapshot_->weights : kUntrained;
    const double content = std::max(0.0F, new_items.content(item));
    for (const Covisitation::Weighed& act : recent) {
      double share = 0;
      live_->covisitation().score(
          {&act, 1}, [&](ItemIndex other, const Covisitation::Weighed&, float score) {
            if (other == item) share += weights[std::to_underlying(Voice::covisitation)] * score;
          });
      share += weights[std::to_underlying(Voice::model)] * act.weight * cosine(act.item, item);
      if (content > 0) {
        const ContentTaste taste(state_.shelf.properties, {&act, 1});
        share += content * act.weight * taste.like(item);
      }
      if (share > 0) shares.emplace_back(share, act.item);
    }
    double sum = 0;
    for (const auto& [share, other] : shares) sum += share;
    std::ranges::sort(shares, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (shares.size() > kMaxReasons) shares.resize(kMaxReasons);
    std::vector<Reason> reasons;
    for (const auto& [share, other] : shares) {
      reasons.push_back({state_.items.id(other), static_cast<float>(share / sum)});
    }
    return reasons;
  }

  // 0 where the model has no vectors, or does not know one of them.
  double cosine(ItemIndex a, ItemIndex b) const {
    if (!snapshot_) return 0;
    const auto vectors = snapshot_->model->item_vectors();
    if (!vectors || std::max(offset(a), offset(b)) >= vectors->n_rows) return 0;
    const auto u = vectors->row(offset(a));
    const auto v = vectors->row(offset(b));
    const double lengths = std::sqrt(static_cast<double>(dot(u, u)) * dot(v, v));
    return lengths > 0 ? std::max(0.0, dot(u, v) / lengths) : 0;
  }

  static constexpr double kMaxBoost = 1000;
  static constexpr double kLeastTemperature = 0.001;

  const EngineState& state_;
  std::int64_t now_ms_;
  std::uint64_t position_;
  std::shared_ptr<const ModelSnapshot> snapshot_;
  std::shared_ptr<const TypeMeanings> types_;
  std::shared_ptr<const LiveState> live_;
  std::size_t n_items_;
  Scratch& scratch_;
  // Looked at by FinalListOptions.
  std::vector<WeightedItem> weighted_;
  Similarity similarity_;
};

}  // namespace

Result<Recommendations> Recommender::recommend(const RecommendRequest& request) const {
  return Answer(state_, clock_.now_ms()).recommend(request);
}

Result<Recommendations> Recommender::similar(std::string_view item, std::size_t k,
                                             std::string_view filter) const {
  return Answer(state_, clock_.now_ms()).similar(item, k, filter);
}

Result<Recommendations> Recommender::trending(std::size_t k, std::string_view filter) const {
  return Answer(state_, clock_.now_ms()).trending(k, filter);
}

}  // namespace coseno
