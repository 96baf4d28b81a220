#include "evaluation/comparison.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"
#include "models/popularity.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

Judged mean_of(std::span<const Judged> splits) {
  Judged result{.model = splits.front().model};
  std::vector<Metrics> metrics;
  for (const Judged& split : splits) {
    metrics.push_back(split.metrics);
    const auto n = static_cast<double>(splits.size());
    result.fit_s += split.fit_s / n;
    result.latency_p50_s += split.latency_p50_s / n;
    result.latency_p99_s += split.latency_p99_s / n;
    result.model_bytes += split.model_bytes / n;
    add(result.breakdown, split.breakdown);
  }
  result.lists = splits.back().lists;
  result.metrics = mean(metrics);
  return result;
}

double saved_bytes(const Model& model) {
  TensorFileWriter file;
  model.save(file);
  return static_cast<double>(file.array_bytes());
}

bool can_learn(const ModelInfo& model, const Split& split, RankBy rank_by) {
  return !model.is_trained_apart &&
         (!model.needs_properties || !split.train.item_features.empty()) &&
         (!model.needs_ratings || split.train.matrix.has_values()) &&
         (model.has_vectors || rank_by != RankBy::cosine);
}

}  // namespace

std::vector<Contender> contenders_on(const Split& split, std::vector<Contender> named,
                                     RankBy rank_by) {
  if (named.empty()) {
    for (const ModelInfo& model : all_models()) {
      if (can_learn(model, split, rank_by)) named.push_back({.info = &model, .rank_by = rank_by});
    }
  }
  const Contender popularity = yardstick();
  if (std::ranges::find(named, popularity.info, &Contender::info) == named.end()) {
    named.push_back(popularity);
  }
  return named;
}

Contender yardstick() {
  const Result<const ModelInfo*> popularity = find_model(Popularity::kName);
  COSENO_CHECK(popularity.has_value());
  return {.info = *popularity};
}

Comparison::Comparison(std::vector<Contender> contenders, const JudgeOptions& options,
                       std::uint64_t seed, ThreadPool& pool, Progress& progress)
    : contenders_(std::move(contenders)),
      options_(options),
      seed_(seed),
      pool_(pool),
      progress_(progress),
      by_contender_(contenders_.size()) {}

Result<void> Comparison::add_split(const Split& split) {
  for (std::size_t c = 0; c < contenders_.size(); ++c) {
    const Contender& contender = contenders_[c];
    FitContext context{pool_, progress_, seed_};
    const auto start = std::chrono::steady_clock::now();
    COSENO_ASSIGN(model, contender.info->fit(split.train, contender.settings, context));
    const std::chrono::duration<double> fit_time = std::chrono::steady_clock::now() - start;
    JudgeOptions options = options_;
    options.evaluate.rank_by = contender.rank_by;
    COSENO_ASSIGN(judged, judge(*model, split, options, pool_, progress_));
    judged.model = contender.info->name;
    judged.fit_s = fit_time.count();
    by_contender_[c].push_back(std::move(judged));
  }
  return {};
}

std::vector<Judged> Comparison::judged() const {
  std::vector<Judged> result;
  for (const std::vector<Judged>& splits : by_contender_) result.push_back(mean_of(splits));
  return result;
}

Result<Judged> judge(const Model& model, const Split& split, const JudgeOptions& options,
                     ThreadPool& pool, Progress& progress) {
  COSENO_ASSIGN(evaluation, evaluate(model, split, options.evaluate, pool, progress));
  Judged judged{.model = model.name(),
                .metrics = evaluation.metrics,
                .latency_p50_s = evaluation.latency_p50_s,
                .latency_p99_s = evaluation.latency_p99_s};
  if (options.has_details) {
    judged.breakdown = break_down(split, evaluation.lists, options.evaluate);
    judged.model_bytes = saved_bytes(model);
  }
  if (options.keeps_lists) judged.lists = std::move(evaluation.lists);
  return judged;
}

}  // namespace coseno
