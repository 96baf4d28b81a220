#include "engine/vectors_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "engine/judging.h"
#include "models/vectors.h"
#include "models/vectors_calibration.h"

namespace coseno {
namespace {

// Without users to agree with, options are judged by the scores of all items: so many
// multiplications for each.
constexpr double kMostWork = 1e9;
constexpr std::size_t kLeastOptionJudges = 20;
constexpr std::size_t kMostOptionJudges = 300;

// Where there is nothing to judge by. What is trending may be a single event.
constexpr VoiceWeights kUnjudged = {0.7F, 0.3F, 0, 0};

Vectors::Made made_of(const GivenVectors& given, const UserItemMatrix& matrix, ThreadPool& pool) {
  const VectorsRequest& request = given.request;
  return Vectors::make(
      {.items = given.items,
       .item_vectors = {request.item_vectors.data(), request.items.size(), request.dim},
       .item_biases = request.item_biases,
       .user_vectors = {request.user_vectors.data(), request.users.size(), request.dim}},
      matrix, pool);
}

// Those of the given users whose history and vector tell.
std::vector<TrainedUser> trained_users(const GivenVectors& given, const Vectors::Made& made,
                                       const Dataset& dataset) {
  std::vector<TrainedUser> users;
  for (std::size_t u = 0; u < given.users.size(); ++u) {
    if (!given.users[u]) continue;
    const auto user = dataset.users.find(std::to_string(offset(*given.users[u])));
    if (!user) continue;
    const TrainedUser known = {dataset.matrix.user(*user), made.users.row(u)};
    if (tells(*made.model, known)) users.push_back(known);
  }
  return users;
}

Result<Vectors::Options> best_ranking_options(Vectors& model, const Judging& judging,
                                              std::uint64_t from, const Settings& fixed,
                                              FitContext& context) {
  const std::vector<Vectors::Options> likely = likely_options(model, fixed);
  std::vector<Judge> judges = judging.judges_after(from);
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
    const double ndcg = blend_ndcg(judging.cases(model, judges, context), VoiceWeights{1, 0, 0, 0});
    if (ndcg <= best_ndcg) continue;
    best = likely[n_done];
    best_ndcg = ndcg;
  }
  return best;
}

Settings unjudged_settings(const Vectors& model, Settings fixed) {
  fixed.try_emplace("regularization",
                    fmt::format("{:.3g}", std::clamp(model.mean_squared_length(), 1e-9, 1e9)));
  return fixed;
}

}  // namespace

Result<Trained> take_vectors(const TrainingLog& log, const ModelSnapshot* in_service,
                             const EngineOptions& engine_options, const GivenVectors& given,
                             ThreadPool& pool, Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  FitContext context{pool, progress, engine_options.seed};
  const Settings fixed(given.request.settings.begin(), given.request.settings.end());
  const std::uint64_t from = given.request.position.value_or(0);
  const Dataset all = dataset_of(log);
  Vectors::Made made = made_of(given, all.matrix, pool);
  Vectors& model = *made.model;
  Trained result;
  {
    const Judging judging(log, engine_options);
    const bool can_judge = !judging.judges_after(from).empty();
    const std::vector<TrainedUser> users = trained_users(given, made, all);
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
  result.fitted.name = given.request.name;
  COSENO_TRY(finish(engine_options, all.matrix, context, result));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  result.report.seconds = passed.count();
  return result;
}

}  // namespace coseno
