#include "cli/comparison.h"

#include <chrono>
#include <memory>
#include <span>
#include <utility>

#include "base/atomic_file.h"
#include "base/check.h"
#include "cli/output.h"
#include "models/popularity.h"
#include "models/tensor_file.h"

namespace coseno::cli {
namespace {

// Judged lists, a line a user.
Outcome<void> write_lists(const Evaluation& evaluation, const Dataset& train,
                          const std::string& out) {
  COSENO_TRY(check_one_word(train.items));
  COSENO_ASSIGN(file, AtomicFile::create(out));
  for (std::size_t u = 0; u < evaluation.lists.size(); ++u) {
    if (evaluation.lists[u].empty()) continue;
    const std::string_view user = train.users.id(static_cast<UserIndex>(u));
    COSENO_TRY(check_one_word("user", user));
    COSENO_TRY(file.write(user_line(user, evaluation.lists[u], train.items)));
  }
  COSENO_TRY(file.commit());
  return {};
}

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
  result.metrics = mean(metrics);
  return result;
}

double saved_bytes(const Model& model) {
  TensorFileWriter file;
  model.save(file);
  return static_cast<double>(file.array_bytes());
}

}  // namespace

Contender yardstick() {
  const Result<const ModelInfo*> popularity = find_model(Popularity::kName);
  COSENO_CHECK(popularity.has_value());
  return {.info = *popularity};
}

Comparison::Comparison(std::vector<Contender> contenders, const JudgeOptions& options,
                       std::uint64_t seed, Session& session)
    : contenders_(std::move(contenders)),
      options_(options),
      seed_(seed),
      session_(session),
      by_contender_(contenders_.size()) {}

Outcome<void> Comparison::add_split(const Split& split) {
  for (std::size_t c = 0; c < contenders_.size(); ++c) {
    const Contender& contender = contenders_[c];
    FitContext context{session_.pool, session_.progress, seed_};
    const auto start = std::chrono::steady_clock::now();
    COSENO_ASSIGN(model, contender.info->fit(split.train, contender.settings, context));
    const std::chrono::duration<double> fit_time = std::chrono::steady_clock::now() - start;
    JudgeOptions options = options_;
    options.evaluate.rank_by = contender.rank_by;
    COSENO_ASSIGN(judged, judge(*model, split, options, contender.lists_out, session_));
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

Outcome<Judged> judge(const Model& model, const Split& split, const JudgeOptions& options,
                      const std::string& lists_out, Session& session) {
  COSENO_ASSIGN(evaluation,
                evaluate(model, split, options.evaluate, session.pool, session.progress));
  if (!lists_out.empty()) COSENO_TRY(write_lists(evaluation, split.train, lists_out));
  Judged judged{.model = model.name(),
                .metrics = evaluation.metrics,
                .latency_p50_s = evaluation.latency_p50_s,
                .latency_p99_s = evaluation.latency_p99_s};
  if (options.has_details) {
    judged.breakdown = break_down(split, evaluation.lists, options.evaluate);
    judged.model_bytes = saved_bytes(model);
  }
  return judged;
}

}  // namespace coseno::cli
