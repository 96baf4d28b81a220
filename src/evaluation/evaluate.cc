#include "evaluation/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace coseno {
namespace {

// Users between two looks at the progress (and at cancellation), and users that a thread takes at
// once: about a second, and some milliseconds, with a slow model.
constexpr std::size_t kSliceUsers = 256;
constexpr std::size_t kBlockUsers = 8;

// What judging one user gives. Each is written by one thread and summed in the order of users, so
// that the sums do not depend on the threads.
struct UserResult {
  ListMetrics list;
  double squared_error = 0;  // summed over the user's held-out ratings
  double absolute_error = 0;
  double latency_s = 0;
  bool is_judged = false;
  bool is_broken = false;  // the model gave a number that is none
};

// What one thread needs, reused from user to user.
struct Scratch {
  explicit Scratch(std::size_t n_items) : scores(n_items), is_relevant(n_items) {}

  std::vector<float> scores;      // n_items
  std::vector<char> is_relevant;  // n_items, all 0 between users
  std::vector<ItemIndex> relevant;
  std::vector<ItemIndex> items;  // held out, to predict
  std::vector<float> predictions;
};

// +infinity is refused too: nothing could rank above it.
bool is_score(float score) { return score < std::numeric_limits<float>::infinity(); }

// The k best; of equal scores what is not relevant comes first, then the lower number.
std::vector<ItemIndex> pessimistic_list(std::span<const float> scores,
                                        std::span<const char> is_relevant, std::size_t k) {
  const std::vector<Scored> best = top_k(scores, k);
  if (best.empty()) return {};
  // All that could be among the k when ties are broken another way.
  std::vector<ItemIndex> list;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] >= best.back().score) list.push_back(static_cast<ItemIndex>(i));
  }
  const auto key = [&](ItemIndex item) {
    const std::size_t i = offset(item);
    return std::tuple(-scores[i], is_relevant[i], i);
  };
  const auto end = list.begin() + static_cast<std::ptrdiff_t>(best.size());
  std::ranges::partial_sort(list, end, {}, key);
  list.erase(end, list.end());
  return list;
}

class Judge {
 public:
  Judge(const Model& model, const Split& split, const EvaluateOptions& options)
      : model_(model), split_(split), options_(options) {}

  // Judges one user, where there is anything to judge by.
  void judge(UserIndex user, Scratch& scratch, UserResult& result,
             std::vector<ItemIndex>& list) const {
    scratch.relevant.clear();
    for (const Interaction& held_out : split_.held_out[offset(user)]) {
      if (held_out.value >= options_.relevant_from) scratch.relevant.push_back(held_out.item);
    }
    if (!scratch.relevant.empty()) judge_list(user, scratch, result, list);
    if (split_.has_ratings && model_.predicts_ratings()) judge_ratings(user, scratch, result);
  }

 private:
  void judge_list(UserIndex user, Scratch& scratch, UserResult& result,
                  std::vector<ItemIndex>& list) const {
    mark_relevant(scratch, 1);
    const auto start = std::chrono::steady_clock::now();
    score(split_.profile(user), scratch.scores);
    if (std::ranges::all_of(scratch.scores, is_score)) {
      for (const Interaction& seen : split_.profile(user).history) {
        if (offset(seen.item) < scratch.scores.size()) {
          scratch.scores[offset(seen.item)] = kNeverScore;
        }
      }
      list = pessimistic_list(scratch.scores, scratch.is_relevant, options_.k);
    } else {
      result.is_broken = true;
    }
    const std::chrono::duration<double> latency = std::chrono::steady_clock::now() - start;
    mark_relevant(scratch, 0);
    result.latency_s = latency.count();
    result.is_judged = true;
    result.list = list_metrics(list, scratch.relevant, options_.k);
  }

  void score(const Profile& profile, std::span<float> scores) const {
    if (options_.rank_by == RankBy::cosine) {
      COSENO_CHECK(score_by_cosine(model_, profile, scores));
    } else {
      model_.score(profile, scores);
    }
  }

  void judge_ratings(UserIndex user, Scratch& scratch, UserResult& result) const {
    const std::vector<Interaction>& held_out = split_.held_out[offset(user)];
    if (held_out.empty()) return;
    scratch.items.clear();
    for (const Interaction& rating : held_out) scratch.items.push_back(rating.item);
    scratch.predictions.resize(held_out.size());
    model_.predict(split_.profile(user), scratch.items, scratch.predictions);
    for (std::size_t i = 0; i < held_out.size(); ++i) {
      const double error = static_cast<double>(scratch.predictions[i]) - held_out[i].value;
      result.squared_error += error * error;
      result.absolute_error += std::abs(error);
    }
    if (!std::isfinite(result.squared_error)) result.is_broken = true;
  }

  // Items that training does not know have no score, and no mark.
  static void mark_relevant(Scratch& scratch, char mark) {
    for (const ItemIndex item : scratch.relevant) {
      if (offset(item) < scratch.is_relevant.size()) scratch.is_relevant[offset(item)] = mark;
    }
  }

  const Model& model_;
  const Split& split_;
  const EvaluateOptions& options_;
};

void add(ListMetrics& sum, const ListMetrics& metrics) {
  sum.precision += metrics.precision;
  sum.recall += metrics.recall;
  sum.recall_min += metrics.recall_min;
  sum.ndcg += metrics.ndcg;
  sum.mrr += metrics.mrr;
  sum.map += metrics.map;
  sum.hit_rate += metrics.hit_rate;
}

ListMetrics divided(const ListMetrics& sum, double n) {
  return {.precision = sum.precision / n,
          .recall = sum.recall / n,
          .recall_min = sum.recall_min / n,
          .ndcg = sum.ndcg / n,
          .mrr = sum.mrr / n,
          .map = sum.map / n,
          .hit_rate = sum.hit_rate / n};
}

// Sets coverage and novelty, which belong to all lists together.
void measure_variety(const UserItemMatrix& train, std::span<const std::vector<ItemIndex>> lists,
                     Metrics& metrics) {
  std::size_t n_active = 0;  // users with a training interaction
  for (std::size_t u = 0; u < train.n_users(); ++u) {
    if (train.user_size(static_cast<UserIndex>(u)) > 0) ++n_active;
  }
  std::vector<char> is_listed(train.n_items());
  std::size_t n_listed = 0;
  double surprise = 0;
  for (const std::vector<ItemIndex>& list : lists) {
    n_listed += list.size();
    for (const ItemIndex item : list) {
      is_listed[offset(item)] = 1;
      const std::size_t n_having = std::max<std::size_t>(train.item_size(item), 1);
      surprise -= std::log2(static_cast<double>(n_having) / static_cast<double>(n_active));
    }
  }
  if (n_listed == 0) return;
  metrics.coverage =
      static_cast<double>(std::ranges::count(is_listed, 1)) / static_cast<double>(is_listed.size());
  metrics.novelty = surprise / static_cast<double>(n_listed);
}

Metrics summarise(std::span<const UserResult> results, const Split& split, bool has_predictions) {
  Metrics metrics;
  double squared_error = 0;
  double absolute_error = 0;
  for (std::size_t u = 0; u < results.size(); ++u) {
    squared_error += results[u].squared_error;
    absolute_error += results[u].absolute_error;
    if (has_predictions) metrics.n_ratings += split.held_out[u].size();
    if (!results[u].is_judged) continue;
    add(metrics.list, results[u].list);
    ++metrics.n_users;
  }
  metrics.list = divided(metrics.list, static_cast<double>(metrics.n_users));
  if (metrics.n_ratings > 0) {
    metrics.rmse = std::sqrt(squared_error / static_cast<double>(metrics.n_ratings));
    metrics.mae = absolute_error / static_cast<double>(metrics.n_ratings);
  }
  return metrics;
}

// The smallest latency that a share `quantile` of the judged users did not pass.
double latency_at(std::span<const UserResult> results, double quantile) {
  std::vector<double> latencies;
  for (const UserResult& result : results) {
    if (result.is_judged) latencies.push_back(result.latency_s);
  }
  const double rank = std::ceil(quantile * static_cast<double>(latencies.size()));
  const auto nth = latencies.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::ranges::nth_element(latencies, nth);
  return *nth;
}

Result<void> check_request(const Model& model, const Split& split, const EvaluateOptions& options) {
  COSENO_CHECK(model.n_items() == split.train.matrix.n_items());
  if (options.k == 0) return invalid_argument("k must be at least 1, not 0");
  if (options.rank_by == RankBy::cosine && !model.item_vectors()) {
    return invalid_argument("{} has no vectors to rank by cosine", model.name());
  }
  return {};
}

}  // namespace

Result<Evaluation> evaluate(const Model& model, const Split& split, const EvaluateOptions& options,
                            ThreadPool& pool, Progress& progress) {
  COSENO_TRY(check_request(model, split, options));
  const Judge judge(model, split, options);
  const std::size_t n_users = split.held_out.size();
  std::vector<UserResult> results(n_users);
  Evaluation evaluation;
  evaluation.lists.resize(n_users);
  std::vector<Scratch> scratch(static_cast<std::size_t>(pool.n_threads()),
                               Scratch(model.n_items()));

  const std::string stage = fmt::format("evaluating {}", model.name());
  for (std::size_t begin = 0; begin < n_users; begin += kSliceUsers) {
    progress.report(stage, begin, n_users, "");
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "{} was stopped", stage);
    const std::size_t slice = std::min(kSliceUsers, n_users - begin);
    pool.parallel_for(slice, kBlockUsers, [&](std::size_t from, std::size_t to, int worker) {
      for (std::size_t u = begin + from; u < begin + to; ++u) {
        judge.judge(static_cast<UserIndex>(u), scratch[static_cast<std::size_t>(worker)],
                    results[u], evaluation.lists[u]);
      }
    });
  }
  progress.report(stage, n_users, n_users, "");

  if (std::ranges::any_of(results, &UserResult::is_broken)) {
    return make_error(ErrorCode::internal, "{} gave a score or rating that is not finite",
                      model.name());
  }
  if (std::ranges::none_of(results, &UserResult::is_judged)) {
    return invalid_argument("no user has a relevant held-out item (a value of {} or more)",
                            options.relevant_from);
  }
  evaluation.metrics = summarise(results, split, split.has_ratings && model.predicts_ratings());
  measure_variety(split.train.matrix, evaluation.lists, evaluation.metrics);
  evaluation.latency_p50_s = latency_at(results, 0.50);
  evaluation.latency_p99_s = latency_at(results, 0.99);
  return evaluation;
}

Metrics mean(std::span<const Metrics> metrics) {
  COSENO_CHECK(!metrics.empty());
  Metrics result;
  for (const Metrics& one : metrics) {
    add(result.list, one.list);
    result.n_users += one.n_users;
    result.coverage += one.coverage;
    result.novelty += one.novelty;
    result.rmse += one.rmse;
    result.mae += one.mae;
    result.n_ratings += one.n_ratings;
  }
  const auto n = static_cast<double>(metrics.size());
  result.list = divided(result.list, n);
  result.coverage /= n;
  result.novelty /= n;
  result.rmse /= n;
  result.mae /= n;
  return result;
}

}  // namespace coseno
