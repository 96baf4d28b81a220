#include "evaluation/auto_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "evaluation/split.h"
#include "evaluation/tune.h"
#include "models/blend.h"
#include "models/popularity.h"

namespace coseno {
namespace {

constexpr std::string_view kName = "auto";

// Held out of each user's interactions.
constexpr double kHeldOut = 0.1;
// Enough to tell 1% apart: on the same users the difference of two models varies far less than
// either.
constexpr std::size_t kJudgedUsers = 5000;
// Trials of one model, and so many in a row without a gain end its search.
constexpr std::size_t kTrials = 30;
constexpr std::size_t kPatience = 10;
// A model whose best is below this share of the best of all is not tried again, and not blended.
constexpr double kNear = 0.85;
constexpr double kBlendable = 0.6;
constexpr std::size_t kMaxParts = 3;
// A blend is slower and larger than a model alone.
constexpr double kBlendGain = 1.01;
// A blend is fitted to judge it, and then for good; each takes two fits of its parts.
constexpr double kFitsOfParts = 4;

class Clock {
 public:
  double seconds() const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The search of one model.
struct Candidate {
  const ModelInfo* info;
  Tuner tuner;
  bool is_over = false;

  const Trial* best() const { return best_of(tuner.trials()); }
  double ndcg() const { return best() == nullptr ? 0 : best()->ndcg; }
  double spent_s() const {
    double sum = 0;
    for (const Trial& trial : tuner.trials()) sum += trial.fit_s + trial.judge_s;
    return sum;
  }
};

class Search {
 public:
  Search(const Split& split, const AutoOptions& options, ThreadPool& pool, Progress& progress)
      : split_(split), options_(options), pool_(pool), progress_(progress) {}

  Result<AutoChoice> run() {
    COSENO_TRY(add_candidates());
    for (Candidate* next = next_candidate(); next != nullptr; next = next_candidate()) {
      COSENO_TRY(advance(*next));
    }
    AutoChoice choice = best_alone();
    COSENO_TRY(try_blend(choice));
    return choice;
  }

 private:
  Result<void> advance(Candidate& candidate) {
    COSENO_ASSIGN(has_more, candidate.tuner.next(pool_, progress_));
    candidate.is_over = !has_more;
    return {};
  }

  // Each model at its defaults, as long as the time lasts.
  Result<void> add_candidates() {
    for (const ModelInfo& info : all_models()) {
      if (info.needs_ratings || info.needs_properties || info.is_trained_apart) continue;
      if (info.name == Blend::kName) continue;
      const bool is_first = candidates_.size() < 2;
      const double least_s = least_fit_s(info);
      if (!is_first && clock_.seconds() + 3 * least_s > options_.seconds / 2) continue;
      COSENO_ASSIGN(tuner, Tuner::plan(info, split_,
                                       {.n_trials = kTrials,
                                        .patience = kPatience,
                                        .seed = options_.seed,
                                        .k = options_.k}));
      candidates_.push_back({&info, std::move(tuner)});
      COSENO_TRY(advance(candidates_.back()));
    }
    return {};
  }

  double least_fit_s(const ModelInfo& info) const {
    if (info.least_fit_s == nullptr) return 0;
    return info.least_fit_s(split_.train.matrix.n_items(), pool_.n_threads());
  }

  double best_ndcg() const {
    double best = 0;
    for (const Candidate& candidate : candidates_) best = std::max(best, candidate.ndcg());
    return best;
  }

  // Of those near the best, the one that has had the least time; none when the rest is needed.
  Candidate* next_candidate() {
    Candidate* next = nullptr;
    for (Candidate& candidate : candidates_) {
      if (candidate.is_over || candidate.ndcg() < kNear * best_ndcg()) continue;
      if (next == nullptr || candidate.spent_s() < next->spent_s()) next = &candidate;
    }
    if (next == nullptr) return nullptr;
    const double trial_s = next->spent_s() / static_cast<double>(next->tuner.trials().size());
    return clock_.seconds() + trial_s + rest_s() <= options_.seconds ? next : nullptr;
  }

  // What judging and fitting a blend will take.
  double rest_s() const {
    double sum = 0;
    for (const Candidate* part : blend_parts()) sum += part->best()->fit_s;
    return kFitsOfParts * sum;
  }

  std::vector<const Candidate*> blend_parts() const {
    std::vector<const Candidate*> parts;
    for (const Candidate& candidate : candidates_) {
      if (candidate.info->name == Popularity::kName || candidate.best() == nullptr) continue;
      if (candidate.ndcg() >= kBlendable * best_ndcg()) parts.push_back(&candidate);
    }
    std::ranges::stable_sort(parts, std::greater<>(), &Candidate::ndcg);
    if (parts.size() > kMaxParts) parts.resize(kMaxParts);
    return parts;
  }

  AutoChoice best_alone() const {
    AutoChoice choice;
    for (const Candidate& candidate : candidates_) {
      const Trial* const best = candidate.best();
      if (best == nullptr) continue;
      choice.considered.push_back({std::string(candidate.info->name), best->settings, best->ndcg,
                                   candidate.tuner.trials().size()});
    }
    adopt_best(choice);
    return choice;
  }

  static void adopt_best(AutoChoice& choice) {
    std::ranges::stable_sort(choice.considered, std::greater<>(), &Considered::ndcg);
    if (choice.considered.empty()) return;
    const Considered& best = choice.considered.front();
    choice.model = best.model;
    choice.settings = best.settings;
    choice.ndcg = best.ndcg;
  }

  Settings blend_settings(std::span<const Candidate* const> parts) const {
    Settings settings;
    std::string names;
    for (const Candidate* const part : parts) {
      names += fmt::format("{}{}", names.empty() ? "" : ",", part->info->name);
      for (const auto& [name, value] : part->best()->settings) {
        settings.emplace(fmt::format("{}.{}", part->info->name, name), value);
      }
    }
    settings.emplace("models", names);
    return settings;
  }

  Result<void> try_blend(AutoChoice& choice) {
    const std::vector<const Candidate*> parts = blend_parts();
    if (parts.size() < 2 || clock_.seconds() + rest_s() > 1.5 * options_.seconds) return {};
    COSENO_ASSIGN(blend, find_model(Blend::kName));
    COSENO_ASSIGN(tuner, Tuner::plan(*blend, split_,
                                     {.fixed = blend_settings(parts),
                                      .n_trials = 1,
                                      .seed = options_.seed,
                                      .k = options_.k}));
    COSENO_TRY(tuner.next(pool_, progress_));
    const Trial* const trial = best_of(tuner.trials());
    if (trial == nullptr || trial->ndcg < kBlendGain * choice.ndcg) return {};
    choice.considered.push_back({std::string(Blend::kName), trial->settings, trial->ndcg, 1});
    adopt_best(choice);
    return {};
  }

  const Split& split_;
  const AutoOptions& options_;
  ThreadPool& pool_;
  Progress& progress_;
  Clock clock_;
  std::vector<Candidate> candidates_;
};

// What settings may say.
std::span<const OptionField<AutoOptions>> fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<AutoOptions>, 1> all = {{
      {.name = "seconds",
       .member = &AutoOptions::seconds,
       .min = 0,
       .max = 1e6,
       .help = "how long to look for the best model, its fit included; about"},
  }};
  return all;
}

Result<void> check(const Settings& settings) {
  COSENO_TRY(apply_settings(kName, fields(), settings));
  return {};
}

Result<std::unique_ptr<Model>> fit(const Dataset& dataset, const Settings& settings,
                                   FitContext& context) {
  COSENO_ASSIGN(choice, resolve_model(kName, dataset, settings, context));
  COSENO_ASSIGN(info, find_model(choice.model));
  return info->fit(dataset, choice.settings, context);
}

}  // namespace

Result<AutoOptions> auto_options(const Settings& settings, std::uint64_t seed) {
  COSENO_ASSIGN(options, apply_settings(kName, fields(), settings));
  options.seed = seed;
  return options;
}

Result<AutoChoice> choose_model(const Dataset& dataset, const AutoOptions& options,
                                ThreadPool& pool, Progress& progress) {
  const Catalog none;
  const Result<SplitMaker> maker = SplitMaker::plan(
      interactions_of(dataset), {.fraction = kHeldOut, .seed = options.seed}, none, none);
  if (!maker) return AutoChoice{.model = std::string(kDefaultModel)};
  Split split = maker->make(0);
  limit_judged_users(split, kJudgedUsers, std::numeric_limits<float>::lowest(), options.seed);
  return Search(split, options, pool, progress).run();
}

Result<AutoChoice> resolve_model(std::string_view name, const Dataset& dataset,
                                 const Settings& settings, FitContext& context) {
  COSENO_ASSIGN(info, find_model_or_auto(name));
  if (info != &auto_model()) return AutoChoice{.model = std::string(name), .settings = settings};
  COSENO_ASSIGN(options, auto_options(settings, context.seed));
  return choose_model(dataset, options, context.pool, context.progress);
}

Result<const ModelInfo*> find_model_or_auto(std::string_view name) {
  if (name == kName) return &auto_model();
  return find_model(name);
}

const ModelInfo& auto_model() {
  static const ModelInfo info = {
      .name = kName,
      .summary = "the best that tuning and blending find within some seconds",
      .options = [] { return describe(fields()); },
      .check = check,
      .fit = fit};
  return info;
}

}  // namespace coseno
