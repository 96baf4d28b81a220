#include "evaluation/evaluate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "evaluation/pessimistic_list.h"

namespace coseno {
namespace {

// Users between two looks at the progress (and at cancellation): about a second with a slow model.
constexpr std::size_t kSliceUsers = 256;
// Users that a thread scores at once. Sixteen read the vectors of items once for all of them, which
// leaves memory idle; in a large catalogue fewer, so that their scores take at most 64 MB a thread.
constexpr std::size_t kBatchUsers = 16;
constexpr std::size_t kBatchScores = 16U << 20;
// Users whose latency is measured, one at a time on one thread: enough for a 99th percentile.
constexpr std::size_t kTimedUsers = 400;

// What judging one user gives. Each is written by one thread and summed in the order of users, so
// that the sums do not depend on the threads.
struct UserResult {
  ListMetrics list;
  double squared_error = 0;  // summed over the user's held-out ratings
  double absolute_error = 0;
  bool is_judged = false;
  bool is_broken = false;  // the model gave a number that is none
};

// What one thread needs, reused from user to user.
struct Scratch {
  Scratch(std::size_t n_items, std::size_t batch) : scores(batch * n_items), is_relevant(n_items) {}

  std::vector<float> scores;      // batch x n_items
  std::vector<char> is_relevant;  // n_items, all 0 between users
  std::vector<ItemIndex> relevant;
  std::vector<UserIndex> users;  // of the batch, those to judge
  std::vector<Profile> profiles;
  std::vector<ItemIndex> items;  // held out, to predict
  std::vector<float> predictions;
};

// +infinity is refused too: nothing could rank above it.
bool is_score(float score) { return score < std::numeric_limits<float>::infinity(); }

class Judge {
 public:
  Judge(const Model& model, const Split& split, const EvaluateOptions& options)
      : model_(model), split_(split), options_(options) {}

  std::size_t batch() const {
    return std::clamp<std::size_t>(kBatchScores / std::max<std::size_t>(model_.n_items(), 1), 1,
                                   kBatchUsers);
  }

  // Judges users [begin, end), at most batch(), where there is anything to judge by. `results` and
  // `lists`: of all users.
  void judge(std::size_t begin, std::size_t end, Scratch& scratch, std::span<UserResult> results,
             std::span<std::vector<ItemIndex>> lists) const {
    scratch.users.clear();
    for (std::size_t u = begin; u < end; ++u) {
      const auto user = static_cast<UserIndex>(u);
      if (has_relevant(user)) scratch.users.push_back(user);
      if (split_.has_ratings && model_.predicts_ratings()) {
        judge_ratings(user, scratch, results[u]);
      }
    }
    score(scratch.users, scratch);
    for (std::size_t i = 0; i < scratch.users.size(); ++i) {
      const UserIndex user = scratch.users[i];
      find_relevant(user, scratch.relevant);
      UserResult& result = results[offset(user)];
      std::vector<ItemIndex>& list = lists[offset(user)];
      if (auto made = make_list(user, i, scratch)) {
        list = std::move(*made);
      } else {
        result.is_broken = true;
      }
      result.is_judged = true;
      result.list = list_metrics(list, scratch.relevant, options_.k);
    }
  }

  // Seconds to score all items for one user and to make the list.
  double time(UserIndex user, Scratch& scratch) const {
    find_relevant(user, scratch.relevant);
    const auto start = std::chrono::steady_clock::now();
    score({&user, 1}, scratch);
    static_cast<void>(make_list(user, 0, scratch));
    const std::chrono::duration<double> latency = std::chrono::steady_clock::now() - start;
    return latency.count();
  }

 private:
  bool is_relevant(const Interaction& held_out) const {
    return held_out.value >= options_.relevant_from;
  }

  bool has_relevant(UserIndex user) const {
    return std::ranges::any_of(split_.held_out[offset(user)], [this](const Interaction& held_out) {
      return is_relevant(held_out);
    });
  }

  void find_relevant(UserIndex user, std::vector<ItemIndex>& relevant) const {
    relevant.clear();
    for (const Interaction& held_out : split_.held_out[offset(user)]) {
      if (is_relevant(held_out)) relevant.push_back(held_out.item);
    }
  }

  // The scores of the i-th user go to the i-th row of scratch.scores.
  void score(std::span<const UserIndex> users, Scratch& scratch) const {
    scratch.profiles.clear();
    for (const UserIndex user : users) scratch.profiles.push_back(split_.profile(user));
    const std::size_t n_items = model_.n_items();
    const auto scores = std::span(scratch.scores).first(users.size() * n_items);
    if (options_.rank_by == RankBy::score) {
      model_.score_many(scratch.profiles, scores);
      return;
    }
    for (std::size_t i = 0; i < users.size(); ++i) {
      COSENO_CHECK(
          score_by_cosine(model_, scratch.profiles[i], scores.subspan(i * n_items, n_items)));
    }
  }

  // From the i-th row of scratch.scores and scratch.relevant; nothing where a score is none.
  std::optional<std::vector<ItemIndex>> make_list(UserIndex user, std::size_t i,
                                                  Scratch& scratch) const {
    const std::size_t n_items = model_.n_items();
    const auto scores = std::span(scratch.scores).subspan(i * n_items, n_items);
    if (split_.hides_seen) {
      for (const Interaction& seen : split_.profile(user).history) {
        if (offset(seen.item) >= n_items) continue;
        if (!is_score(scores[offset(seen.item)])) return std::nullopt;
        scores[offset(seen.item)] = kNeverScore;
      }
    }
    mark_relevant(scratch, 1);
    auto list = pessimistic_list(scores, scratch.is_relevant, options_.k);
    mark_relevant(scratch, 0);
    return list;
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

// The smallest of `latencies` that a share `quantile` of them did not pass.
double latency_at(std::vector<double> latencies, double quantile) {
  const double rank = std::ceil(quantile * static_cast<double>(latencies.size()));
  const auto nth = latencies.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
  std::ranges::nth_element(latencies, nth);
  return *nth;
}

// Of users spread evenly over those who were judged, on the caller's thread while others rest.
std::vector<double> measure_latencies(const Judge& judge, std::span<const UserResult> results,
                                      Scratch& scratch, Progress& progress) {
  std::vector<UserIndex> judged;
  for (std::size_t u = 0; u < results.size(); ++u) {
    if (results[u].is_judged) judged.push_back(static_cast<UserIndex>(u));
  }
  const std::size_t n_timed = std::min(kTimedUsers, judged.size());
  std::vector<double> latencies;
  for (std::size_t i = 0; i < n_timed && !progress.cancelled(); ++i) {
    latencies.push_back(judge.time(judged[i * judged.size() / n_timed], scratch));
  }
  return latencies;
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
                               Scratch(model.n_items(), judge.batch()));

  const std::string stage = fmt::format("evaluating {}", model.name());
  for (std::size_t begin = 0; begin < n_users; begin += kSliceUsers) {
    progress.report(stage, begin, n_users, "");
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "{} was stopped", stage);
    const std::size_t slice = std::min(kSliceUsers, n_users - begin);
    pool.parallel_for(slice, judge.batch(), [&](std::size_t from, std::size_t to, int worker) {
      judge.judge(begin + from, begin + to, scratch[static_cast<std::size_t>(worker)], results,
                  evaluation.lists);
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
  const std::vector<double> latencies =
      measure_latencies(judge, results, scratch.front(), progress);
  if (progress.cancelled()) return make_error(ErrorCode::cancelled, "{} was stopped", stage);
  evaluation.latency_p50_s = latency_at(latencies, 0.50);
  evaluation.latency_p99_s = latency_at(latencies, 0.99);
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
