#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "base/caller_progress.h"
#include "base/error.h"
#include "base/thread_count.h"
#include "base/thread_pool.h"
#include "coseno/offline.h"
#include "evaluation/auto_model.h"
#include "evaluation/comparison.h"
#include "evaluation/split.h"
#include "offline/ratings_data.h"

namespace coseno {
namespace {

Result<SplitOptions> split_options(const EvaluateRequest& request) {
  const std::optional<Protocol> asked = protocol(request.protocol);
  if (!asked) {
    return invalid_argument(
        "protocol must be random, leave-last-out, temporal, k-fold or strong, not {}",
        request.protocol);
  }
  return SplitOptions{.protocol = *asked,
                      .fraction = request.fraction,
                      .folds = request.folds,
                      .seed = request.seed};
}

Result<Settings> settings_of(const ModelInfo& model, const EvaluateRequest& request) {
  const auto found = request.settings.find(model.name);
  if (found == request.settings.end()) return Settings();
  COSENO_TRY(model.check(found->second));
  return found->second;
}

// Settings of a model that is not judged do nothing, so they are a mistake.
Result<void> check_settings_are_used(std::span<const Contender> contenders,
                                     const EvaluateRequest& request) {
  for (const auto& [name, settings] : request.settings) {
    const auto is_judged = [&](const Contender& one) { return one.info->name == name; };
    if (std::ranges::none_of(contenders, is_judged)) {
      return invalid_argument("there are settings for {}, which is not judged", name);
    }
  }
  return {};
}

Result<std::vector<Contender>> named_contenders(const EvaluateRequest& request, RankBy rank_by) {
  std::vector<Contender> named;
  for (const std::string& name : request.models) {
    COSENO_ASSIGN(info, find_model_or_auto(name));
    if (std::ranges::find(named, info, &Contender::info) != named.end()) {
      return invalid_argument("models has {} twice", name);
    }
    if (rank_by == RankBy::cosine && !info->has_vectors) {
      return invalid_argument("{} has no vectors to rank by cosine", name);
    }
    named.push_back({.info = info, .rank_by = rank_by});
  }
  return named;
}

ModelQuality quality_of(const Judged& judged) {
  ModelQuality quality{.model = std::string(judged.model),
                       .metrics = {},
                       .fit_s = judged.fit_s,
                       .latency_p50_s = judged.latency_p50_s};
  const bool has_ratings = judged.metrics.n_ratings > 0;
  for (const auto& [name, value] : named(judged.metrics)) {
    if (has_ratings || (name != "rmse" && name != "mae")) {
      quality.metrics.emplace_back(name, value);
    }
  }
  return quality;
}

}  // namespace

Result<std::vector<ModelQuality>> evaluate(const Ratings& ratings, const EvaluateRequest& request) {
  COSENO_TRY(check_threads(request.n_threads));
  if (request.k == 0) return invalid_argument("k must be at least 1, not 0");
  if (std::isnan(request.relevant_from)) {
    return invalid_argument("relevant_from must be a number, not nan");
  }
  const RankBy rank_by = request.by_cosine ? RankBy::cosine : RankBy::score;
  COSENO_ASSIGN(options, split_options(request));
  COSENO_ASSIGN(named, named_contenders(request, rank_by));
  const RatingsData& data = *ratings.data_;
  Interactions interactions = interactions_of(data.dataset);
  interactions.has_times = data.has_times;
  COSENO_ASSIGN(maker, SplitMaker::plan(interactions, options, data.items, data.users));
  ThreadPool pool(request.n_threads);
  CallerProgress progress(request.watch);
  const Split first = maker.make(0);
  std::vector<Contender> contenders = contenders_on(first, std::move(named), rank_by);
  COSENO_TRY(check_settings_are_used(contenders, request));
  for (Contender& one : contenders) {
    COSENO_ASSIGN(settings, settings_of(*one.info, request));
    one.settings = std::move(settings);
  }
  const JudgeOptions judging{
      .evaluate = {.k = request.k, .relevant_from = request.relevant_from, .rank_by = rank_by}};
  Comparison comparison(std::move(contenders), judging, request.seed, pool, progress);
  COSENO_TRY(comparison.add_split(first));
  for (int i = 1; i < maker.n_splits(); ++i) COSENO_TRY(comparison.add_split(maker.make(i)));
  std::vector<ModelQuality> qualities;
  for (const Judged& judged : comparison.judged()) qualities.push_back(quality_of(judged));
  return qualities;
}

}  // namespace coseno
