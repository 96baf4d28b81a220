#include "models/markov.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "models/popularity.h"
#include "models/sessions.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kRecency = "markov.recency";  // F32, 1

// Of the history; with the default recency the tenth counts a thousandth.
constexpr std::size_t kNewestItems = 50;
constexpr std::size_t kSessionsBetweenReports = 4096;

// The rules of one item as they are counted: pairs are appended, and joined whenever there are
// twice as many as there were items, so that memory goes by items and not by acts.
class Rules {
 public:
  void add(std::uint32_t item, float amount) {
    if (entries_.size() >= limit_) join();
    entries_.push_back({item, amount});
  }

  // By rising item, each once.
  std::vector<Feature> take() {
    join();
    return std::move(entries_);
  }

 private:
  static constexpr std::size_t kLeastLimit = 32;

  // Stable, so that sums are taken in the order of arrival.
  void join() {
    std::ranges::stable_sort(entries_, {}, &Feature::index);
    std::size_t n = 0;
    for (const Feature& entry : entries_) {
      if (n > 0 && entries_[n - 1].index == entry.index) {
        entries_[n - 1].weight += entry.weight;
      } else {
        entries_[n++] = entry;
      }
    }
    entries_.resize(n);
    limit_ = std::max(kLeastLimit, 2 * n);
  }

  std::vector<Feature> entries_;
  std::size_t limit_ = kLeastLimit;
};

struct Counts {
  explicit Counts(std::size_t n_items) : rules(n_items), acts(n_items) {}

  std::vector<Rules> rules;
  std::vector<float> acts;  // n_j
};

void count_session(History session, const ActWeights& acts, const Markov::Options& options,
                   Counts& counts) {
  const float mean = acts.user_mean(session);
  std::vector<float> weights;
  for (const Interaction& act : session) weights.push_back(acts.of(act.value, mean));
  const auto steps = static_cast<std::size_t>(options.steps);
  const auto backward = static_cast<float>(options.backward);
  for (std::size_t n = 0; n < session.size(); ++n) {
    const std::size_t item = offset(session[n].item);
    counts.acts[item] += weights[n];
    for (std::size_t d = 1; d <= std::min(steps, n); ++d) {
      const std::size_t before = offset(session[n - d].item);
      const float amount = weights[n - d] * weights[n] / static_cast<float>(d);
      if (amount == 0) continue;
      counts.rules[before].add(static_cast<std::uint32_t>(item), amount);
      if (backward == 0) continue;
      counts.rules[item].add(static_cast<std::uint32_t>(before), backward * amount);
    }
  }
}

Result<Counts> count(const UserItemMatrix& matrix, const ActWeights& acts,
                     const Markov::Options& options, Progress& progress) {
  Counts counts(matrix.n_items());
  std::size_t n_sessions = 0;
  bool is_cancelled = false;
  for_each_session(matrix, options.session_gap_hours, [&](History session) {
    if (n_sessions++ % kSessionsBetweenReports == 0) {
      progress.report("fitting markov", n_sessions, std::max(n_sessions, matrix.n_users()), "");
      is_cancelled = is_cancelled || progress.cancelled();
    }
    if (!is_cancelled) count_session(session, acts, options, counts);
  });
  if (is_cancelled) return make_error(ErrorCode::cancelled, "cancelled");
  return counts;
}

// From r_ji of the rows j to s_ji of the columns i.
std::vector<std::vector<Feature>> speakers_of(Counts& counts, const Markov::Options& options) {
  std::vector<std::vector<Feature>> speakers(counts.rules.size());
  for (std::uint32_t j = 0; j < counts.rules.size(); ++j) {
    std::vector<Feature> row = counts.rules[j].take();
    keep_largest(row, static_cast<std::size_t>(options.neighbours));
    const auto repeat = static_cast<float>(options.repeat) * counts.acts[j];
    if (repeat > 0) row.push_back({j, repeat});
    const auto scale =
        static_cast<float>(std::pow(std::max(counts.acts[j], 1.0F), -options.item_acts));
    for (const Feature& entry : row) speakers[entry.index].push_back({j, scale * entry.weight});
  }
  return speakers;
}

}  // namespace

std::span<const OptionField<Markov::Options>> Markov::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 8> all = {{
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many items at most an item speaks for",
       .search = SearchRange{.low = 20, .high = 999, .scale = SearchRange::Scale::log}},
      {.name = "steps",
       .member = &Options::steps,
       .min = 1,
       .max = 1000,
       .help = "how many acts later an item still follows another",
       .search = SearchRange{.low = 1, .high = 50, .scale = SearchRange::Scale::log}},
      {.name = "recency",
       .member = &Options::recency,
       .min = 0.1,
       .max = 1000,
       .help = "items of the history after which one counts 1/e",
       .search = SearchRange{.low = 0.2, .high = 100, .scale = SearchRange::Scale::log}},
      {.name = "backward",
       .member = &Options::backward,
       .min = 0,
       .max = 1,
       .help = "how much what came before an item counts, against what came after it",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "item_acts",
       .member = &Options::item_acts,
       .min = 0,
       .max = 1,
       .help = "exponent: 0 lets items that many have say more, 1 lets all say as much",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "repeat",
       .member = &Options::repeat,
       .min = 0,
       .max = 10,
       .help = "how much an item speaks for itself, against how many acts it has; matters where "
               "seen items may be listed",
       .search = SearchRange{.low = 0, .high = 2}},
      session_gap_field(&Options::session_gap_hours),
      rating_weight_field(&Options::rating_weight),
  }};
  return all;
}

Result<std::unique_ptr<Model>> Markov::fit(const Dataset& dataset, const Options& options,
                                           FitContext& context) {
  const ActWeights acts(dataset.matrix, options.rating_weight);
  COSENO_ASSIGN(counts, count(dataset.matrix, acts, options, context.progress));
  auto model = std::make_unique<Markov>();
  model->weights_ = ItemWeights(speakers_of(counts, options), popularity_of(dataset.matrix), acts);
  model->recency_ = static_cast<float>(options.recency);
  return model;
}

Result<std::unique_ptr<Model>> Markov::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(weights, ItemWeights::load(kName, file, dataset.items.size()));
  COSENO_ASSIGN(recency, file.floats(kRecency, {1}));
  constexpr float kLeastRecency = 0.05F;
  if (recency[0] < kLeastRecency) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is out of range", file.path(), kRecency);
  }
  auto model = std::make_unique<Markov>();
  model->weights_ = std::move(weights);
  model->recency_ = recency[0];
  return model;
}

void Markov::save(TensorFileWriter& file) const {
  weights_.save(kName, file);
  file.add(kRecency, {1}, std::vector<float>{recency_});
}

void Markov::score(const Profile& profile, std::span<float> out) const {
  KnownPart newest = newest_items(profile, n_items(), kNewestItems);
  for (std::size_t p = 0; p < newest.weights.size(); ++p) {
    newest.weights[p] *= std::exp(-static_cast<float>(p) / recency_);
  }
  weights_.score({.history = newest.history, .weights = newest.weights}, out);
}

}  // namespace coseno
