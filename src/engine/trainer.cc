#include "engine/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/scorer.h"
#include "evaluation/auto_model.h"
#include "models/blend_weights.h"
#include "models/popularity.h"

namespace coseno {
namespace {

constexpr double kHeldOut = 0.1;
constexpr std::size_t kLeastEvents = 3;
// Judges, evenly spread: enough to tell 1% apart.
constexpr std::size_t kMaxJudges = 4000;
constexpr std::size_t kLeastFresh = 100;
constexpr std::size_t kUsersInBlock = 8;
constexpr std::string_view kAuto = "auto";

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

// Which events are held out: those of the newest items of each user.
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

// What models learn from: of each pair the last event, of types with a weight. Ratings, if all of
// them are ratings.
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

struct Judged {
  UserIndex user;
  std::vector<std::uint32_t> relevant;  // items, rising
};

// Users with something held out that they had not had before, and after position `from`.
std::vector<Judged> judges(const TrainingLog& log, const EventsOfUsers& users,
                           const std::vector<char>& is_held_out, std::uint64_t from) {
  std::vector<Judged> all;
  for (std::size_t u = 0; u < users.size(); ++u) {
    std::vector<std::uint32_t> before;
    std::vector<std::uint32_t> relevant;
    for (const std::uint32_t e : users[u]) {
      const LiveEvent& event = log.events[e];
      const std::uint32_t item = std::to_underlying(event.item);
      if (is_held_out[e] == 0) {
        before.push_back(item);
      } else if (speaks(log, event) && log.positions[e] > from) {
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
  std::vector<Judged> some;
  for (std::size_t i = 0; i < kMaxJudges; ++i) some.push_back(all[i * all.size() / kMaxJudges]);
  return some;
}

// Makes what blend weights are fitted on; one a thread.
class CaseMaker {
 public:
  CaseMaker(const TrainingLog& log, const LiveState& state, const Model* model)
      : log_(log),
        state_(state),
        scorer_({model, kUntrained, state.covisitation(), state.trending()}),
        scores_(kVoices, std::vector<float>(log.items.size())) {}

  BlendCase make(const Judged& judged) {
    state_.users().history(judged.user, history_);
    const std::int64_t now_ms = history_.empty() ? 0 : history_.back().time_ms();
    const Tastes tastes = tastes_of(history_, log_.types, now_ms);
    seen_.clear();
    for (const KeptEvent& event : history_) seen_.push_back(std::to_underlying(event.item()));
    scorer_.score_by_model(tastes, scores_[std::to_underlying(Voice::model)]);
    for (const Voice voice : {Voice::covisitation, Voice::trending}) {
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
                                  const Model* model, std::span<const Judged> judges,
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

// The trending voice comes near popularity, but fades; so popularity is judged by itself.
double ndcg_of_popularity(const TrainingLog& log, const LiveState& state, const Dataset& dataset,
                          std::span<const Judged> judges, FitContext& context) {
  const Result<std::unique_ptr<Model>> popularity = Popularity::fit(dataset, {}, context);
  if (!popularity) return 0;
  std::vector<BlendCase> cases =
      make_cases(log, state, popularity->get(), judges, context.pool, context.progress);
  return blend_ndcg(cases, VoiceWeights{1, 0, 0});
}

std::size_t n_relevant(std::span<const Judged> judges) {
  std::size_t n = 0;
  for (const Judged& judged : judges) n += judged.relevant.size();
  return n;
}

// The same choice with all data as with a part of them.
struct Choice {
  std::string model;
  Settings settings;
};

Result<Choice> choose(const Dataset& dataset, const TrainOptions& options, std::uint64_t seed,
                      FitContext& context) {
  Settings settings(options.settings.begin(), options.settings.end());
  if (options.model != kAuto) {
    COSENO_ASSIGN(info, find_model(options.model));
    COSENO_TRY(info->check(settings));
    return Choice{options.model, std::move(settings)};
  }
  if (!settings.empty()) return invalid_argument("settings: auto has none but seconds");
  COSENO_ASSIGN(choice, choose_model(dataset, {.seconds = options.seconds, .seed = seed},
                                     context.pool, context.progress));
  return Choice{choice.model, choice.settings};
}

}  // namespace

Result<Trained> train(const TrainingLog& log, const ModelSnapshot* in_service,
                      const EngineOptions& engine_options, const TrainOptions& options,
                      ThreadPool& pool, Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  FitContext context{pool, progress, engine_options.seed};
  const EventsOfUsers users = events_of_users(log);
  const std::vector<char> is_held_out = hold_out(users, log.events.size());
  const Dataset rest = dataset_of(log, &is_held_out);
  if (rest.matrix.n_entries() == 0) return invalid_argument("there are no events to learn from");
  COSENO_ASSIGN(choice, choose(rest, options, engine_options.seed, context));

  LiveState state(engine_options);
  replay(log, is_held_out, state);
  Trained result;
  TrainReport& report = result.report;
  const std::vector<Judged> all = judges(log, users, is_held_out, 0);
  {
    COSENO_ASSIGN(info, find_model(choice.model));
    COSENO_ASSIGN(model, info->fit(rest, choice.settings, context));
    progress.report("judging", 0, 1, "");
    const std::vector<BlendCase> cases = make_cases(log, state, model.get(), all, pool, progress);
    const std::vector<float> weights = fit_blend_weights(cases, kVoices);
    std::ranges::copy(weights, result.snapshot.weights.begin());
    report.ndcg = blend_ndcg(cases, weights);
    report.ndcg_popularity = ndcg_of_popularity(log, state, rest, all, context);
    if (in_service != nullptr) {
      const std::vector<Judged> fresh = judges(log, users, is_held_out, in_service->position);
      if (n_relevant(fresh) >= kLeastFresh) {
        const auto of = [&](const Model* judged, const VoiceWeights& voices) {
          return blend_ndcg(make_cases(log, state, judged, fresh, pool, progress), voices);
        };
        report.ndcg = of(model.get(), result.snapshot.weights);
        report.ndcg_in_service = of(in_service->model.get(), in_service->weights);
      }
    }
  }
  if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  COSENO_ASSIGN(fitted,
                fit_model(choice.model, dataset_of(log, nullptr), choice.settings, context));
  result.fitted = std::move(fitted);
  if (engine_options.graph_items > 0) {
    COSENO_ASSIGN(graph,
                  make_search_graph(*result.fitted.model, result.fitted.dataset.matrix,
                                    {.least_items = engine_options.graph_items}, pool, progress));
    result.graph = std::move(graph);
  }
  report.model = choice.model;
  report.settings.insert(choice.settings.begin(), choice.settings.end());
  report.position = log.position;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  report.seconds = passed.count();
  result.snapshot.position = log.position;
  result.snapshot.model_name = choice.model;
  result.snapshot.settings = choice.settings;
  result.snapshot.ndcg = report.ndcg;
  return result;
}

}  // namespace coseno
