#include "models/session_knn.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "models/sessions.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kSessionNumbers =
    "session_knn.numbers";                         // F32: the fields of Scoring, in order
constexpr const char* kActs = "session_knn.acts";  // F32: mean, slope

// Of the session that is asked for; what came before tells less than what it costs.
constexpr std::size_t kAskedItems = 50;
// Below any difference that tells.
constexpr float kSharedPopularity = 1e-6F;
// A place further off than this many times `position` would get less than e^-6 of the weight.
constexpr float kReach = 6;
constexpr double kDaySeconds = 24 * 3600;

constexpr float kMaxCount = 1e6F;  // of neighbours and sample in a file

// Places are weighed up to where the weight is lost among others.
std::vector<float> position_weights(float position) {
  if (position <= 0) return std::vector<float>(kMaxSessionActs, 1.0F);
  const auto reach =
      std::min(kMaxSessionActs, static_cast<std::size_t>(std::ceil(kReach * position)) + 1);
  std::vector<float> weights(reach);
  for (std::size_t d = 0; d < reach; ++d) {
    weights[d] = std::exp(-static_cast<float>(d) / position);
  }
  return weights;
}

std::vector<SessionIndex::Session> sessions_of(const UserItemMatrix& matrix, const ActWeights& acts,
                                               double gap_hours) {
  std::vector<SessionIndex::Session> sessions;
  for_each_session(matrix, gap_hours, [&](History history) {
    const float mean = acts.user_mean(history);
    SessionIndex::Session session{.acts = {}, .time = history.back().time};
    for (const Interaction& act : history) {
      session.acts.push_back({std::to_underlying(act.item), acts.of(act.value, mean)});
    }
    sessions.push_back(std::move(session));
  });
  std::ranges::stable_sort(sessions, {}, &SessionIndex::Session::time);
  return sessions;
}

}  // namespace

std::span<const OptionField<SessionKnn::Options>> SessionKnn::fields() {
  // Not constexpr: with -fsanitize=undefined GCC 12 finds that it is not.
  static const std::array<OptionField<Options>, 10> all = {{
      {.name = "neighbours",
       .member = &Options::neighbours,
       .min = 1,
       .max = 10000,
       .help = "how many sessions at most speak",
       .search = SearchRange{.low = 50, .high = 999, .scale = SearchRange::Scale::log}},
      {.name = "sample",
       .member = &Options::sample,
       .min = 1,
       .max = 100000,
       .help = "how many of the newest sessions that share an item they are chosen from"},
      {.name = "weighting",
       .member = &Options::weighting,
       .choices = {"stan", "vsknn"},
       .help = "how items of the history count less the longer ago they were"},
      {.name = "recency",
       .member = &Options::recency,
       .min = 0.1,
       .max = 1000,
       .help = "items of the history after which one counts 1/e; unused by vsknn",
       .search = SearchRange{.low = 0.5, .high = 100, .scale = SearchRange::Scale::log}},
      {.name = "position",
       .member = &Options::position,
       .min = 0,
       .max = 1000,
       .help = "items between what a neighbour shares and what it recommends after which that "
               "counts 1/e; 0: all its items count alike",
       .search = SearchRange{.low = 1, .high = 100, .scale = SearchRange::Scale::log}},
      {.name = "half_life_days",
       .member = &Options::half_life_days,
       .min = 0,
       .max = 10000,
       .help = "days after which a session counts half; 0: never less",
       .search = SearchRange{.low = 1, .high = 999, .scale = SearchRange::Scale::log}},
      {.name = "session_length",
       .member = &Options::session_length,
       .min = 0,
       .max = 1,
       .help = "exponent: 0 lets all sessions count alike, above it long ones count less",
       .search = SearchRange{.low = 0, .high = 1}},
      {.name = "idf",
       .member = &Options::idf,
       .min = 0,
       .max = 10,
       .help = "how much more an item counts that few sessions have",
       .search = SearchRange{.low = 0, .high = 3}},
      session_gap_field(&Options::session_gap_hours),
      rating_weight_field(&Options::rating_weight),
  }};
  return all;
}

SessionKnn::SessionKnn(SessionIndex sessions, ActWeights acts, const Scoring& scoring)
    : sessions_(std::move(sessions)),
      acts_(acts),
      scoring_(scoring),
      position_weights_(position_weights(scoring.position)) {
  const std::size_t n_items = sessions_.n_items();
  const auto n_sessions = static_cast<float>(sessions_.n_sessions());
  float largest = 1;
  for (std::size_t i = 0; i < n_items; ++i) {
    const auto n = static_cast<float>(sessions_.places(static_cast<ItemIndex>(i)).size());
    popularity_.push_back(n);
    largest = std::max(largest, n);
    idf_.push_back(n > 0 ? 1 + scoring.idf * std::log(n_sessions / n) : 1);
  }
  for (float& popularity : popularity_) popularity *= kSharedPopularity / largest;
  for (std::uint32_t s = 0; s < sessions_.n_sessions(); ++s) {
    const auto length = static_cast<float>(sessions_.acts(s).size());
    length_weights_.push_back(std::pow(length, -scoring.session_length));
  }
}

Result<std::unique_ptr<Model>> SessionKnn::fit(const Dataset& dataset, const Options& options,
                                               FitContext& context) {
  const ActWeights acts(dataset.matrix, options.rating_weight);
  const std::vector<SessionIndex::Session> sessions =
      sessions_of(dataset.matrix, acts, options.session_gap_hours);
  if (context.progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  const Scoring scoring = {.neighbours = static_cast<std::size_t>(options.neighbours),
                           .sample = static_cast<std::size_t>(options.sample),
                           .is_stan = options.weighting == "stan",
                           .recency = static_cast<float>(options.recency),
                           .position = static_cast<float>(options.position),
                           .half_life_days = static_cast<float>(options.half_life_days),
                           .session_length = static_cast<float>(options.session_length),
                           .idf = static_cast<float>(options.idf)};
  // Not make_unique: the constructor is private.
  return std::unique_ptr<Model>(
      new SessionKnn(SessionIndex(sessions, dataset.items.size()), acts, scoring));
}

SessionKnn::Asked SessionKnn::asked(const Profile& profile) const {
  const KnownPart newest = newest_items(profile, n_items(), kAskedItems);
  const float mean = acts_.user_mean(newest.history, newest.weights);
  Asked asked{.items = {}, .weights = {}, .time = 0};
  const auto n = static_cast<float>(newest.history.size());
  for (std::size_t j = 0; j < newest.history.size(); ++j) {
    const Interaction& act = newest.history[j];
    const auto steps = static_cast<float>(j);
    const float decay = scoring_.is_stan ? std::exp(-steps / scoring_.recency) : 1 - steps / n;
    asked.items.push_back(act.item);
    asked.weights.push_back(newest.weights[j] * acts_.of(act.value, mean) * idf_[offset(act.item)] *
                            decay);
    asked.time = j == 0 ? act.time : std::max(asked.time, act.time);
  }
  return asked;
}

std::vector<SessionKnn::Neighbour> SessionKnn::nearest(const Asked& asked) const {
  std::vector<Neighbour> neighbours;
  sessions_.for_each_newest(
      asked.items, scoring_.sample,
      [&](std::uint32_t session, std::span<const SessionIndex::Match> matches) {
        const FeatureRow acts = sessions_.acts(session);
        float nearness = 0;
        for (const SessionIndex::Match& match : matches) {
          nearness += asked.weights[match.n] * acts[match.act].weight;
        }
        nearness *= length_weights_[session];
        if (!scoring_.is_stan) nearness /= static_cast<float>(1 + matches.front().n);
        if (scoring_.half_life_days > 0) {
          const double age_s =
              static_cast<double>(asked.time) - static_cast<double>(sessions_.time(session));
          nearness *= std::exp2(-static_cast<float>(std::max(0.0, age_s / kDaySeconds)) /
                                scoring_.half_life_days);
        }
        if (nearness > 0) neighbours.push_back({session, matches.front().act, nearness});
      });
  if (neighbours.size() > scoring_.neighbours) {
    const auto last = neighbours.begin() + static_cast<std::ptrdiff_t>(scoring_.neighbours);
    std::ranges::nth_element(neighbours, last, [](const Neighbour& a, const Neighbour& b) {
      return a.nearness != b.nearness ? a.nearness > b.nearness : a.session > b.session;
    });
    neighbours.erase(last, neighbours.end());
    // Sums must not depend on how a library's nth_element leaves the others.
    std::ranges::sort(neighbours, std::greater<>(), &Neighbour::session);
  }
  return neighbours;
}

void SessionKnn::add_scores(const Asked& asked, std::span<float> out) const {
  for (const Neighbour& neighbour : nearest(asked)) {
    const FeatureRow acts = sessions_.acts(neighbour.session);
    const std::size_t reach = position_weights_.size() - 1;
    const std::size_t begin = neighbour.act - std::min<std::size_t>(neighbour.act, reach);
    const std::size_t end = std::min(acts.size(), neighbour.act + reach + 1);
    for (std::size_t n = begin; n < end; ++n) {
      const std::size_t distance = n > neighbour.act ? n - neighbour.act : neighbour.act - n;
      out[acts[n].index] +=
          neighbour.nearness * position_weights_[distance] * acts[n].weight * idf_[acts[n].index];
    }
  }
}

void SessionKnn::score(const Profile& profile, std::span<float> out) const {
  std::ranges::copy(popularity_, out.begin());
  add_scores(asked(profile), out);
}

Ranking SessionKnn::similar_items(ItemIndex item, std::size_t k) const {
  if (offset(item) >= n_items()) return {};
  const std::int64_t newest =
      sessions_.n_sessions() > 0
          ? sessions_.time(static_cast<std::uint32_t>(sessions_.n_sessions() - 1))
          : 0;
  const std::vector<Interaction> history = {{item, acts_.mean(), newest}};
  std::vector<float> scores(n_items());
  add_scores(asked({.history = history}), scores);
  scores[offset(item)] = 0;
  std::ranges::replace(scores, 0.0F, kNeverScore);
  return best_items(scores, k);
}

void SessionKnn::save(TensorFileWriter& file) const {
  sessions_.save(kName, file);
  file.add(kActs, {2}, std::vector<float>{acts_.mean(), acts_.slope()});
  file.add(kSessionNumbers, {8},
           std::vector<float>{static_cast<float>(scoring_.neighbours),
                              static_cast<float>(scoring_.sample), scoring_.is_stan ? 1.0F : 0.0F,
                              scoring_.recency, scoring_.position, scoring_.half_life_days,
                              scoring_.session_length, scoring_.idf});
}

Result<std::unique_ptr<Model>> SessionKnn::load(const TensorFile& file, const Dataset& dataset) {
  COSENO_ASSIGN(sessions, SessionIndex::load(kName, file, dataset.items.size()));
  COSENO_ASSIGN(acts, file.floats(kActs, {2}));
  COSENO_ASSIGN(numbers, file.floats(kSessionNumbers, {8}));
  // The bounds are those of the options, roughly: nothing overflows within them.
  const bool is_sound =
      acts[1] >= 0 &&
      std::ranges::all_of(numbers, [](float x) { return x >= 0 && x <= kMaxCount; }) &&
      numbers[0] >= 1 && numbers[1] >= 1 && numbers[3] >= 0.05F && numbers[6] <= 1 &&
      numbers[7] <= 10;
  if (!is_sound) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' or '{}' is out of range", file.path(),
                      kActs, kSessionNumbers);
  }
  const Scoring scoring = {.neighbours = static_cast<std::size_t>(numbers[0]),
                           .sample = static_cast<std::size_t>(numbers[1]),
                           .is_stan = numbers[2] != 0,
                           .recency = numbers[3],
                           .position = numbers[4],
                           .half_life_days = numbers[5],
                           .session_length = numbers[6],
                           .idf = numbers[7]};
  return std::unique_ptr<Model>(
      new SessionKnn(std::move(sessions), ActWeights(acts[0], acts[1]), scoring));
}

}  // namespace coseno
