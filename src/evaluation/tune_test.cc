#include "evaluation/tune.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

namespace coseno {
namespace {

constexpr std::size_t kUsers = 1000;

// Every user u but the last has item 0 with value u, and item 1 is held out. A model of quality q
// ranks it first for the users below q * kUsers, so that its NDCG@1 is q.
class KnownQuality final : public Model {
 public:
  explicit KnownQuality(double quality) : quality_(quality) {}

  std::string_view name() const override { return "known"; }
  std::size_t n_items() const override { return 3; }
  void score(const Profile& profile, std::span<float> out) const override {
    const bool is_right = profile.history[0].value < quality_ * kUsers;
    out[0] = 0;
    out[1] = is_right ? 2 : 0;
    out[2] = 1;
  }
  Ranking similar_items(ItemIndex /*item*/, std::size_t /*k*/) const override { return {}; }
  void save(TensorFileWriter& /*file*/) const override {}

 private:
  double quality_;
};

struct Options {
  double weight = 0.5;
  int neighbours = 20;
  double exponent = 0;
  double of_ratings = 0;
  int rounds = 3;
};
constexpr double kBestWeight = 0.03;
constexpr int kBestNeighbours = 120;
constexpr double kBestExponent = 0.7;

std::span<const OptionField<Options>> fields() {
  using enum SearchRange::Scale;
  static const std::array<OptionField<Options>, 5> all = {{
      {.name = "weight",
       .member = &Options::weight,
       .min = 0,
       .max = 10,
       .help = "",
       .search = SearchRange{.low = 0.001, .high = 1, .scale = log}},
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 1000,
       .help = "",
       .search = SearchRange{.low = 10, .high = 500, .scale = log}},
      {.name = "exponent",
       .member = &Options::exponent,
       .min = 0,
       .max = 1,
       .help = "",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "of_ratings",
       .member = &Options::of_ratings,
       .min = 0,
       .max = 1,
       .help = "",
       .search = SearchRange{.low = 0, .high = 1, .needs_ratings = true}},
      {.name = "rounds", .member = &Options::rounds, .min = 1, .max = 100, .help = ""},
  }};
  return all;
}

double square(double x) { return x * x; }

// 0.9 at the best options, and 0 at worst.
double quality(const Options& options) {
  const double loss =
      square(std::log(options.weight / kBestWeight) / std::log(1000)) +
      square(std::log(static_cast<double>(options.neighbours) / kBestNeighbours) / std::log(50)) +
      square(options.exponent - kBestExponent);
  return std::max(0.0, 0.9 - loss);
}

Result<std::unique_ptr<Model>> fit_known(const Dataset& /*dataset*/, const Settings& settings,
                                         FitContext& context) {
  COSENO_ASSIGN(options, apply_settings("known", fields(), settings));
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "stopped");
  return std::make_unique<KnownQuality>(quality(options));
}

Result<void> check_known(const Settings& settings) {
  COSENO_TRY(apply_settings("known", fields(), settings));
  return {};
}

// The half of the options with few neighbours does not fit.
Result<std::unique_ptr<Model>> fit_with_many(const Dataset& dataset, const Settings& settings,
                                             FitContext& context) {
  COSENO_ASSIGN(options, apply_settings("known", fields(), settings));
  if (options.neighbours < 70) return make_error(ErrorCode::unavailable, "too few neighbours");
  return fit_known(dataset, settings, context);
}

Result<std::unique_ptr<Model>> fit_never(const Dataset& /*dataset*/, const Settings& /*settings*/,
                                         FitContext& /*context*/) {
  return make_error(ErrorCode::unavailable, "no memory");
}

const ModelInfo kKnown = {.name = "known",
                          .options = [] { return describe(fields()); },
                          .check = check_known,
                          .fit = fit_known};

ModelInfo with_fit(decltype(ModelInfo::fit) fit) {
  ModelInfo info = kKnown;
  info.fit = fit;
  return info;
}

class Stopped : public Progress {
 public:
  bool cancelled() const override { return true; }
};

class TuneTest : public testing::Test {
 protected:
  TuneTest() {
    std::vector<std::vector<Interaction>> histories;
    for (std::size_t u = 0; u < kUsers; ++u) {
      histories.push_back({{ItemIndex{0}, static_cast<float>(u), 0}});
      split_.held_out.push_back({{ItemIndex{1}, 1, 0}});
    }
    for (std::size_t u = 0; u < kUsers; ++u) split_.train.users.add(fmt::format("{}", u));
    for (const char* item : {"seen", "right", "wrong"}) split_.train.items.add(item);
    split_.train.matrix = UserItemMatrix::from_histories(histories, 3, /*has_values=*/false);
    options_.k = 1;
  }

  // The trials of a whole search.
  std::vector<Trial> tuned(const ModelInfo& model = kKnown, int n_threads = 1) {
    ThreadPool pool(n_threads);
    Tuner tuner = Tuner::plan(model, split_, options_).value();
    while (tuner.next(pool, progress_).value()) {
    }
    return {tuner.trials().begin(), tuner.trials().end()};
  }

  Tuner tuner() { return Tuner::plan(kKnown, split_, options_).value(); }

  Split split_;
  TuneOptions options_;
  ThreadPool pool_{1};
  Progress progress_;
};

std::vector<Settings> settings_of(std::span<const Trial> trials) {
  std::vector<Settings> all;
  for (const Trial& trial : trials) all.push_back(trial.settings);
  return all;
}

TEST_F(TuneTest, TheFirstTrialIsTheDefaults) {
  options_.n_trials = 1;
  const std::vector<Trial> trials = tuned();
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_EQ(trials[0].settings,
            (Settings{{"weight", "0.5"}, {"neighbours", "20"}, {"exponent", "0"}}));
  EXPECT_NEAR(trials[0].ndcg, quality({}), 1e-3);
}

// The defaults have 0.04.
TEST_F(TuneTest, FindsTheOptimumOfAKnownFunction) {
  options_.n_trials = 60;
  for (options_.seed = 1; options_.seed <= 5; ++options_.seed) {
    const std::vector<Trial> trials = tuned();
    const Trial* const best = best_of(trials);
    ASSERT_NE(best, nullptr);
    EXPECT_GT(best->ndcg, 0.88) << options_.seed;
    const Options found = apply_settings("known", fields(), best->settings).value();
    EXPECT_NEAR(std::log10(found.weight), std::log10(kBestWeight), 0.5);
    EXPECT_NEAR(found.exponent, kBestExponent, 0.15);
  }
}

TEST_F(TuneTest, StaysInTheRangesAndTriesNothingTwice) {
  options_.n_trials = 200;
  options_.patience = 200;
  std::vector<Settings> tried = settings_of(tuned());
  EXPECT_EQ(tried.size(), 200U);
  for (const Settings& settings : tried) {
    const Options options = apply_settings("known", fields(), settings).value();
    EXPECT_TRUE(0.001 <= options.weight && options.weight <= 1) << options.weight;
    EXPECT_TRUE(10 <= options.neighbours && options.neighbours <= 500) << options.neighbours;
    EXPECT_TRUE(0 <= options.exponent && options.exponent <= 1) << options.exponent;
  }
  std::ranges::sort(tried);
  EXPECT_EQ(std::ranges::adjacent_find(tried), tried.end());
}

TEST_F(TuneTest, TheSeedDecidesAndNotTheThreads) {
  const std::vector<Settings> tried = settings_of(tuned());
  EXPECT_EQ(settings_of(tuned(kKnown, 4)), tried);
  options_.seed = 2;
  EXPECT_NE(settings_of(tuned()), tried);
}

TEST_F(TuneTest, AResumedSearchGoesOnAsIfNeverInterrupted) {
  const std::vector<Trial> whole = tuned();
  for (const std::size_t n_known : {std::size_t{1}, std::size_t{5}, whole.size() - 2}) {
    Tuner resumed = tuner();
    for (const Trial& trial : std::span(whole).first(n_known)) {
      ASSERT_TRUE(resumed.resume(trial).has_value());
    }
    while (resumed.next(pool_, progress_).value()) {
    }
    EXPECT_EQ(settings_of(resumed.trials()), settings_of(whole));
  }
}

// A parser of JSON may miss the last bit of a number.
TEST_F(TuneTest, AResumedSearchForgivesTheLastBitOfTheNdcg) {
  const std::vector<Trial> whole = tuned();
  Tuner resumed = tuner();
  for (Trial trial : std::span(whole).first(8)) {
    trial.ndcg = std::nextafter(trial.ndcg, 1);
    ASSERT_TRUE(resumed.resume(std::move(trial)).has_value());
  }
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(resumed.trials()[i].ndcg, whole[i].ndcg);
}

TEST_F(TuneTest, TrialsOfAnotherSearchAreRefused) {
  const std::vector<Trial> whole = tuned();
  options_.seed = 2;
  Tuner other = tuner();
  ASSERT_TRUE(other.resume(whole[0]).has_value());  // the defaults are everybody's
  const Result<void> resumed = other.resume(whole[1]);
  ASSERT_FALSE(resumed.has_value());
  EXPECT_EQ(resumed.error().code, ErrorCode::conflict);
  EXPECT_EQ(other.trials().size(), 1U);
}

TEST_F(TuneTest, FixedOptionsAreNotSearched) {
  options_.fixed = {{"weight", "7"}, {"rounds", "2"}};
  for (const Trial& trial : tuned()) {
    EXPECT_EQ(trial.settings.at("weight"), "7");
    EXPECT_EQ(trial.settings.at("rounds"), "2");
  }
}

TEST_F(TuneTest, OptionsOfRatingsAreSearchedWhereThereAreRatings) {
  EXPECT_EQ(searched_options(kKnown, split_, {}).size(), 3U);
  split_.train.matrix = UserItemMatrix::from_histories({}, 3, /*has_values=*/true);
  EXPECT_EQ(searched_options(kKnown, split_, {}).size(), 4U);
  EXPECT_EQ(searched_options(kKnown, split_, {{"exponent", "1"}}).size(), 3U);
}

TEST_F(TuneTest, WithNothingToSearchTheDefaultsAreAllThereIs) {
  options_.fixed = {{"weight", "0.1"}, {"neighbours", "50"}, {"exponent", "0.5"}};
  EXPECT_EQ(tuned().size(), 1U);
}

// neighbours is a whole number: with all else fixed there are 491 to try.
TEST_F(TuneTest, EndsWhenPatienceIsSpent) {
  options_.fixed = {{"weight", "0.03"}, {"exponent", "0.7"}};
  options_.n_trials = 1000;
  options_.patience = 10;
  const std::vector<Trial> trials = tuned();
  EXPECT_LT(trials.size(), 60U);
  EXPECT_GT(best_of(trials)->ndcg, 0.89);
}

TEST_F(TuneTest, ATrialThatFailsIsTheWorstAndEndsNothing) {
  const std::vector<Trial> trials = tuned(with_fit(fit_with_many));
  EXPECT_EQ(trials[0].trouble, "too few neighbours");
  EXPECT_EQ(trials[0].ndcg, 0);
  EXPECT_GT(best_of(trials)->ndcg, 0.85);
}

TEST_F(TuneTest, WhereEveryTrialFailsTheReasonIsTold) {
  const std::vector<Trial> trials = tuned(with_fit(fit_never));
  EXPECT_EQ(best_of(trials), nullptr);
  EXPECT_EQ(trials.front().trouble, "no memory");
}

TEST_F(TuneTest, CancelledKeepsWhatWasFound) {
  Tuner stopped = tuner();
  ASSERT_TRUE(stopped.next(pool_, progress_).value());
  Stopped stop;
  const Result<bool> next = stopped.next(pool_, stop);
  ASSERT_FALSE(next.has_value());
  EXPECT_EQ(next.error().code, ErrorCode::cancelled);
  EXPECT_EQ(stopped.trials().size(), 1U);
}

TEST_F(TuneTest, WithoutTimeThereIsOneTrial) {
  options_.seconds = 0;
  EXPECT_EQ(tuned().size(), 1U);
}

TEST_F(TuneTest, BadRequestsAreRefusedBeforeAnythingIsFitted) {
  options_.fixed = {{"depth", "1"}};
  EXPECT_FALSE(Tuner::plan(kKnown, split_, options_).has_value());
  options_.fixed = {};
  options_.relevant_from = 5;
  EXPECT_FALSE(Tuner::plan(kKnown, split_, options_).has_value());
  options_ = {.k = 0};
  EXPECT_FALSE(Tuner::plan(kKnown, split_, options_).has_value());
}

TEST_F(TuneTest, ALimitLeavesADrawOfTheUsersThatCanBeJudged) {
  const auto n_judged = [&] {
    return std::ranges::count_if(split_.held_out, [](const auto& row) { return !row.empty(); });
  };
  EXPECT_EQ(limit_judged_users(split_, kUsers, 0, 1), kUsers);
  EXPECT_EQ(n_judged(), kUsers);
  for (std::size_t u = 0; u < 500; ++u) split_.held_out[2 * u][0].value = -1;
  EXPECT_EQ(limit_judged_users(split_, 100, 0, 1), 100U);
  EXPECT_EQ(n_judged(), 500 + 100);  // who could not be judged is left alone
  for (std::size_t u = 0; u < 500; ++u) EXPECT_EQ(split_.held_out[2 * u].size(), 1U);
}

TEST_F(TuneTest, TheFingerprintTellsDataApart) {
  const std::uint64_t before = fingerprint(split_);
  EXPECT_EQ(fingerprint(split_), before);
  split_.held_out[7][0].item = ItemIndex{2};
  EXPECT_NE(fingerprint(split_), before);
  split_.held_out[7][0].item = ItemIndex{1};
  EXPECT_EQ(fingerprint(split_), before);
  split_.held_out[7].clear();
  EXPECT_NE(fingerprint(split_), before);
}

}  // namespace
}  // namespace coseno
