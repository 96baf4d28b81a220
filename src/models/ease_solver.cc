#include "models/ease_solver.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <utility>

#include "base/memory.h"
#include "math/kernels.h"
#include "math/symmetric_matrix.h"
#include "models/item_weights.h"

namespace coseno {
namespace {

constexpr std::string_view kStage = "fitting ease";

// Some milliseconds.
constexpr std::size_t kColumnsInBlock = 4;

// Rows of the inverse that are read at once: a cache line of floats, so that the columns of the
// other triangle are read whole.
constexpr std::size_t kRowsAtOnce = 16;
static_assert(SymmetricMatrix::kTileSize % kRowsAtOnce == 0);

// Users with more items than this take no part in the search for candidates: pairs are counted, so
// one robot that has had everything would cost its square. People have fewer (MovieLens 20M:
// 9,254).
constexpr std::size_t kMaxPairedHistory = 10000;

// l_j
std::vector<float> penalties(const ActMatrix& acts, const EaseProblem& problem) {
  const double share = problem.dropout / (1 - problem.dropout);
  std::vector<float> penalties;
  for (const float norm : acts.norms()) {
    penalties.push_back(static_cast<float>(problem.l2 + share * norm));
  }
  return penalties;
}

// |a_j|^(2 popularity); 1 for items without acts, whose weights are all 0.
std::vector<float> popularity_factors(const ActMatrix& acts, double popularity) {
  std::vector<float> factors;
  for (const float norm : acts.norms()) {
    factors.push_back(norm > 0 ? static_cast<float>(std::pow(norm, popularity)) : 1.0F);
  }
  return factors;
}

// Runs body(begin, end, worker) for all items in blocks of that size, with progress.
template <class Body>
Result<void> for_items(std::size_t n_items, std::size_t block, std::string_view stage,
                       FitContext& context, const Body& body) {
  std::atomic<std::size_t> n_done = 0;
  context.pool.parallel_for(n_items, block, [&](std::size_t begin, std::size_t end, int worker) {
    if (context.progress.cancelled()) return;
    body(begin, end, static_cast<std::size_t>(worker));
    n_done += end - begin;
    // Worker 0 is the thread that may report.
    if (worker == 0) context.progress.report(stage, n_done, n_items, "");
  });
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  return {};
}

// --- dense ---------------------------------------------------------------------------------------

Result<void> check_memory(std::size_t n_items, std::size_t k, int n_threads) {
  const double needed = dense_size_bytes(n_items, k, n_threads);
  const double available = available_memory_bytes().value_or(needed);
  if (needed <= available) return {};
  return make_error(ErrorCode::unavailable,
                    "ease: the matrix of {} items needs {:.1f} GB of memory, and {:.1f} GB are "
                    "free (solver=sparse needs much less)",
                    n_items, needed / kGigabyte, available / kGigabyte);
}

// One row of tiles of A'A + diag(l).
void fill_tile_row(const ActMatrix& acts, std::span<const float> penalties, std::size_t tile_row,
                   SymmetricMatrix& matrix) {
  const std::size_t size = matrix.tile_size();
  std::fill_n(matrix.tile(tile_row, 0), (tile_row + 1) * size * size, 0.0F);
  const std::size_t begin = tile_row * size;
  for (std::size_t i = begin; i < begin + matrix.n_rows_of(tile_row); ++i) {
    for (const Feature& user : acts.item(i)) {
      for (const Feature& other : acts.user(user.index)) {
        if (other.index > i) break;
        matrix.at(i, other.index) += user.weight * other.weight;
      }
    }
    matrix.at(i, i) += penalties[i];
  }
}

// Counts of sizes |s|, in buckets so fine that neighbours differ by less than one percent: the sign
// taken away, floats are ordered like the integers of the same bits.
class SizeHistogram {
 public:
  static std::uint32_t bucket(float value) {
    return std::bit_cast<std::uint32_t>(std::abs(value)) >> kShift;
  }

  void add(float value) { ++counts_[bucket(value)]; }
  void add(const SizeHistogram& other) {
    for (std::size_t b = 0; b < counts_.size(); ++b) counts_[b] += other.counts_[b];
  }

  // The least bucket from which on there are at most `n` values other than 0.
  std::uint32_t first_of_largest(std::uint64_t n) const {
    std::size_t b = counts_.size();
    while (b > 1 && counts_[b - 1] <= n) n -= counts_[--b];
    return static_cast<std::uint32_t>(b);
  }

 private:
  static constexpr int kShift = 15;
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(std::size_t{1} << (31 - kShift));
};

// Picks from P, row by row, the weights that are kept; P itself is never copied.
class Selection {
 public:
  Selection(const SymmetricMatrix& inverse, std::vector<float> factors, FitContext& context)
      : inverse_(inverse), factors_(std::move(factors)), context_(context) {}

  Result<EaseWeights> largest(std::size_t n_weights) const {
    const std::size_t n_items = inverse_.n();
    std::vector<SizeHistogram> counts(static_cast<std::size_t>(context_.pool.n_threads()));
    COSENO_TRY(
        for_weights("sizing weights", [&](std::size_t, std::size_t, float weight,
                                          std::size_t worker) { counts[worker].add(weight); }));
    for (std::size_t worker = 1; worker < counts.size(); ++worker) counts[0].add(counts[worker]);
    const std::uint32_t least = counts[0].first_of_largest(n_weights);
    EaseWeights weights(n_items);
    COSENO_TRY(for_weights("selecting weights",
                           [&](std::size_t j, std::size_t i, float weight, std::size_t) {
                             if (SizeHistogram::bucket(weight) >= least) {
                               weights[i].push_back({static_cast<std::uint32_t>(j), weight});
                             }
                           }));
    return weights;
  }

 private:
  // Calls body(j, i, s_ji, worker) for all j != i; those of one i by one worker, by rising j.
  template <class Body>
  Result<void> for_weights(std::string_view stage, const Body& body) const {
    const std::size_t n_items = inverse_.n();
    std::vector<std::vector<float>> rows(static_cast<std::size_t>(context_.pool.n_threads()));
    return for_items(n_items, kRowsAtOnce, stage, context_,
                     [&](std::size_t begin, std::size_t end, std::size_t worker) {
                       rows[worker].resize(kRowsAtOnce * n_items);
                       inverse_.copy_rows(begin, end, rows[worker]);
                       for (std::size_t i = begin; i < end; ++i) {
                         const float* const row = rows[worker].data() + (i - begin) * n_items;
                         const float scale = -1 / (row[i] * factors_[i]);
                         for (std::size_t j = 0; j < n_items; ++j) {
                           if (j != i) body(j, i, scale * row[j] * factors_[j], worker);
                         }
                       }
                     });
  }

  const SymmetricMatrix& inverse_;
  std::vector<float> factors_;
  FitContext& context_;
};

// --- sparse --------------------------------------------------------------------------------------

// The regressions of single items.
class ItemRegression {
 public:
  ItemRegression(const ActMatrix& acts, std::vector<float> penalties, std::size_t k)
      : acts_(acts), penalties_(std::move(penalties)), k_(k) {}

  // One a thread.
  struct Scratch {
    std::vector<float> sums;             // n_items: a_i . a_j, 0 between calls
    std::vector<std::uint32_t> touched;  // where sums are not 0
    std::vector<std::uint32_t> n_slots;  // n_users: how many of the pattern a user has
    std::vector<std::uint32_t> users;    // where n_slots is not 0
    std::vector<std::uint32_t> begin;    // n_users: where the user's slots begin
    std::vector<Feature> slots;          // of each user: number in the pattern, a_uj
    std::vector<float> gram, copy, right;
  };

  // b_i, without weights of 0.
  std::vector<Feature> solve(std::size_t i, Scratch& scratch) const {
    std::vector<Feature> pattern = candidates(i, scratch);
    if (pattern.empty()) return pattern;
    const std::size_t width = padded(pattern.size());
    scratch.gram.assign(width * width, 0);
    scratch.copy.resize(width * width);
    scratch.right.assign(width, 0);
    for (std::size_t s = 0; s < pattern.size(); ++s) {
      const std::uint32_t j = pattern[s].index;
      scratch.right[s] = pattern[s].weight;
      scratch.gram[s * width + s] = acts_.norms()[j] + penalties_[j];
    }
    add_products(pattern, width, scratch);
    solve_positive_definite(scratch.gram.data(), pattern.size(), width, scratch.copy.data(),
                            scratch.right.data());
    for (std::size_t s = 0; s < pattern.size(); ++s) pattern[s].weight = scratch.right[s];
    std::erase_if(pattern, [](const Feature& entry) { return entry.weight == 0; });
    return pattern;
  }

 private:
  // The pattern of item i by rising number, with a_i . a_j.
  std::vector<Feature> candidates(std::size_t i, Scratch& scratch) const {
    scratch.sums.resize(acts_.n_items());
    for (const Feature& user : acts_.item(i)) {
      const FeatureRow others = acts_.user(user.index);
      if (others.size() > kMaxPairedHistory) continue;
      for (const Feature& other : others) {
        float& sum = scratch.sums[other.index];
        if (sum == 0) scratch.touched.push_back(other.index);
        sum += user.weight * other.weight;
      }
    }
    scratch.sums[i] = 0;
    std::erase(scratch.touched, static_cast<std::uint32_t>(i));
    // By the square root of what each would tell alone.
    std::vector<Feature> found;
    for (const std::uint32_t j : scratch.touched) {
      found.push_back({j, scratch.sums[j] / std::sqrt(acts_.norms()[j] + penalties_[j])});
    }
    keep_largest(found, k_);
    found.shrink_to_fit();  // one such list an item is kept
    std::ranges::sort(found, {}, &Feature::index);
    for (Feature& entry : found) entry.weight = scratch.sums[entry.index];
    for (const std::uint32_t j : scratch.touched) scratch.sums[j] = 0;
    scratch.touched.clear();
    return found;
  }

  // To the upper triangle of `gram` the products of different items of the pattern: the sums over
  // the users who have two of them.
  void add_products(std::span<const Feature> pattern, std::size_t width, Scratch& scratch) const {
    sort_by_user(pattern, scratch);
    for (const std::uint32_t u : scratch.users) {
      const std::span<const Feature> slots =
          std::span(scratch.slots).subspan(scratch.begin[u], scratch.n_slots[u]);
      for (std::size_t a = 0; a < slots.size(); ++a) {
        float* const row = scratch.gram.data() + slots[a].index * width;
        for (std::size_t b = a + 1; b < slots.size(); ++b) {
          row[slots[b].index] += slots[a].weight * slots[b].weight;
        }
      }
      scratch.n_slots[u] = 0;
    }
    scratch.users.clear();
  }

  // The acts of the pattern's items, user after user.
  void sort_by_user(std::span<const Feature> pattern, Scratch& scratch) const {
    scratch.n_slots.resize(acts_.n_users());
    scratch.begin.resize(acts_.n_users());
    for (const Feature& entry : pattern) {
      for (const Feature& user : acts_.item(entry.index)) {
        if (scratch.n_slots[user.index]++ == 0) scratch.users.push_back(user.index);
      }
    }
    std::uint32_t n = 0;
    for (const std::uint32_t u : scratch.users) {
      scratch.begin[u] = n;
      n += std::exchange(scratch.n_slots[u], 0);
    }
    scratch.slots.resize(n);
    for (std::uint32_t s = 0; s < pattern.size(); ++s) {
      for (const Feature& user : acts_.item(pattern[s].index)) {
        const std::uint32_t place = scratch.begin[user.index] + scratch.n_slots[user.index]++;
        scratch.slots[place] = {s, user.weight};
      }
    }
  }

  const ActMatrix& acts_;
  std::vector<float> penalties_;
  std::size_t k_;
};

}  // namespace

double dense_size_bytes(std::size_t n_items, std::size_t k, int n_threads) {
  const auto n = static_cast<double>(n_items);
  const double panel = n * SymmetricMatrix::kTileSize * sizeof(float);
  const double rows = n_threads * n * kRowsAtOnce * sizeof(float);
  const double weights = n * static_cast<double>(std::min(k, n_items)) * sizeof(Feature);
  return SymmetricMatrix::size_bytes(n_items) + std::max(panel, rows + weights);
}

Result<EaseWeights> solve_dense(const ActMatrix& acts, const EaseProblem& problem,
                                FitContext& context) {
  COSENO_TRY(check_memory(acts.n_items(), problem.k, context.pool.n_threads()));
  SymmetricMatrix matrix(acts.n_items());
  const std::vector<float> diagonal = penalties(acts, problem);
  context.pool.parallel_for(matrix.n_tile_rows(), 1, [&](std::size_t i, std::size_t, int) {
    if (!context.progress.cancelled()) fill_tile_row(acts, diagonal, i, matrix);
  });
  const Result<void> inverted = invert(matrix, kStage, context.pool, context.progress);
  if (!inverted && inverted.error().code == ErrorCode::invalid_argument) {
    return invalid_argument("ease: l2 = {} is too small to tell items apart in float32",
                            problem.l2);
  }
  COSENO_TRY(inverted);
  const Selection selection(matrix, popularity_factors(acts, problem.popularity), context);
  return selection.largest(acts.n_items() * problem.k);
}

Result<EaseWeights> solve_sparse(const ActMatrix& acts, const EaseProblem& problem,
                                 FitContext& context) {
  const ItemRegression regression(acts, penalties(acts, problem), problem.k);
  const std::vector<float> factors = popularity_factors(acts, problem.popularity);
  EaseWeights weights(acts.n_items());
  std::vector<ItemRegression::Scratch> scratch(static_cast<std::size_t>(context.pool.n_threads()));
  COSENO_TRY(for_items(weights.size(), kColumnsInBlock, kStage, context,
                       [&](std::size_t begin, std::size_t end, std::size_t worker) {
                         for (std::size_t i = begin; i < end; ++i) {
                           weights[i] = regression.solve(i, scratch[worker]);
                           for (Feature& entry : weights[i]) {
                             entry.weight *= factors[entry.index] / factors[i];
                           }
                         }
                       }));
  return weights;
}

}  // namespace coseno
