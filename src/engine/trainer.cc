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
#include "models/vectors.h"
#include "models/vectors_calibration.h"

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

// The newest events of users, and what is learnt from the others to be judged by those.
class Judging {
 public:
  // Views; both must outlive it.
  Judging(const TrainingLog& log, const EngineOptions& options)
      : log_(log),
        users_(events_of_users(log)),
        is_held_out_(hold_out(users_, log.events.size())),
        rest_(dataset_of(log, &is_held_out_)),
        state_(options) {
    replay(log, is_held_out_, state_);
  }

  // What is not held out.
  const Dataset& rest() const { return rest_; }

  // Those whose held-out events came after position `from`, if they are enough; else all.
  std::vector<Judged> judges_after(std::uint64_t from) const {
    std::vector<Judged> fresh = judges(log_, users_, is_held_out_, from);
    if (from == 0 || n_relevant(fresh) >= kLeastFresh) return fresh;
    return judges(log_, users_, is_held_out_, 0);
  }

  std::vector<BlendCase> cases(const Model& model, std::span<const Judged> judges,
                               FitContext& context) const {
    return make_cases(log_, state_, &model, judges, context.pool, context.progress);
  }

  // Fills the weights of the snapshot and the figures of the report. `from`: of the last event that
  // the model has learnt from, where that is not in rest().
  void judge(const Model& model, std::uint64_t from, const ModelSnapshot* in_service,
             FitContext& context, Trained& result) const {
    context.progress.report("judging", 0, 1, "");
    TrainReport& report = result.report;
    const std::vector<Judged> all = judges_after(from);
    const std::vector<BlendCase> cases = this->cases(model, all, context);
    const std::vector<float> weights = fit_blend_weights(cases, kVoices);
    std::ranges::copy(weights, result.snapshot.weights.begin());
    report.ndcg = blend_ndcg(cases, weights);
    report.ndcg_popularity = ndcg_of_popularity(log_, state_, rest_, all, context);
    if (in_service == nullptr) return;
    const std::vector<Judged> fresh =
        judges(log_, users_, is_held_out_, std::max(from, in_service->position));
    if (n_relevant(fresh) < kLeastFresh) return;
    report.ndcg = blend_ndcg(this->cases(model, fresh, context), weights);
    report.ndcg_in_service =
        blend_ndcg(this->cases(*in_service->model, fresh, context), in_service->weights);
  }

 private:
  const TrainingLog& log_;
  EventsOfUsers users_;
  std::vector<char> is_held_out_;
  Dataset rest_;
  LiveState state_;
};

// What is left to do with a fitted model.
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

double seconds_since(std::chrono::steady_clock::time_point start) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  return passed.count();
}

// --- vectors from elsewhere

// Without users to agree with, options are judged by the scores of all items: so many
// multiplications for each.
constexpr double kMostWork = 1e9;
constexpr std::size_t kLeastOptionJudges = 20;
constexpr std::size_t kMostOptionJudges = 300;

// Where there is nothing to judge by. What is trending may be a single event.
constexpr VoiceWeights kUnjudged = {0.7F, 0.3F, 0};

Vectors::Made made_of(const GivenVectors& given, const UserItemMatrix& matrix, ThreadPool& pool) {
  const VectorsRequest& request = given.request;
  return Vectors::make(
      {.items = given.items,
       .item_vectors = {request.item_vectors.data(), request.items.size(), request.dim},
       .item_biases = request.item_biases,
       .user_vectors = {request.user_vectors.data(), request.users.size(), request.dim}},
      matrix, pool);
}

// Those of the given users who have a history.
std::vector<TrainedUser> trained_users(const GivenVectors& given, const Factors& vectors,
                                       const Dataset& dataset) {
  std::vector<TrainedUser> users;
  for (std::size_t u = 0; u < given.users.size(); ++u) {
    if (!given.users[u]) continue;
    const auto user = dataset.users.find(std::to_string(offset(*given.users[u])));
    if (user) users.push_back({dataset.matrix.user(*user), vectors.row(u)});
  }
  return users;
}

Result<Vectors::Options> best_ranking_options(Vectors& model, const Judging& judging,
                                              std::uint64_t from, const Settings& fixed,
                                              FitContext& context) {
  const std::vector<Vectors::Options> likely = likely_options(model, fixed);
  std::vector<Judged> judges = judging.judges_after(from);
  const double work = static_cast<double>(model.n_items()) * static_cast<double>(model.dim());
  const auto n =
      std::clamp(static_cast<std::size_t>(kMostWork / work), kLeastOptionJudges, kMostOptionJudges);
  if (judges.size() > n) {
    for (std::size_t i = 0; i < n; ++i) judges[i] = judges[i * judges.size() / n];
    judges.resize(n);
  }
  Vectors::Options best = likely.front();
  double best_ndcg = -1;
  for (std::size_t n_done = 0; n_done < likely.size(); ++n_done) {
    context.progress.report("calibrating", n_done, likely.size(), "");
    if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
    model.set_options(likely[n_done]);
    const double ndcg = blend_ndcg(judging.cases(model, judges, context), VoiceWeights{1, 0, 0});
    if (ndcg <= best_ndcg) continue;
    best = likely[n_done];
    best_ndcg = ndcg;
  }
  return best;
}

Settings unjudged_settings(const Vectors& model, Settings fixed) {
  fixed.try_emplace("regularization",
                    fmt::format("{:.3g}", std::max(model.mean_squared_length(), 1e-9)));
  return fixed;
}

}  // namespace

Result<Trained> train(const TrainingLog& log, const ModelSnapshot* in_service,
                      const EngineOptions& engine_options, const TrainOptions& options,
                      ThreadPool& pool, Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  FitContext context{pool, progress, engine_options.seed};
  Trained result;
  {
    const Judging judging(log, engine_options);
    if (judging.rest().matrix.n_entries() == 0) {
      return invalid_argument("there are no events to learn from");
    }
    COSENO_ASSIGN(choice, choose(judging.rest(), options, engine_options.seed, context));
    result.snapshot.model_name = choice.model;
    result.snapshot.settings = choice.settings;
    COSENO_ASSIGN(info, find_model(choice.model));
    COSENO_ASSIGN(model, info->fit(judging.rest(), choice.settings, context));
    judging.judge(*model, 0, in_service, context, result);
  }
  if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  COSENO_ASSIGN(fitted, fit_model(result.snapshot.model_name, dataset_of(log, nullptr),
                                  result.snapshot.settings, context));
  result.fitted = std::move(fitted);
  result.snapshot.position = log.position;
  COSENO_TRY(finish(engine_options, result.fitted.dataset.matrix, context, result));
  result.report.seconds = seconds_since(start);
  return result;
}

Result<Trained> take_vectors(const TrainingLog& log, const ModelSnapshot* in_service,
                             const EngineOptions& engine_options, const GivenVectors& given,
                             ThreadPool& pool, Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  FitContext context{pool, progress, engine_options.seed};
  const Settings fixed(given.request.settings.begin(), given.request.settings.end());
  const std::uint64_t from = given.request.position.value_or(0);
  const Dataset all = dataset_of(log, nullptr);
  Vectors::Made made = made_of(given, all.matrix, pool);
  Vectors& model = *made.model;
  Trained result;
  {
    const Judging judging(log, engine_options);
    const bool can_judge = !judging.judges_after(from).empty();
    const std::vector<TrainedUser> users = trained_users(given, made.users, all);
    if (!users.empty()) {
      COSENO_ASSIGN(calibration, calibrate(model, users, fixed, pool, progress));
      model.set_options(calibration.options);
      result.report.agreement = calibration.agreement;
    } else if (can_judge) {
      COSENO_ASSIGN(options, best_ranking_options(model, judging, from, fixed, context));
      model.set_options(options);
    } else {
      COSENO_ASSIGN(options, apply_settings(Vectors::kName, Vectors::fields(),
                                            unjudged_settings(model, fixed)));
      model.set_options(options);
    }
    judging.judge(model, from, in_service, context, result);
    if (!can_judge) result.snapshot.weights = kUnjudged;
  }
  result.snapshot.model_name = given.request.name;
  result.snapshot.settings = to_settings(Vectors::fields(), model.options());
  result.snapshot.position = given.request.position.value_or(log.position);
  for (std::size_t i = 0; i < model.n_items(); ++i) {
    result.fitted.dataset.items.add(all.items.id(ItemIndex(i)));
  }
  result.fitted.model = std::move(made.model);
  result.fitted.settings = result.snapshot.settings;
  result.fitted.seed = engine_options.seed;
  COSENO_TRY(finish(engine_options, all.matrix, context, result));
  result.report.seconds = seconds_since(start);
  return result;
}

}  // namespace coseno
