// What every model must do. A new one is one line in the registry, and one in kFast where its
// defaults are slow.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "math/kernels.h"
#include "models/fitted_model.h"
#include "models/ials.h"
#include "models/registry.h"
#include "models/sasrec.h"
#include "models/sasrec_testing.h"
#include "models/vectors.h"

namespace coseno {
namespace {

// Enough for a few users; the defaults are for real data. Models of order look at what was last
// before they look at how it was liked: here that is to matter.
const std::map<std::string_view, Settings> kFast = {
    {"biased_mf", {{"dim", "2"}, {"rounds", "30"}, {"draws", "5"}}},
    {"blend", {{"ials.dim", "3"}, {"ials.unobserved", "1"}, {"ials.regularization", "0.2"}}},
    {"ials", {{"dim", "3"}, {"unobserved", "1"}, {"regularization", "0.2"}}},
    {"markov", {{"recency", "5"}, {"rating_weight", "0.5"}}},
    {"session_knn", {{"recency", "5"}, {"rating_weight", "0.5"}}},
    {"vectors", {{"regularization", "0.2"}, {"unobserved", "0.1"}}},
};

Settings fast(std::string_view model) {
  const auto found = kFast.find(model);
  return found == kFast.end() ? Settings() : found->second;
}

struct Act {
  std::string user;
  std::string item;
  float value;
};

// Tea people rate tea high and coffee low, coffee people the other way round. Each has left out one
// of their own kind, and has one of the other.
const std::vector<Act> kTwoTastes = {
    {"ann", "green", 5},    {"ann", "black", 5},    {"ann", "latte", 1},    {"bob", "green", 5},
    {"bob", "white", 5},    {"bob", "mocha", 1},    {"cat", "black", 5},    {"cat", "white", 5},
    {"cat", "espresso", 1}, {"dan", "latte", 5},    {"dan", "mocha", 5},    {"dan", "green", 1},
    {"eve", "latte", 5},    {"eve", "espresso", 5}, {"eve", "black", 1},    {"fay", "mocha", 5},
    {"fay", "espresso", 5}, {"fay", "white", 1},    {"gus", "green", 5},    {"gus", "black", 5},
    {"gus", "white", 5},    {"hal", "latte", 5},    {"hal", "espresso", 5}, {"hal", "mocha", 5},
};

bool is_tea(std::string_view item) { return item == "green" || item == "black" || item == "white"; }

Record record(std::string id) {
  const std::string kind = is_tea(id) ? "tea" : "coffee";
  return {std::move(id), "", {{"kind", PropertyKind::category, kind}}};
}

Dataset dataset_of_acts(const std::vector<Act>& acts) {
  Interactions interactions;
  interactions.has_values = true;
  Catalog items;
  for (const Act& act : acts) {
    interactions.add(interactions.users.add(act.user),
                     {interactions.items.add(act.item), act.value, 0});
    items.add(record(act.item));
  }
  return make_dataset(std::move(interactions), RepeatRule::last, items, {});
}

// Vectors are not fitted: here ials trains them elsewhere.
Result<FittedModel> fit_vectors(Dataset dataset, const Settings& settings, FitContext& context) {
  COSENO_ASSIGN(options, apply_settings(Vectors::kName, Vectors::fields(), settings));
  if (dataset.matrix.n_entries() == 0) return invalid_argument("nothing to learn from");
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  const Ials::Options elsewhere = {.dim = 3, .unobserved = 1, .regularization = 0.2};
  COSENO_ASSIGN(ials, Ials::fit(dataset, elsewhere, context));
  std::vector<ItemIndex> items;
  std::vector<float> biases;
  for (std::uint32_t i = 0; i < dataset.items.size(); ++i) {
    items.push_back(ItemIndex{i});
    biases.push_back(0.01F * static_cast<float>(i % 3));
  }
  std::unique_ptr<Vectors> model =
      Vectors::make({.items = items, .item_vectors = *ials->item_vectors(), .item_biases = biases},
                    dataset.matrix, context.pool)
          .model;
  model->set_options(options);
  return FittedModel{.dataset = std::move(dataset),
                     .model = std::move(model),
                     .settings = settings,
                     .seed = context.seed};
}

// Trained apart, and not here: a network that adds up what is had, with vectors of ials.
Result<FittedModel> fit_sasrec(Dataset dataset, const Settings& settings, FitContext& context) {
  COSENO_TRY(apply_settings(Sasrec::kName, Sasrec::fields(), settings));
  if (dataset.matrix.n_entries() == 0) return invalid_argument("nothing to learn from");
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  const Ials::Options elsewhere = {.dim = 3, .unobserved = 1, .regularization = 0.2};
  COSENO_ASSIGN(ials, Ials::fit(dataset, elsewhere, context));
  std::unique_ptr<Model> model = std::make_unique<Sasrec>(adding_sasrec(*ials->item_vectors()));
  return FittedModel{.dataset = std::move(dataset),
                     .model = std::move(model),
                     .settings = settings,
                     .seed = context.seed};
}

// Cancels at the n-th question.
class CancelAfter : public Progress {
 public:
  explicit CancelAfter(int n) : left_(n) {}
  bool cancelled() const override { return left_-- <= 0; }

 private:
  mutable std::atomic<int> left_;
};

class RecommenderTest : public testing::TestWithParam<std::string> {
 protected:
  const ModelInfo& info() const { return *find_saved_model(GetParam()).value(); }

  Result<FittedModel> try_fit(Dataset dataset, int n_threads = 1) const {
    Progress progress;
    return try_fit(std::move(dataset), fast(GetParam()), progress, n_threads);
  }

  Result<FittedModel> try_fit(Dataset dataset, const Settings& settings, Progress& progress,
                              int n_threads = 1) const {
    ThreadPool pool(n_threads);
    FitContext context = {.pool = pool, .progress = progress, .seed = 1};
    if (GetParam() == Vectors::kName) return fit_vectors(std::move(dataset), settings, context);
    if (GetParam() == Sasrec::kName) return fit_sasrec(std::move(dataset), settings, context);
    return fit_model(GetParam(), std::move(dataset), settings, context);
  }

  FittedModel fit(Dataset dataset) const {
    Result<FittedModel> fitted = try_fit(std::move(dataset));
    EXPECT_TRUE(fitted.has_value()) << fitted.error().message;
    return std::move(*fitted);
  }

  static std::vector<float> scores(const FittedModel& fitted, const Profile& profile) {
    std::vector<float> out(fitted.model->n_items(), std::nanf(""));
    fitted.model->score(profile, out);
    return out;
  }

  static Profile profile(const FittedModel& fitted, const char* user) {
    return profile_of(fitted.dataset, fitted.dataset.users.find(user).value());
  }

  // The file of a model, which is then removed.
  static std::string saved(const FittedModel& fitted) {
    const std::string path = file_name();
    EXPECT_TRUE(save_model(fitted, path).has_value());
    std::ifstream stream(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    std::filesystem::remove(path);
    return text;
  }

  static std::string file_name() {
    return testing::TempDir() + "recommender_test_" + std::to_string(::getpid()) + ".model";
  }
};

bool is_score(float score) { return std::isfinite(score) || score == kNeverScore; }

// ann has tasted two teas and not liked her coffee: the third tea is for her.
TEST_P(RecommenderTest, RecommendsWithinTheTaste) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  if (GetParam() == "popularity") GTEST_SKIP() << "knows no tastes";
  const auto score_of = [&](const char* user, const char* item) {
    return scores(fitted, profile(fitted, user))[offset(fitted.dataset.items.find(item).value())];
  };
  EXPECT_GT(score_of("ann", "white"), score_of("ann", "mocha"));
  EXPECT_GT(score_of("ann", "white"), score_of("ann", "espresso"));
  EXPECT_GT(score_of("fay", "latte"), score_of("fay", "green"));
  EXPECT_GT(score_of("fay", "latte"), score_of("fay", "black"));
}

TEST_P(RecommenderTest, ScoresEveryItemForEveryUserAndForNobody) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  EXPECT_EQ(fitted.model->n_items(), fitted.dataset.items.size());
  EXPECT_EQ(fitted.model->name(), GetParam());
  for (std::size_t u = 0; u < fitted.dataset.users.size(); ++u) {
    const auto out = scores(fitted, profile_of(fitted.dataset, static_cast<UserIndex>(u)));
    EXPECT_TRUE(std::ranges::all_of(out, is_score)) << u;
  }
  EXPECT_TRUE(std::ranges::all_of(scores(fitted, {}), is_score));
}

TEST_P(RecommenderTest, ScoresTogetherAreScoresOneByOne) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  std::vector<Profile> profiles{{}};
  for (std::size_t u = 0; u < fitted.dataset.users.size(); ++u) {
    profiles.push_back(profile_of(fitted.dataset, static_cast<UserIndex>(u)));
  }
  std::vector<float> together(profiles.size() * fitted.model->n_items());
  fitted.model->score_many(profiles, together);
  std::vector<float> one_by_one;
  for (const Profile& profile : profiles) {
    std::ranges::copy(scores(fitted, profile), std::back_inserter(one_by_one));
  }
  EXPECT_EQ(together, one_by_one);
}

// An item that was born after the training changes nothing.
TEST_P(RecommenderTest, UnknownItemsInAHistoryAreIgnored) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  const Profile ann = profile(fitted, "ann");
  std::vector<Interaction> history(ann.history.begin(), ann.history.end());
  history.push_back({ItemIndex{6}, 1, 0});
  history.push_back({ItemIndex{4000000000}, 1, 0});
  EXPECT_EQ(scores(fitted, {history}), scores(fitted, ann));
  EXPECT_TRUE(std::ranges::all_of(scores(fitted, {std::span(history).last(1)}), is_score));
}

TEST_P(RecommenderTest, StrangersAreServedLikeKnownUsersOfTheSameHistory) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  const ItemIds& items = fitted.dataset.items;
  const std::vector<Interaction> history = {{items.find("green").value(), 5, 0},
                                            {items.find("black").value(), 5, 0},
                                            {items.find("latte").value(), 1, 0}};
  EXPECT_EQ(scores(fitted, {history}), scores(fitted, profile(fitted, "ann")));
}

class WeightedProfileTest : public RecommenderTest {
 protected:
  static constexpr float kTolerance = 1e-3F;

  // Scores of somebody who likes a tea and a coffee, and not another tea.
  std::vector<float> weighted(std::span<const float> weights) const {
    return scores(fitted_, {.history = history_, .weights = weights});
  }

  // The same, of the interactions named.
  std::vector<float> of(std::span<const std::size_t> which) const {
    std::vector<Interaction> history;
    for (const std::size_t j : which) history.push_back(history_[j]);
    return scores(fitted_, {history});
  }

  static float largest_difference(std::span<const float> a, std::span<const float> b) {
    float largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
  }

  FittedModel fitted_ = fit(dataset_of_acts(kTwoTastes));
  std::vector<Interaction> history_ = {{fitted_.dataset.items.find("green").value(), 5, 0},
                                       {fitted_.dataset.items.find("latte").value(), 5, 0},
                                       {fitted_.dataset.items.find("black").value(), 1, 0}};
};

TEST_P(WeightedProfileTest, WeightsOfOneChangeNothing) {
  EXPECT_EQ(weighted(std::vector<float>{1, 1, 1}), scores(fitted_, {history_}));
}

TEST_P(WeightedProfileTest, AnInteractionOfWeightZeroIsAsIfItWereNotThere) {
  const std::vector<float> without = of(std::vector<std::size_t>{0, 2});
  EXPECT_EQ(weighted(std::vector<float>{1, 0, 1}), without);
  // Nor one so old that its weight has all but faded.
  EXPECT_EQ(weighted(std::vector<float>{1, 1e-40F, 1}), without);
  EXPECT_EQ(weighted(std::vector<float>{0, 0, 0}), scores(fitted_, {}));
}

TEST_P(WeightedProfileTest, AnInteractionOfWeightTwoIsAsIfItWereThereTwice) {
  const std::vector<float> twice = weighted(std::vector<float>{2, 1, 1});
  EXPECT_LT(largest_difference(twice, of(std::vector<std::size_t>{0, 0, 1, 2})), kTolerance);
  if (GetParam() == "popularity") return;
  EXPECT_GT(largest_difference(twice, scores(fitted_, {history_})), 10 * kTolerance);
}

TEST_P(WeightedProfileTest, ExtremeWeightsStayFinite) {
  EXPECT_TRUE(std::ranges::all_of(weighted(std::vector<float>{1e6F, 1e-6F, 1}), is_score));
}

// Values that a file may hold, though no scale has them.
TEST_P(RecommenderTest, HugeValuesStayFinite) {
  const float huge = std::numeric_limits<float>::max();
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  const std::vector<Interaction> history = {{ItemIndex{0}, huge, 0}, {ItemIndex{1}, -huge, 0}};
  EXPECT_TRUE(std::ranges::all_of(scores(fitted, {history}), is_score));

  std::vector<Act> acts = kTwoTastes;
  for (std::size_t i = 0; i < acts.size(); ++i) acts[i].value = i % 2 == 0 ? 1e15F : -1e15F;
  const FittedModel extreme = fit(dataset_of_acts(acts));
  EXPECT_TRUE(std::ranges::all_of(scores(extreme, profile(extreme, "ann")), is_score));
}

TEST_P(RecommenderTest, SavedAndLoadedScoresAreTheSame) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  ASSERT_TRUE(save_model(fitted, file_name()).has_value());
  EXPECT_TRUE(is_model_file(file_name()));
  const Result<FittedModel> loaded = load_model(file_name());
  std::filesystem::remove(file_name());
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->model->name(), GetParam());
  EXPECT_EQ(loaded->settings, fast(GetParam()));
  for (const char* user : {"ann", "dan", "gus"}) {
    EXPECT_EQ(scores(*loaded, profile(*loaded, user)), scores(fitted, profile(fitted, user)));
  }
  for (std::uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(loaded->model->similar_items(ItemIndex{i}, 3),
              fitted.model->similar_items(ItemIndex{i}, 3));
  }
  EXPECT_EQ(saved(*loaded), saved(fitted));
}

TEST_P(RecommenderTest, AnyNumberOfThreadsGivesTheSameFile) {
  const Result<FittedModel> one = try_fit(dataset_of_acts(kTwoTastes), 1);
  const Result<FittedModel> three = try_fit(dataset_of_acts(kTwoTastes), 3);
  ASSERT_TRUE(one.has_value() && three.has_value());
  EXPECT_EQ(saved(*one), saved(*three));
}

TEST_P(RecommenderTest, CancellingEndsTheFit) {
  for (const int n_questions : {0, 1}) {
    CancelAfter progress(n_questions);
    const auto fitted = try_fit(dataset_of_acts(kTwoTastes), fast(GetParam()), progress);
    if (n_questions > 0 && fitted) continue;  // it was done by then
    ASSERT_FALSE(fitted.has_value());
    EXPECT_EQ(fitted.error().code, ErrorCode::cancelled);
  }
}

TEST_P(RecommenderTest, OneUserAndOneItemAreEnough) {
  for (const std::vector<Act>& acts :
       {std::vector<Act>{{"ann", "green", 5}, {"ann", "black", 3}, {"ann", "latte", 1}},
        std::vector<Act>{{"ann", "green", 5}, {"bob", "green", 1}},
        std::vector<Act>{{"ann", "green", 5}, {"ann", "latte", 5}, {"bob", "green", 5}}}) {
    Dataset dataset = dataset_of_acts(acts);
    if (info().needs_properties && dataset.item_features.empty()) continue;
    const FittedModel fitted = fit(std::move(dataset));
    EXPECT_TRUE(std::ranges::all_of(scores(fitted, profile(fitted, "ann")), is_score));
    EXPECT_TRUE(std::ranges::all_of(scores(fitted, {}), is_score));
    fitted.model->similar_items(ItemIndex{0}, 3);
  }
}

TEST_P(RecommenderTest, NothingToLearnFromIsRefused) {
  const auto fitted = try_fit(dataset_of_acts({}));
  ASSERT_FALSE(fitted.has_value());
  EXPECT_EQ(fitted.error().code, ErrorCode::invalid_argument);
}

TEST_P(RecommenderTest, SimilarItemsAreOthersBestFirst) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  const ItemIds& items = fitted.dataset.items;
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    const Ranking similar = fitted.model->similar_items(ItemIndex{i}, 100);
    EXPECT_LT(similar.size(), items.size());
    for (const ScoredItem& entry : similar) {
      EXPECT_NE(entry.item, ItemIndex{i});
      EXPECT_TRUE(std::isfinite(entry.score));
    }
    EXPECT_TRUE(std::ranges::is_sorted(similar, std::greater<>(), &ScoredItem::score));
    const Ranking first = fitted.model->similar_items(ItemIndex{i}, 2);
    EXPECT_EQ(first, Ranking(similar.begin(), similar.begin() + 2));
    EXPECT_TRUE(fitted.model->similar_items(ItemIndex{i}, 0).empty());
    if (GetParam() == "popularity") continue;
    EXPECT_EQ(is_tea(items.id(first[0].item)), is_tea(items.id(ItemIndex{i})));
  }
}

TEST_P(RecommenderTest, PredictionsStayWithinTheRatings) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  if (!fitted.model->predicts_ratings()) GTEST_SKIP() << "predicts no ratings";
  const std::vector<ItemIndex> items = {ItemIndex{0}, ItemIndex{3}, ItemIndex{99}};
  for (const Profile& who : {profile(fitted, "ann"), Profile()}) {
    std::vector<float> out(items.size(), -1);
    fitted.model->predict(who, items, out);
    for (const float rating : out) EXPECT_TRUE(rating >= 1 && rating <= 5) << rating;
  }
}

TEST_P(RecommenderTest, VectorsOfUsersAndItemsFit) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  std::vector<float> out(fitted.model->n_items());
  ASSERT_EQ(fitted.model->item_vectors().has_value(), info().has_vectors);
  EXPECT_EQ(score_by_cosine(*fitted.model, profile(fitted, "ann"), out), info().has_vectors);
  if (!info().has_vectors) return;
  EXPECT_EQ(fitted.model->item_vectors()->n_rows, fitted.model->n_items());
  EXPECT_EQ(fitted.model->user_vector(profile(fitted, "ann")).size(),
            fitted.model->item_vectors()->dim);
}

// A search writes numbers with three digits: the ends of a range must have no more.
TEST_P(RecommenderTest, OptionsAreSearchedWithinTheirBounds) {
  for (const OptionInfo& option : info().options()) {
    if (!option.search) continue;
    EXPECT_LT(option.search->low, option.search->high) << option.name;
    EXPECT_TRUE(option.search->low > 0 || option.search->scale == SearchRange::Scale::linear);
    for (const double end : {option.search->low, option.search->high}) {
      EXPECT_EQ(fmt::format("{:.3g}", end), fmt::format("{:g}", end)) << option.name;
      const std::string text =
          option.is_whole ? fmt::format("{:.0f}", end) : fmt::format("{}", end);
      EXPECT_TRUE(info().check({{option.name, text}}).has_value()) << option.name << " = " << text;
    }
  }
}

TEST_P(RecommenderTest, ScoresAreInnerProductsWhereTheModelSaysSo) {
  const FittedModel fitted = fit(dataset_of_acts(kTwoTastes));
  if (!fitted.model->scores_by_inner_product()) GTEST_SKIP() << "scores in another way";
  for (const Profile& who : {profile(fitted, "ann"), Profile()}) {
    std::vector<float> products(fitted.model->n_items());
    multiply(*fitted.model->item_vectors(), fitted.model->user_vector(who), products);
    EXPECT_EQ(scores(fitted, who), products);
  }
}

TEST_P(RecommenderTest, OptionsOutOfRangeAreRefused) {
  Progress progress;
  for (const OptionInfo& option : info().options()) {
    if (option.default_value.empty()) continue;  // a path, or none
    const Settings settings = {{option.name, "-12345678"}};
    const Result<void> checked = info().check(settings);
    ASSERT_FALSE(checked.has_value()) << option.name;
    EXPECT_NE(checked.error().message.find(option.name), std::string::npos);
    const auto fitted = try_fit(dataset_of_acts(kTwoTastes), settings, progress);
    ASSERT_FALSE(fitted.has_value()) << option.name;
    EXPECT_EQ(fitted.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(info().check({{option.name, option.default_value}}).has_value()) << option.name;
  }
  EXPECT_FALSE(info().check({{"no_such_option", "1"}}).has_value());
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const ModelInfo& model : all_models()) names.emplace_back(model.name);
  names.emplace_back(vectors_model().name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(AllModels, RecommenderTest, testing::ValuesIn(names()),
                         [](const auto& test) { return test.param; });
INSTANTIATE_TEST_SUITE_P(AllModels, WeightedProfileTest, testing::ValuesIn(names()),
                         [](const auto& test) { return test.param; });

TEST(RegistryTest, TheYardstickIsFirstAndNamesAreDistinct) {
  EXPECT_EQ(all_models().front().name, "popularity");
  std::vector<std::string> sorted = names();
  std::ranges::sort(sorted);
  EXPECT_EQ(std::ranges::adjacent_find(sorted), sorted.end());
  EXPECT_TRUE(find_model(kDefaultModel).has_value());
  EXPECT_TRUE(find_model(kDefaultRatingModel).has_value());
}

// Files hold it, but nobody can ask for a fit of it.
TEST(RegistryTest, VectorsAreNoModelToFit) {
  EXPECT_EQ(find_model("vectors").error().code, ErrorCode::not_found);
  const ModelInfo* const info = find_saved_model("vectors").value();
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  EXPECT_EQ(info->fit(dataset_of_acts(kTwoTastes), {}, context).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(find_saved_model("ials").value(), find_model("ials").value());
}

TEST(RegistryTest, AnUnknownModelIsRefusedWithTheKnownNames) {
  const auto found = find_model("magic");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::not_found);
  EXPECT_EQ(found.error().message.rfind("there is no model 'magic'; there are popularity, ", 0),
            0U);
}

}  // namespace
}  // namespace coseno
