#include "models/blend.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <ranges>
#include <utility>

#include "base/rng.h"
#include "models/registry.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kParts = "coseno.blend";        // metadata: names, separated by commas
constexpr const char* kScale = "coseno.blend.scale";  // metadata; not there: by deviation
constexpr const char* kWeights = "blend.weights";     // F32, n_parts

// Of each model so many similar items are weighed.
constexpr std::size_t kSimilarDepth = 1000;

constexpr std::string_view kByDeviation = "deviation";
constexpr std::string_view kByRank = "rank";
constexpr std::string_view kFromEnd = "end";

constexpr std::uint64_t kHoldOut = 1;  // stream of random numbers
constexpr std::size_t kUsersInBlock = 8;

std::span<const OptionField<Blend::Options>> fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Blend::Options>, 6> all = {{
      {.name = "models",
       .member = &Blend::Options::models,
       .help = "names, separated by commas; an option of one is set as ials.dim=64"},
      {.name = "weights",
       .member = &Blend::Options::weights,
       .choices = {"fitted", "equal"},
       .help = "how much each model counts: as held-out interactions tell, or all alike"},
      {.name = "scale",
       .member = &Blend::Options::scale,
       .choices = {kByDeviation, kByRank},
       .help = "scores are made comparable by their mean and deviation, or by ranks alone"},
      {.name = "held_out",
       .member = &Blend::Options::held_out,
       .min = 0.01,
       .max = 0.5,
       .help = "share of each user's interactions that the weights are fitted on"},
      {.name = "held_out_from",
       .member = &Blend::Options::held_out_from,
       .choices = {"anywhere", kFromEnd},
       .help = "drawn from all of a history, or its end, which is how what comes next is judged"},
      {.name = "max_users",
       .member = &Blend::Options::max_users,
       .min = 1,
       .max = 1000000,
       .help = "how many users at most the weights are fitted on"},
  }};
  return all;
}

BlendScale scale_of(std::string_view name) {
  return name == kByRank ? BlendScale::rank : BlendScale::deviation;
}

// A model of the blend, before it is fitted.
struct Ingredient {
  const ModelInfo* info;
  Settings settings;
};

struct Recipe {
  Blend::Options options;
  std::vector<Ingredient> ingredients;
};

Result<std::vector<Ingredient>> ingredients_of(std::string_view names) {
  std::vector<Ingredient> ingredients;
  for (const auto part : std::views::split(names, ',')) {
    const std::string_view name(part.begin(), part.end());
    const Result<const ModelInfo*> info = find_model(name);
    if (!info) return invalid_argument("blend: models: {}", info.error().message);
    if (name == Blend::kName) return invalid_argument("blend: models: a blend holds no blend");
    if (std::ranges::find(ingredients, *info, &Ingredient::info) != ingredients.end()) {
      return invalid_argument("blend: models has {} twice", name);
    }
    ingredients.push_back({*info, {}});
  }
  return ingredients;
}

Result<void> add_setting(std::string_view name, std::string_view value, Recipe& recipe) {
  const std::size_t dot = name.find('.');
  const auto ingredient = std::ranges::find(recipe.ingredients, name.substr(0, dot),
                                            [](const Ingredient& one) { return one.info->name; });
  if (ingredient == recipe.ingredients.end()) {
    return invalid_argument("blend: '{}' sets an option of a model that is not in models={}", name,
                            recipe.options.models);
  }
  ingredient->settings.emplace(name.substr(dot + 1), value);
  return {};
}

Result<Recipe> recipe_of(const Settings& settings) {
  Settings own;
  for (const auto& [name, value] : settings) {
    if (!name.contains('.')) own.emplace(name, value);
  }
  Recipe recipe;
  COSENO_ASSIGN(options, apply_settings(Blend::kName, fields(), own));
  recipe.options = options;
  COSENO_ASSIGN(ingredients, ingredients_of(options.models));
  recipe.ingredients = std::move(ingredients);
  for (const auto& [name, value] : settings) {
    if (name.contains('.')) COSENO_TRY(add_setting(name, value, recipe));
  }
  for (const Ingredient& one : recipe.ingredients) COSENO_TRY(one.info->check(one.settings));
  return recipe;
}

// The training data, divided to fit the weights.
struct HeldOut {
  Dataset rest;
  std::vector<std::vector<ItemIndex>> items;  // of each user
};

HeldOut hold_out(const Dataset& dataset, const Blend::Options& options, std::uint64_t seed) {
  const bool is_end = options.held_out_from == kFromEnd;
  const UserItemMatrix& matrix = dataset.matrix;
  HeldOut result;
  result.items.resize(matrix.n_users());
  std::vector<std::vector<Interaction>> histories(matrix.n_users());
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const History history = matrix.user(static_cast<UserIndex>(u));
    Rng rng(seed, kHoldOut, u);
    const double share = options.held_out * static_cast<double>(history.size());
    auto n_out = static_cast<std::size_t>(std::lround(share));
    if (is_end) n_out = std::max<std::size_t>(n_out, 1);
    // The last n_out; or each of the n_left with the same chance (Knuth's algorithm S).
    std::size_t n_left = history.size();
    n_out = std::min(n_out, n_left == 0 ? 0 : n_left - 1);
    for (const Interaction& act : history) {
      if ((is_end ? n_left - 1 : rng.below(n_left)) < n_out) {
        result.items[u].push_back(act.item);
        --n_out;
      } else {
        histories[u].push_back(act);
      }
      --n_left;
    }
  }
  result.rest = dataset;
  result.rest.matrix =
      UserItemMatrix::from_histories(histories, matrix.n_items(), matrix.has_values());
  return result;
}

Result<std::vector<std::unique_ptr<Model>>> fit_all(std::span<const Ingredient> ingredients,
                                                    const Dataset& dataset, FitContext& context) {
  std::vector<std::unique_ptr<Model>> models;
  for (const Ingredient& one : ingredients) {
    COSENO_ASSIGN(model, one.info->fit(dataset, one.settings, context));
    models.push_back(std::move(model));
  }
  return models;
}

// Makes the cases that the weights are fitted on; one a thread.
class CaseMaker {
 public:
  CaseMaker(std::span<const std::unique_ptr<Model>> models, const HeldOut& held_out,
            BlendScale scale)
      : models_(models),
        held_out_(held_out),
        scale_(scale),
        scores_(models.size(), std::vector<float>(held_out.rest.items.size())) {}

  BlendCase make(UserIndex user) {
    const Profile profile = profile_of(held_out_.rest, user);
    seen_.clear();
    for (const Interaction& act : profile.history) seen_.push_back(std::to_underlying(act.item));
    items_.clear();
    for (const ItemIndex item : held_out_.items[offset(user)]) {
      items_.push_back(std::to_underlying(item));
    }
    for (std::size_t m = 0; m < models_.size(); ++m) {
      models_[m]->score(profile, scores_[m]);
      make_comparable(scale_, scores_[m]);
    }
    return blend_case(scores_, seen_, items_);
  }

 private:
  std::span<const std::unique_ptr<Model>> models_;
  const HeldOut& held_out_;
  BlendScale scale_;
  std::vector<std::vector<float>> scores_;  // n_models x n_items, of the last user
  std::vector<std::uint32_t> seen_;         // and what is held out of the user's items
  std::vector<std::uint32_t> items_;
};

// Users with something held out, evenly spread where there are more than enough.
std::vector<UserIndex> judging_users(const HeldOut& held_out, std::size_t max_users) {
  std::vector<UserIndex> users;
  for (std::size_t u = 0; u < held_out.items.size(); ++u) {
    if (!held_out.items[u].empty()) users.push_back(static_cast<UserIndex>(u));
  }
  if (users.size() <= max_users) return users;
  std::vector<UserIndex> some;
  for (std::size_t i = 0; i < max_users; ++i) some.push_back(users[i * users.size() / max_users]);
  return some;
}

std::vector<BlendCase> make_cases(std::span<const std::unique_ptr<Model>> models,
                                  const HeldOut& held_out, const Blend::Options& options,
                                  FitContext& context) {
  const std::vector<UserIndex> users =
      judging_users(held_out, static_cast<std::size_t>(options.max_users));
  std::vector<BlendCase> cases(users.size());
  std::vector<CaseMaker> makers(static_cast<std::size_t>(context.pool.n_threads()),
                                CaseMaker(models, held_out, scale_of(options.scale)));
  context.pool.parallel_for(users.size(), kUsersInBlock,
                            [&](std::size_t begin, std::size_t end, int worker) {
                              if (context.progress.cancelled()) return;
                              for (std::size_t i = begin; i < end; ++i) {
                                cases[i] = makers[static_cast<std::size_t>(worker)].make(users[i]);
                              }
                            });
  return cases;
}

Result<std::vector<float>> fit_weights(const Dataset& dataset, const Recipe& recipe,
                                       FitContext& context) {
  const HeldOut held_out = hold_out(dataset, recipe.options, context.seed);
  COSENO_ASSIGN(models, fit_all(recipe.ingredients, held_out.rest, context));
  context.progress.report("weighing the models of blend", 0, 1, "");
  const std::vector<BlendCase> cases = make_cases(models, held_out, recipe.options, context);
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  return fit_blend_weights(cases, models.size());
}

}  // namespace

std::vector<OptionInfo> Blend::options() { return describe(fields()); }

Result<void> Blend::check(const Settings& settings) {
  COSENO_TRY(recipe_of(settings));
  return {};
}

Result<std::unique_ptr<Model>> Blend::fit(const Dataset& dataset, const Settings& settings,
                                          FitContext& context) {
  COSENO_ASSIGN(recipe, recipe_of(settings));
  if (dataset.matrix.n_entries() == 0) {
    return invalid_argument("{}: there are no interactions to learn from", kName);
  }
  const std::size_t n_models = recipe.ingredients.size();
  std::vector<float> weights(n_models, 1 / static_cast<float>(n_models));
  if (n_models > 1 && recipe.options.weights == "fitted") {
    COSENO_ASSIGN(fitted, fit_weights(dataset, recipe, context));
    weights = std::move(fitted);
  }
  std::vector<Part> parts;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    if (weights[m] == 0) continue;
    const Ingredient& one = recipe.ingredients[m];
    COSENO_ASSIGN(model, one.info->fit(dataset, one.settings, context));
    parts.push_back({std::move(model), weights[m]});
  }
  return std::make_unique<Blend>(std::move(parts), scale_of(recipe.options.scale));
}

void Blend::score(const Profile& profile, std::span<float> out) const {
  score_many({&profile, 1}, out);
}

void Blend::score_many(std::span<const Profile> profiles, std::span<float> out) const {
  std::ranges::fill(out, 0.0F);
  std::vector<float> scores(profiles.size() * n_items());
  for (const Part& part : parts_) {
    part.model->score_many(profiles, scores);
    for (std::size_t p = 0; p < profiles.size(); ++p) {
      make_comparable(scale_, std::span(scores).subspan(p * n_items(), n_items()));
    }
    for (std::size_t i = 0; i < scores.size(); ++i) out[i] += part.weight * scores[i];
  }
}

Ranking Blend::similar_items(ItemIndex item, std::size_t k) const {
  std::vector<float> scores(n_items(), kNeverScore);
  for (const Part& part : parts_) {
    add_shares(part.model->similar_items(item, kSimilarDepth), part.weight, scores);
  }
  return best_items(scores, k);
}

void Blend::save(TensorFileWriter& file) const {
  std::vector<std::string_view> names;
  std::vector<float> weights;
  for (const Part& part : parts_) {
    names.push_back(part.model->name());
    weights.push_back(part.weight);
    part.model->save(file);
  }
  file.set_metadata(kParts, fmt::format("{}", fmt::join(names, ",")));
  if (scale_ == BlendScale::rank) file.set_metadata(kScale, std::string(kByRank));
  const std::size_t n_parts = weights.size();
  file.add(kWeights, {n_parts}, std::move(weights));
}

Result<std::unique_ptr<Model>> Blend::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(names, file.metadata(kParts));
  const auto ingredients = ingredients_of(names);
  if (!ingredients) {
    return make_error(ErrorCode::corrupt, "{}: metadata '{}': {}", file.path(), kParts,
                      ingredients.error().message);
  }
  COSENO_ASSIGN(weights, file.floats(kWeights, {ingredients->size()}));
  if (!std::ranges::all_of(weights, [](float weight) { return weight > 0 && weight <= 1; })) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is out of range", file.path(), kWeights);
  }
  std::vector<Part> parts;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    COSENO_ASSIGN(model, (*ingredients)[m].info->load(file, dataset));
    parts.push_back({std::move(model), weights[m]});
  }
  const std::string scale = file.metadata(kScale).value_or(std::string(kByDeviation));
  if (scale != kByDeviation && scale != kByRank) {
    return make_error(ErrorCode::corrupt, "{}: metadata '{}': there is no scale '{}'", file.path(),
                      kScale, scale);
  }
  return std::make_unique<Blend>(std::move(parts), scale_of(scale));
}

}  // namespace coseno
