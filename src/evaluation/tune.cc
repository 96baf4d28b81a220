#include "evaluation/tune.h"

#include <boost/random/normal_distribution.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/rng.h"
#include "evaluation/evaluate.h"

namespace coseno {
namespace {

// Uniform draws for each searched option before the search turns local. Mean best NDCG@10 of 40
// trials of ials (dim=16, rounds=6) on parts of MovieLens 100K (ua.base, relevant from 4), over 6
// seeds: 0.288 with 1, 0.298 with 2, 0.295 with 3.
constexpr std::size_t kRandomTrialsPerOption = 2;

// Steps are shares of an option's range. The factors balance where one trial in three or so gains;
// shrinking by 0.8 or 0.9 gave 0.2975 and 0.2972 there, and a first step of 0.15 0.295.
constexpr double kFirstStep = 0.2;
constexpr double kLeastStep = 0.01;
constexpr double kShrink = 0.85;
constexpr double kGrow = 1.5;

// What is less of the best is noise: it is taken, but does not keep the search alive.
constexpr double kLeastGain = 1e-3;

// NDCG is kept in these units: what a text says of it is then read back to the same number by any
// parser (Boost.JSON 1.81 may miss the last bit), and a resumed search finds the same ties.
constexpr double kNdcgUnits = 1e12;

// Other draws of a proposal that was tried already; when all were, there is nothing left to try.
constexpr std::uint64_t kMaxDraws = 100;

// Streams of the seed; those of the models are small numbers.
constexpr std::uint64_t kUsersStream = 0x75736572;
constexpr std::uint64_t kTrialStream = 0x74726961;

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A position in [0, 1] of the range, as short a text as tells it to three digits.
std::string value_at(const OptionInfo& option, double position) {
  const SearchRange& range = *option.search;
  const double value = range.scale == SearchRange::Scale::log
                           ? range.low * std::pow(range.high / range.low, position)
                           : range.low + position * (range.high - range.low);
  const double inside = std::clamp(value, range.low, range.high);
  if (option.is_whole) return fmt::format("{}", std::lround(inside));
  return fmt::format("{:.3g}", inside);
}

// The other way round; a value outside of the range, as a default may be, is at its nearest end.
double position_of(const OptionInfo& option, std::string_view text) {
  const SearchRange& range = *option.search;
  double value = range.low;
  std::from_chars(text.data(), text.data() + text.size(), value);
  value = std::clamp(value, range.low, range.high);
  return range.scale == SearchRange::Scale::log
             ? std::log(value / range.low) / std::log(range.high / range.low)
             : (value - range.low) / (range.high - range.low);
}

Settings defaults(std::span<const OptionInfo> searched, const Settings& fixed) {
  Settings settings = fixed;
  for (const OptionInfo& option : searched) settings[option.name] = option.default_value;
  return settings;
}

Settings random_settings(std::span<const OptionInfo> searched, const Settings& fixed, Rng& rng) {
  Settings settings = fixed;
  for (const OptionInfo& option : searched) settings[option.name] = value_at(option, rng.uniform());
  return settings;
}

// One option moves for certain and each other with probability 1/2: what all at once make better
// and worse would tell little of each. Steps past an end are reflected.
Settings moved_settings(std::span<const OptionInfo> searched, const Settings& from, double step,
                        Rng& rng) {
  boost::random::normal_distribution<double> normal(0, step);
  const std::size_t sure = rng.below(searched.size());
  Settings settings = from;
  for (std::size_t i = 0; i < searched.size(); ++i) {
    const bool moves = rng.uniform() < 0.5;
    const double move = normal(rng);
    if (!moves && i != sure) continue;
    std::string& value = settings[searched[i].name];
    const double position = std::abs(position_of(searched[i], value) + move);
    value = value_at(searched[i], std::clamp(position > 1 ? 2 - position : position, 0.0, 1.0));
  }
  return settings;
}

// Says which trial it is, and what is best so far, with what the model and the judge tell.
class TrialProgress final : public Progress {
 public:
  TrialProgress(Progress& progress, std::size_t i, std::size_t n, std::string note)
      : progress_(progress),
        prefix_(fmt::format("trial {} of {}, ", i + 1, n)),
        note_(std::move(note)) {}

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view /*note*/) override {
    progress_.report(fmt::format("{}{}", prefix_, stage), done, total, note_);
  }
  bool cancelled() const override { return progress_.cancelled(); }

 private:
  Progress& progress_;
  std::string prefix_;
  std::string note_;
};

bool is_relevant(std::span<const Interaction> held_out, float relevant_from) {
  return std::ranges::any_of(held_out,
                             [&](const Interaction& one) { return one.value >= relevant_from; });
}

// FNV-1a over words of 64 bits.
class Fingerprint {
 public:
  void add(std::uint64_t word) { hash_ = (hash_ ^ word) * 0x100000001B3; }
  void add(std::span<const Interaction> row) {
    add(row.size());
    for (const Interaction& one : row) {
      add((std::uint64_t{offset(one.item)} << 32) | std::bit_cast<std::uint32_t>(one.value));
      add(static_cast<std::uint64_t>(one.time));
    }
  }
  void add(const FeatureMatrix& rows) {
    add(rows.n_rows());
    for (std::size_t i = 0; i < rows.n_rows(); ++i) {
      add(rows.row(i).size());
      for (const Feature& feature : rows.row(i)) {
        add((std::uint64_t{feature.index} << 32) | std::bit_cast<std::uint32_t>(feature.weight));
      }
    }
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325;
};

// Fits and judges; the times are set also where it fails.
Result<double> measure(const ModelInfo& model, const Split& split, const TuneOptions& options,
                       Trial& trial, ThreadPool& pool, Progress& progress) {
  const double start_s = seconds_now();
  FitContext context{pool, progress, options.seed};
  const Result<std::unique_ptr<Model>> fitted = model.fit(split.train, trial.settings, context);
  const double fitted_s = seconds_now();
  trial.fit_s = fitted_s - start_s;
  if (!fitted) return std::unexpected(fitted.error());
  const EvaluateOptions judging{.k = options.k, .relevant_from = options.relevant_from};
  const Result<Evaluation> evaluation = evaluate(**fitted, split, judging, pool, progress);
  trial.judge_s = seconds_now() - fitted_s;
  if (!evaluation) return std::unexpected(evaluation.error());
  return evaluation->metrics.list.ndcg;
}

bool is_better(const Trial& one, const Trial& other) {
  if (!one.trouble.empty()) return false;
  return !other.trouble.empty() || one.ndcg > other.ndcg;
}

}  // namespace

const Trial* best_of(std::span<const Trial> trials) {
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (trial.trouble.empty() && (best == nullptr || is_better(trial, *best))) best = &trial;
  }
  return best;
}

std::vector<OptionInfo> searched_options(const ModelInfo& model, const Split& split,
                                         const Settings& fixed) {
  std::vector<OptionInfo> searched = model.options();
  std::erase_if(searched, [&](const OptionInfo& option) {
    return !option.search || fixed.contains(option.name) ||
           (option.search->needs_ratings && !split.train.matrix.has_values());
  });
  return searched;
}

std::size_t limit_judged_users(Split& split, std::size_t n, float relevant_from,
                               std::uint64_t seed) {
  std::vector<std::size_t> users;
  for (std::size_t u = 0; u < split.held_out.size(); ++u) {
    if (is_relevant(split.held_out[u], relevant_from)) users.push_back(u);
  }
  if (users.size() <= n) return users.size();
  Rng rng(seed, kUsersStream);
  for (std::size_t i = 0; i < n; ++i) {
    std::swap(users[i], users[i + rng.below(users.size() - i)]);
  }
  for (const std::size_t u : std::span(users).subspan(n)) split.held_out[u].clear();
  return n;
}

std::uint64_t fingerprint(const Split& split) {
  Fingerprint fingerprint;
  const UserItemMatrix& matrix = split.train.matrix;
  fingerprint.add(matrix.n_items());
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    fingerprint.add(matrix.user(static_cast<UserIndex>(u)));
  }
  for (const std::vector<Interaction>& row : split.held_out) fingerprint.add(row);
  for (const std::vector<Interaction>& row : split.fold_in) fingerprint.add(row);
  for (const auto& [session, n_told] : split.places) {
    fingerprint.add(session);
    fingerprint.add(n_told);
  }
  if (!split.hides_seen) fingerprint.add(1);
  fingerprint.add(split.train.item_features);
  fingerprint.add(split.train.user_features);
  return fingerprint.value();
}

Result<Tuner> Tuner::plan(const ModelInfo& model, const Split& split, TuneOptions options) {
  COSENO_TRY(model.check(options.fixed));
  if (options.k == 0) return invalid_argument("k must be at least 1, not 0");
  if (std::ranges::none_of(split.held_out, [&](const std::vector<Interaction>& row) {
        return is_relevant(row, options.relevant_from);
      })) {
    return invalid_argument("no user has a relevant held-out item (a value of {} or more)",
                            options.relevant_from);
  }
  return Tuner(model, split, std::move(options));
}

Tuner::Tuner(const ModelInfo& model, const Split& split, TuneOptions options)
    : model_(&model),
      split_(&split),
      options_(std::move(options)),
      searched_(searched_options(model, split, options_.fixed)),
      end_s_(seconds_now() + options_.seconds),
      step_(kFirstStep) {}

Result<void> Tuner::resume(Trial trial) {
  const std::optional<Settings> expected = proposal();
  if (!expected || *expected != trial.settings) {
    return make_error(ErrorCode::conflict, "trial {} is of another search of {}",
                      trials_.size() + 1, model_->name);
  }
  add(std::move(trial));
  return {};
}

Result<bool> Tuner::next(ThreadPool& pool, Progress& progress) {
  if (trials_.size() >= options_.n_trials || !has_time_left()) return false;
  std::optional<Settings> settings = proposal();
  if (!settings) return false;
  Trial trial{.settings = std::move(*settings)};
  const Trial* const best = best_of(trials_);
  TrialProgress told(progress, trials_.size(), options_.n_trials,
                     best == nullptr ? "" : fmt::format("best ndcg {:.4f}", best->ndcg));
  const Result<double> ndcg = measure(*model_, *split_, options_, trial, pool, told);
  if (ndcg) {
    trial.ndcg = *ndcg;
  } else if (ndcg.error().code == ErrorCode::cancelled) {
    return std::unexpected(ndcg.error());
  } else {
    trial.trouble = ndcg.error().message;
  }
  add(std::move(trial));
  return true;
}

std::optional<Settings> Tuner::proposal() const {
  if (trials_.empty()) return defaults(searched_, options_.fixed);
  const std::size_t n_random = kRandomTrialsPerOption * searched_.size();
  const bool is_over = n_without_gain_ >= std::max(options_.patience, n_random);
  if (searched_.empty() || is_over) return std::nullopt;
  for (std::uint64_t draw = 0; draw < kMaxDraws; ++draw) {
    Rng rng(options_.seed, kTrialStream, trials_.size() * kMaxDraws + draw);
    Settings settings = is_local() ? moved_settings(searched_, trials_[best_].settings, step_, rng)
                                   : random_settings(searched_, options_.fixed, rng);
    if (std::ranges::find(trials_, settings, &Trial::settings) == trials_.end()) return settings;
  }
  return std::nullopt;
}

bool Tuner::has_time_left() const {
  if (trials_.empty()) return true;
  double total_s = 0;
  for (const Trial& trial : trials_) total_s += trial.fit_s + trial.judge_s;
  return seconds_now() + total_s / static_cast<double>(trials_.size()) <= end_s_;
}

bool Tuner::is_local() const {
  return trials_.size() > kRandomTrialsPerOption * searched_.size() &&
         trials_[best_].trouble.empty();
}

void Tuner::add(Trial trial) {
  const bool was_local = is_local();
  trial.ndcg = std::round(trial.ndcg * kNdcgUnits) / kNdcgUnits;
  trials_.push_back(std::move(trial));
  const Trial& newest = trials_.back();
  const Trial& best = trials_[best_];
  const bool is_first = trials_.size() == 1;
  const bool is_gain = is_better(newest, best);
  const bool is_large =
      is_gain && (!best.trouble.empty() || newest.ndcg > best.ndcg * (1 + kLeastGain));
  n_without_gain_ = is_first || is_large ? 0 : n_without_gain_ + 1;
  if (was_local) {
    step_ = is_gain ? std::min(step_ * kGrow, kFirstStep) : std::max(step_ * kShrink, kLeastStep);
  }
  if (is_gain) best_ = trials_.size() - 1;
}

}  // namespace coseno
