#include "models/ease.h"

#include <algorithm>
#include <array>

#include "models/ease_solver.h"

namespace coseno {
namespace {

bool is_dense(const Ease::Options& options, std::size_t n_items) {
  if (options.solver != "auto") return options.solver == "dense";
  const auto k = static_cast<std::size_t>(options.neighbours);
  // For one thread: a model does not depend on how many there are.
  return dense_size_bytes(n_items, k, 1) <= options.memory_gb * kGigabyte;
}

}  // namespace

std::span<const OptionField<Ease::Options>> Ease::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 8> all = {{
      {.name = "l2",
       .member = &Options::l2,
       .min = 0.01,
       .max = 1e6,
       .help = "acts: how far all weights are drawn to 0",
       .search = SearchRange{.low = 1, .high = 500, .scale = SearchRange::Scale::log}},
      {.name = "dropout",
       .member = &Options::dropout,
       .min = 0,
       .max = 0.99,
       .help = "share of acts to do without: the weights of popular items are drawn to 0 more",
       .search = SearchRange{.low = 0, .high = 0.8}},
      {.name = "user_length",
       .member = &Options::user_length,
       .min = 0,
       .max = 1,
       .help = "exponent: 0 lets all users count alike, above it those with many items count less",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "popularity",
       .member = &Options::popularity,
       .min = -1,
       .max = 1,
       .help = "exponent: above 0 popular items speak louder and come later themselves",
       .search = SearchRange{.low = -0.2, .high = 0.4}},
      rating_weight_field(&Options::rating_weight),
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many items speak for an item: the mean (dense solver) or the most (sparse)"},
      {.name = "solver",
       .member = &Options::solver,
       .choices = {"auto", "dense", "sparse"},
       .help = "all weights at once, or each item's neighbours alone; auto goes by memory_gb"},
      {.name = "memory_gb",
       .member = &Options::memory_gb,
       .min = 0,
       .max = 1e6,
       .help = "what the dense solver may take for auto to choose it, 2 n_items^2 bytes"},
  }};
  return all;
}

Result<std::unique_ptr<Model>> Ease::fit(const Dataset& dataset, const Options& options,
                                         FitContext& context) {
  const ActWeights act_weights(dataset.matrix, options.rating_weight);
  const ActMatrix acts(dataset.matrix, act_weights, options.user_length);
  const EaseProblem problem = {.l2 = options.l2,
                               .dropout = options.dropout,
                               .popularity = options.popularity,
                               .k = static_cast<std::size_t>(options.neighbours)};
  COSENO_ASSIGN(weights, is_dense(options, acts.n_items()) ? solve_dense(acts, problem, context)
                                                           : solve_sparse(acts, problem, context));
  auto model = std::make_unique<Ease>();
  model->weights_ = ItemWeights(weights, acts.norms(), act_weights);
  return model;
}

double Ease::least_fit_s(std::size_t n_items, int n_threads) {
  // Up to some 15,000 items a matrix of items by items is inverted, at 10^11 operations a second
  // and thread; above, each item has a small regression of its own, half a millisecond.
  const auto n = static_cast<double>(n_items);
  return std::min(n * n * n / 1e11, n * 5e-4) / n_threads;
}

Result<std::unique_ptr<Model>> Ease::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(weights, ItemWeights::load(kName, file, dataset.items.size()));
  auto model = std::make_unique<Ease>();
  model->weights_ = std::move(weights);
  return model;
}

}  // namespace coseno
