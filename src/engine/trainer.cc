#include "engine/trainer.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "engine/judging.h"
#include "evaluation/auto_model.h"

namespace coseno {
namespace {

constexpr std::string_view kAuto = "auto";

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
  COSENO_ASSIGN(fitted, fit_model(result.snapshot.model_name, dataset_of(log),
                                  result.snapshot.settings, context));
  result.fitted = std::move(fitted);
  result.snapshot.position = log.position;
  COSENO_TRY(finish(engine_options, result.fitted.dataset.matrix, context, result));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  result.report.seconds = passed.count();
  return result;
}

}  // namespace coseno
