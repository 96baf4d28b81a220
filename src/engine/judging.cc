#include "engine/judging.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/scorer.h"
#include "models/popularity.h"

namespace coseno {
namespace {

constexpr double kHeldOut = 0.1;
constexpr std::size_t kLeastEvents = 3;
// Judges, evenly spread: enough to tell 1% apart.
constexpr std::size_t kMaxJudges = 4000;
constexpr std::size_t kLeastFresh = 100;
constexpr std::size_t kUsersInBlock = 8;
// Sessions cost every request a search for neighbours: they have to bring so much of the NDCG.
constexpr double kLeastGainOfSessions = 0.02;

// A user's events, as places in the log, by time.
using EventsOfUsers = std::vector<std::vector<std::uint32_t>>;

EventsOfUsers events_of_users(const TrainingLog& log) {
  EventsOfUsers users(log.n_users);
  for (std::size_t e = 0; e < log.events.size(); ++e) {
    users[offset(log.events[e].user)].push_back(static_cast<std::uint32_t>(e));
  }
  for (std::vector<std::uint32_t>& events : users) {
    std::ranges::stable_sort(events, {}, [&](std::uint32_t e) { return log.events[e].time_ms; });
  }
  return users;
}

// Which events are held out: the newest of each user.
std::vector<char> hold_out(const EventsOfUsers& users, std::size_t n_events) {
  std::vector<char> is_held_out(n_events);
  for (const std::vector<std::uint32_t>& events : users) {
    if (events.size() < kLeastEvents) continue;
    const double share = kHeldOut * static_cast<double>(events.size());
    const auto n = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(share)));
    for (std::size_t i = events.size() - n; i < events.size(); ++i) is_held_out[events[i]] = 1;
  }
  return is_held_out;
}

bool speaks(const TrainingLog& log, const LiveEvent& event) {
  return log.types.of(event.type).weight > 0;
}

// `is_held_out` may be nullptr: then all counts.
Dataset dataset_of(const TrainingLog& log, const std::vector<char>* is_held_out) {
  Interactions interactions;
  interactions.items = log.items;
  interactions.has_times = true;
  interactions.has_values = true;
  std::vector<std::optional<UserIndex>> numbers(log.n_users);
  for (std::size_t e = 0; e < log.events.size(); ++e) {
    const LiveEvent& event = log.events[e];
    if (!speaks(log, event) || (is_held_out != nullptr && (*is_held_out)[e] != 0)) continue;
    std::optional<UserIndex>& number = numbers[offset(event.user)];
    // Models know no users; the dataset wants a name for each.
    if (!number) number = interactions.users.add(std::to_string(offset(event.user)));
    interactions.has_values = interactions.has_values && log.types.of(event.type).is_rating;
    interactions.add(*number, {event.item, event.value, event.time_ms / 1000});
  }
  return make_dataset(std::move(interactions), RepeatRule::last, {}, {});
}

void replay(const TrainingLog& log, const std::vector<char>& is_held_out, LiveState& state) {
  state.grow(log.items.size());
  for (std::size_t e = 0; e < log.events.size(); ++e) {
    if (is_held_out[e] == 0) state.apply(log.events[e], log.types);
  }
}

// Makes what blend weights are fitted on; one a thread.
class CaseMaker {
 public:
  CaseMaker(const TrainingLog& log, const LiveState& state, const Model* model)
      : log_(log),
        state_(state),
        scorer_({model, kUntrained, state, log.types}),
        scores_(kVoices, std::vector<float>(log.items.size())) {}

  BlendCase make(const Judge& judged) {
    state_.users().history(judged.user, history_);
    const std::int64_t now_ms = history_.empty() ? 0 : history_.back().time_ms();
    const Tastes tastes = tastes_of(history_, log_.types, now_ms);
    seen_.clear();
    for (const KeptEvent& event : history_) seen_.push_back(std::to_underlying(event.item()));
    scorer_.score_by_model(tastes, scores_[std::to_underlying(Voice::model)]);
    for (const Voice voice : {Voice::covisitation, Voice::trending, Voice::sessions}) {
      std::vector<float>& scores = scores_[std::to_underlying(voice)];
      const LiveScores live = scorer_.live(voice, tastes, scores.size(), scratch_);
      for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = live.at(i);
    }
    return blend_case(scores_, seen_, judged.relevant);
  }

 private:
  const TrainingLog& log_;
  const LiveState& state_;
  Scorer scorer_;
  std::vector<std::vector<float>> scores_;  // kVoices x n_items, of the last user
  std::vector<KeptEvent> history_;
  std::vector<std::uint32_t> seen_;
  LiveScores::Scratch scratch_;
};

std::vector<BlendCase> make_cases(const TrainingLog& log, const LiveState& state,
                                  const Model* model, std::span<const Judge> judges,
                                  ThreadPool& pool, Progress& progress) {
  std::vector<BlendCase> cases(judges.size());
  std::vector<CaseMaker> makers(static_cast<std::size_t>(pool.n_threads()),
                                CaseMaker(log, state, model));
  pool.parallel_for(judges.size(), kUsersInBlock,
                    [&](std::size_t begin, std::size_t end, int worker) {
                      if (progress.cancelled()) return;
                      CaseMaker& maker = makers[static_cast<std::size_t>(worker)];
                      for (std::size_t i = begin; i < end; ++i) cases[i] = maker.make(judges[i]);
                    });
  return cases;
}

// The same without what the last voice says.
std::vector<BlendCase> without_last(std::span<const BlendCase> cases) {
  std::vector<BlendCase> fewer;
  for (const BlendCase& one : cases) {
    BlendCase& kept = fewer.emplace_back(BlendCase{.scores = {}, .held_out = one.held_out});
    for (std::size_t n = 0; n < one.scores.size(); ++n) {
      if (n % kVoices != kVoices - 1) kept.scores.push_back(one.scores[n]);
    }
  }
  return fewer;
}

std::vector<float> fit_voice_weights(std::span<const BlendCase> cases) {
  static_assert(std::to_underlying(Voice::sessions) == kVoices - 1);
  std::vector<float> all = fit_blend_weights(cases, kVoices);
  if (all.back() == 0) return all;
  const std::vector<BlendCase> fewer = without_last(cases);
  std::vector<float> without = fit_blend_weights(fewer, kVoices - 1);
  if (blend_ndcg(cases, all) > (1 + kLeastGainOfSessions) * blend_ndcg(fewer, without)) return all;
  without.push_back(0);
  return without;
}

std::size_t n_relevant(std::span<const Judge> judges) {
  std::size_t n = 0;
  for (const Judge& judged : judges) n += judged.relevant.size();
  return n;
}

}  // namespace

Dataset dataset_of(const TrainingLog& log) { return dataset_of(log, nullptr); }

Judging::Judging(const TrainingLog& log, const EngineOptions& options)
    : log_(log),
      users_(events_of_users(log)),
      is_held_out_(hold_out(users_, log.events.size())),
      rest_(dataset_of(log, &is_held_out_)),
      state_(options) {
  replay(log, is_held_out_, state_);
}

// Users with something held out that they had not had before, and after position `from`.
std::vector<Judge> Judging::judges(std::uint64_t from) const {
  std::vector<Judge> all;
  for (std::size_t u = 0; u < users_.size(); ++u) {
    std::vector<std::uint32_t> before;
    std::vector<std::uint32_t> relevant;
    for (const std::uint32_t e : users_[u]) {
      const LiveEvent& event = log_.events[e];
      const std::uint32_t item = std::to_underlying(event.item);
      if (is_held_out_[e] == 0) {
        before.push_back(item);
      } else if (speaks(log_, event) && log_.positions[e] > from) {
        relevant.push_back(item);
      }
    }
    std::ranges::sort(before);
    std::erase_if(relevant,
                  [&](std::uint32_t item) { return std::ranges::binary_search(before, item); });
    std::ranges::sort(relevant);
    const auto repeated = std::ranges::unique(relevant);
    relevant.erase(repeated.begin(), repeated.end());
    if (!relevant.empty()) all.push_back({static_cast<UserIndex>(u), std::move(relevant)});
  }
  if (all.size() <= kMaxJudges) return all;
  std::vector<Judge> some;
  for (std::size_t i = 0; i < kMaxJudges; ++i) some.push_back(all[i * all.size() / kMaxJudges]);
  return some;
}

std::vector<Judge> Judging::judges_after(std::uint64_t from) const {
  std::vector<Judge> fresh = judges(from);
  if (from == 0 || n_relevant(fresh) >= kLeastFresh) return fresh;
  return judges(0);
}

std::vector<BlendCase> Judging::cases(const Model& model, std::span<const Judge> judges,
                                      FitContext& context) const {
  return make_cases(log_, state_, &model, judges, context.pool, context.progress);
}

// The trending voice comes near popularity, but fades; so popularity is judged by itself.
double Judging::ndcg_of_popularity(std::span<const Judge> judges, FitContext& context) const {
  const Result<std::unique_ptr<Model>> popularity = Popularity::fit(rest_, {}, context);
  if (!popularity) return 0;
  return blend_ndcg(cases(**popularity, judges, context), VoiceWeights{1, 0, 0, 0});
}

void Judging::judge(const Model& model, std::uint64_t from, const ModelSnapshot* in_service,
                    FitContext& context, Trained& result) const {
  context.progress.report("judging", 0, 1, "");
  TrainReport& report = result.report;
  const std::vector<Judge> all = judges_after(from);
  const std::vector<BlendCase> cases = this->cases(model, all, context);
  const std::vector<float> weights = fit_voice_weights(cases);
  std::ranges::copy(weights, result.snapshot.weights.begin());
  report.ndcg = blend_ndcg(cases, weights);
  report.ndcg_popularity = ndcg_of_popularity(all, context);
  if (in_service == nullptr) return;
  const std::vector<Judge> fresh = judges(std::max(from, in_service->position));
  if (n_relevant(fresh) < kLeastFresh) return;
  report.ndcg = blend_ndcg(this->cases(model, fresh, context), weights);
  report.ndcg_in_service =
      blend_ndcg(this->cases(*in_service->model, fresh, context), in_service->weights);
}

Result<void> finish(const EngineOptions& options, const UserItemMatrix& matrix, FitContext& context,
                    Trained& result) {
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  if (options.graph_items > 0) {
    COSENO_ASSIGN(
        graph, make_search_graph(*result.fitted.model, matrix, {.least_items = options.graph_items},
                                 context.pool, context.progress));
    result.graph = std::move(graph);
  }
  result.report.model = result.snapshot.model_name;
  result.report.settings.insert(result.snapshot.settings.begin(), result.snapshot.settings.end());
  result.report.position = result.snapshot.position;
  result.snapshot.ndcg = result.report.ndcg;
  return {};
}

}  // namespace coseno
