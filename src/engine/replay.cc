#include "engine/replay.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/live_state.h"
#include "engine/model_snapshot.h"
#include "engine/scorer.h"
#include "engine/trainer.h"
#include "math/top_k.h"

namespace coseno {
namespace {

constexpr std::size_t kLeastReplayed = 100;
constexpr std::size_t kEventsBetweenReports = 256;

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double quantile(std::vector<float> values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::ranges::nth_element(values, nth);
  return *nth;
}

struct Sums {
  std::size_t n = 0;
  double recall = 0;
  double mrr = 0;
  double ndcg = 0;

  // `rank` counts from 1; nothing where the item cannot be in a list.
  void add(std::optional<std::size_t> rank, std::size_t k) {
    ++n;
    if (!rank) return;
    mrr += 1 / static_cast<double>(*rank);
    if (*rank > k) return;
    recall += 1;
    ndcg += 1 / std::log2(1 + static_cast<double>(*rank));
  }

  ReplayMetrics mean() const {
    const double d = n > 0 ? static_cast<double>(n) : 1;
    return {.n_judged = n, .recall = recall / d, .mrr = mrr / d, .ndcg = ndcg / d};
  }
};

// The events in order of time, and what is said of them.
struct Stream {
  std::vector<LiveEvent> events;
  TypeMeanings types;
  ItemIds items;
  std::size_t n_users = 0;

  TrainingLog log(std::size_t n_events) const {
    TrainingLog log;
    log.events.assign(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(n_events));
    log.positions.resize(n_events);
    std::iota(log.positions.begin(), log.positions.end(), 1);
    log.position = n_events;
    for (const LiveEvent& event : log.events) {
      const std::string_view id = items.id(event.item);
      if (!log.items.find(id)) log.items.add(id);  // numbered by first appearance, as in `items`
    }
    log.n_users = n_users;
    log.types = types;
    return log;
  }
};

// One type for all: ratings, or plain acts. Items are numbered by their first event in time.
Stream stream_of(const Interactions& interactions) {
  Stream stream;
  stream.n_users = interactions.users.size();
  const EventType type = {.is_rating = interactions.has_values};
  stream.types = {.names = {"event"}, .meanings = {type}, .by_name = {{"event", type}}};
  for (std::size_t n = 0; n < interactions.size(); ++n) {
    const Interactions::Row row = interactions.row(n);
    stream.events.push_back({row.user, row.interaction.item, TypeIndex{0}, row.interaction.value,
                             row.interaction.time * 1000});
  }
  std::ranges::stable_sort(stream.events, {}, &LiveEvent::time_ms);
  for (LiveEvent& event : stream.events) {
    event.item = stream.items.add(interactions.items.id(event.item));
  }
  return stream;
}

// One way of keeping up.
class Contestant {
 public:
  struct Manner {
    std::string name;
    bool has_models = true;
    bool is_live = false;  // takes each event in at once; else at each training
    bool is_retrained = false;
  };

  Contestant(Manner manner, const Stream& stream, const ReplayOptions& options)
      : manner_(std::move(manner)),
        stream_(stream),
        options_(options),
        state_(options.engine),
        windows_(options.n_windows) {
    state_.grow(stream.items.size());
  }

  const Manner& manner() const { return manner_; }

  // Everything before `end` is known from now on.
  void catch_up(std::size_t end) {
    for (; n_known_ < end; ++n_known_) state_.apply(stream_.events[n_known_], stream_.types);
  }

  void set_models(std::shared_ptr<const Trained> trained, double seconds) {
    trained_ = std::move(trained);
    ++n_trainings_;
    training_s_ += seconds;
  }

  void judge(std::size_t n, std::size_t window, std::size_t n_items) {
    const LiveEvent& event = stream_.events[n];
    const auto start = SteadyClock::now();
    const std::optional<std::size_t> rank = rank_of(event, n_items);
    rank_s_.push_back(static_cast<float>(seconds_since(start)));
    all_.add(rank, options_.k);
    windows_[window].add(rank, options_.k);
  }

  void observe(std::size_t n) {
    if (!manner_.is_live) return;
    const auto start = SteadyClock::now();
    catch_up(n + 1);
    observe_s_.push_back(static_cast<float>(seconds_since(start)));
  }

  ReplayResult result() const {
    ReplayResult result;
    result.name = manner_.name;
    result.all = all_.mean();
    for (const Sums& window : windows_) result.windows.push_back(window.mean());
    result.rank_p50_s = quantile(rank_s_, 0.5);
    result.rank_p99_s = quantile(rank_s_, 0.99);
    result.observe_p50_s = quantile(observe_s_, 0.5);
    result.observe_p99_s = quantile(observe_s_, 0.99);
    result.n_trainings = n_trainings_;
    result.training_s = training_s_;
    return result;
  }

 private:
  // Among the first n_items, which somebody has had. Nothing where the item is none of them.
  std::optional<std::size_t> rank_of(const LiveEvent& event, std::size_t n_items) {
    if (offset(event.item) >= n_items) return std::nullopt;
    state_.users().history(event.user, history_);
    const Tastes tastes = tastes_of(history_, stream_.types, event.time_ms);
    scores_.resize(stream_.items.size());
    scorer().score(tastes, scratch_, scores_);
    for (const KeptEvent& seen : history_) scores_[offset(seen.item())] = kNeverScore;
    const float score = scores_[offset(event.item)];
    return static_cast<std::size_t>(std::ranges::count_if(
        std::span(scores_).first(n_items), [&](float other) { return other >= score; }));
  }

  Scorer scorer() const {
    if (!manner_.has_models) {
      return Scorer({nullptr, {0, 0, 1, 0}, state_, stream_.types});
    }
    return Scorer(
        {trained_->fitted.model.get(), trained_->snapshot.weights, state_, stream_.types});
  }

  Manner manner_;
  const Stream& stream_;
  const ReplayOptions& options_;
  LiveState state_;
  std::size_t n_known_ = 0;  // events that are in state_
  std::shared_ptr<const Trained> trained_;
  Sums all_;
  std::vector<Sums> windows_;
  std::vector<float> rank_s_;
  std::vector<float> observe_s_;
  std::size_t n_trainings_ = 0;
  double training_s_ = 0;
  std::vector<KeptEvent> history_;
  std::vector<float> scores_;
  LiveScores::Scratch scratch_;
};

Result<void> check(const Interactions& interactions, const ReplayOptions& options) {
  if (interactions.size() < kLeastReplayed) {
    return invalid_argument("a replay needs at least {} events, not {}", kLeastReplayed,
                            interactions.size());
  }
  if (!(options.warm_up > 0 && options.warm_up < 1)) {
    return invalid_argument("warm_up must be in (0, 1), not {}", options.warm_up);
  }
  if (!(options.retrain_every > 0 && options.retrain_every <= 1)) {
    return invalid_argument("retrain_every must be in (0, 1], not {}", options.retrain_every);
  }
  if (options.k < 1 || options.n_windows < 1) {
    return invalid_argument("k and n_windows must be at least 1");
  }
  return {};
}

class Replay {
 public:
  Replay(const Stream& stream, const ReplayOptions& options, ThreadPool& pool, Progress& progress)
      : stream_(stream), options_(options), pool_(pool), progress_(progress) {
    for (const Contestant::Manner& manner :
         {Contestant::Manner{.name = "popularity", .has_models = false, .is_live = true},
          Contestant::Manner{.name = "frozen"},
          Contestant::Manner{.name = "retrained", .is_retrained = true},
          Contestant::Manner{.name = "live", .is_live = true},
          Contestant::Manner{.name = "live, retrained", .is_live = true, .is_retrained = true}}) {
      contestants_.push_back(std::make_unique<Contestant>(manner, stream, options));
    }
  }

  Result<std::vector<ReplayResult>> run() {
    const std::size_t n = stream_.events.size();
    const auto begin = static_cast<std::size_t>(options_.warm_up * static_cast<double>(n));
    const auto step = std::max<std::size_t>(
        1, static_cast<std::size_t>(options_.retrain_every * static_cast<double>(n)));
    for (std::size_t i = 0; i < begin; ++i) take(stream_.events[i]);
    COSENO_TRY(train(begin, true));
    for (std::size_t i = begin; i < n; ++i) {
      if (i > begin && (i - begin) % step == 0) COSENO_TRY(train(i, false));
      if (i % kEventsBetweenReports == 0) {
        progress_.report("replaying", i - begin, n - begin, "");
        if (progress_.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
      }
      const LiveEvent& event = stream_.events[i];
      if (!has_had(event)) {
        const std::size_t window = (i - begin) * options_.n_windows / (n - begin);
        for (const auto& contestant : contestants_) contestant->judge(i, window, n_items_);
      }
      take(event);
      for (const auto& contestant : contestants_) contestant->observe(i);
    }
    std::vector<ReplayResult> results;
    for (const auto& contestant : contestants_) results.push_back(contestant->result());
    return results;
  }

 private:
  // One training serves all who want it.
  Result<void> train(std::size_t n_events, bool is_first) {
    const auto start = SteadyClock::now();
    COSENO_ASSIGN(trained, coseno::train(stream_.log(n_events), nullptr, options_.engine,
                                         options_.training, pool_, progress_));
    const auto shared = std::make_shared<const Trained>(std::move(trained));
    const double seconds = seconds_since(start);
    for (const auto& contestant : contestants_) {
      const Contestant::Manner& manner = contestant->manner();
      if (!is_first && !manner.is_retrained) continue;
      contestant->catch_up(n_events);
      if (manner.has_models) contestant->set_models(shared, seconds);
    }
    return {};
  }

  bool has_had(const LiveEvent& event) const {
    const auto& had = had_[offset(event.user)];
    return std::ranges::find(had, event.item) != had.end();
  }
  void take(const LiveEvent& event) {
    if (!has_had(event)) had_[offset(event.user)].push_back(event.item);
    n_items_ = std::max(n_items_, offset(event.item) + 1);
  }

  const Stream& stream_;
  const ReplayOptions& options_;
  ThreadPool& pool_;
  Progress& progress_;
  std::vector<std::unique_ptr<Contestant>> contestants_;
  std::vector<std::vector<ItemIndex>> had_ = std::vector<std::vector<ItemIndex>>(stream_.n_users);
  std::size_t n_items_ = 0;  // that somebody has had
};

}  // namespace

Result<std::vector<ReplayResult>> replay(const Interactions& interactions,
                                         const ReplayOptions& options, ThreadPool& pool,
                                         Progress& progress) {
  COSENO_TRY(check(interactions, options));
  const Stream stream = stream_of(interactions);
  return Replay(stream, options, pool, progress).run();
}

}  // namespace coseno
