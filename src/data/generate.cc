#include "data/generate.h"

#include <fmt/format.h>
#include <boost/random/discrete_distribution.hpp>
#include <boost/random/normal_distribution.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rng.h"

// How the data come about. Genres are points in a space of tastes, 8 dimensions wide. An item lies
// near the mean of its genres, a user starts near two genres and moves towards another two during
// the two years. What a user takes at a time goes by
//
//   popularity(item, time) * exp(kTasteOfChoice * taste(user, item, time))
//
// where taste is the dot product of the two and popularity falls with the rank (Zipf) and with the
// item's age; half of the items come out during the two years. The rating is
//
//   round(mean + user bias + item bias + kTasteOfRating * opinion + noise), clipped to 1..5
//
// where opinion is the dot product with a second point of the user: by taste itself, what was
// chosen would be liked all alike. So collaborative filtering can learn the tastes from who took
// what, content from genres, and neither can learn everything.

namespace coseno {
namespace {

constexpr std::size_t kDim = 8;
using Point = std::array<double, kDim>;

// Keep the random numbers of different parts apart (base/rng.h).
constexpr std::uint64_t kGenreStream = 0;
constexpr std::uint64_t kItemStream = 1;
constexpr std::uint64_t kRankStream = 2;
constexpr std::uint64_t kActivityStream = 3;
constexpr std::uint64_t kUserStream = 4;

constexpr std::int64_t kStartTime = 1640995200;  // 2022-01-01, Unix seconds
constexpr int kStartYear = 2022;
constexpr double kDurationS = 2 * 365 * 86400.0;
// Users join in the first 90% of the time, and stay for a random part of what is left.
constexpr double kLatestJoin = 0.9;

// An item is most popular when it is new, and falls to a third.
constexpr double kNewsHalfLifeS = 120 * 86400.0;
constexpr double kOldPopularity = 0.35;

// The best tenth of the items get 30% of the events (500 items) to 65% (20,000). MovieLens 100K:
// 43%.
constexpr double kZipfExponent = 1.0;
constexpr double kZipfShift = 4;

// Standard deviation of the logarithm of a user's number of events: 1 as in MovieLens.
constexpr double kActivitySpread = 1.0;

constexpr double kTasteOfChoice = 4;
// Tastes above this are not chosen more often, which keeps rejection sampling quick.
constexpr double kMostTaste = 1.0;

// Rating points.
constexpr double kMeanRating = 3.55;
constexpr double kTasteOfRating = 1;
constexpr double kUserBiasSpread = 0.45;
constexpr double kItemBiasSpread = 0.45;
constexpr double kNoiseSpread = 0.85;

// Standard deviation from the middle of the genres, in each dimension.
constexpr double kStray = 0.2;

// Proposals for one event before any unseen item is taken: the last items of a user who has nearly
// all would take forever.
constexpr int kMaxProposals = 300;

// Users, or items: more would not fit one machine's memory.
constexpr std::size_t kMost = 100'000'000;

constexpr std::size_t kUsersPerReport = 16;

constexpr std::array<std::string_view, 18> kMadeUpGenres = {
    "Action",      "Adventure", "Animation", "Children's", "Comedy", "Crime",
    "Documentary", "Drama",     "Fantasy",   "Film-Noir",  "Horror", "Musical",
    "Mystery",     "Romance",   "Sci-Fi",    "Thriller",   "War",    "Western"};

constexpr std::array<std::string_view, 32> kAdjectives = {
    "Silent",   "Broken", "Golden",   "Last",    "Hidden", "Crimson",   "Distant",  "Frozen",
    "Endless",  "Wild",   "Midnight", "Burning", "Lonely", "Secret",    "Northern", "Paper",
    "Stolen",   "Quiet",  "Electric", "Bitter",  "Second", "Velvet",    "Hollow",   "Iron",
    "Restless", "Pale",   "Crooked",  "Gentle",  "Savage", "Forgotten", "Seventh",  "Blue"};

constexpr std::array<std::string_view, 48> kNouns = {
    "Harbour",  "River",   "Garden",   "Station",  "Letter",  "Summer", "Winter",    "Bridge",
    "Voyage",   "Kingdom", "Shadow",   "Promise",  "Street",  "Mirror", "Island",    "Orchard",
    "Stranger", "Lantern", "Mountain", "Desert",   "Hotel",   "Dancer", "Detective", "Machine",
    "Planet",   "Circus",  "Soldier",  "Daughter", "Painter", "Forest", "Highway",   "Clock",
    "Window",   "Thief",   "Horizon",  "Sparrow",  "Castle",  "Engine", "Ghost",     "Wedding",
    "Sailor",   "Tower",   "Valley",   "Wolf",     "Crown",   "Storm",  "Library",   "Carnival"};

double normal(Rng& rng, double spread) {
  return boost::random::normal_distribution<double>(0, spread)(rng);
}

double dot(const Point& a, const Point& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

struct Item {
  Point place{};
  double birth_s = 0;  // since the start; below 0 for half of the items
  double bias = 0;
};

// 16 bytes: ten million are sorted in memory.
struct Event {
  std::uint32_t time_s;  // since the start
  std::uint32_t user;
  std::uint32_t item;
  std::uint32_t rating;

  auto operator<=>(const Event&) const = default;
};

// One point of length 1 a genre.
std::array<Point, kMadeUpGenres.size()> genre_places(std::uint64_t seed) {
  std::array<Point, kMadeUpGenres.size()> places;
  Rng rng(seed, kGenreStream);
  for (Point& place : places) {
    for (double& x : place) x = normal(rng, 1);
    const double length = std::sqrt(dot(place, place));
    for (double& x : place) x /= length;
  }
  return places;
}

// Between some genres, at a distance from the origin of about 1, and some way off.
Point near(const std::array<Point, kMadeUpGenres.size()>& places,
           std::span<const std::size_t> genres, Rng& rng) {
  Point point{};
  for (std::size_t d = 0; d < kDim; ++d) {
    for (const std::size_t genre : genres) point[d] += places[genre][d];
    point[d] = point[d] / std::sqrt(static_cast<double>(genres.size())) + normal(rng, kStray);
  }
  return point;
}

// n distinct genres, in their order.
std::vector<std::size_t> draw_genres(std::size_t n, Rng& rng) {
  std::vector<std::size_t> genres;
  while (genres.size() < n) {
    const std::size_t genre = rng.below(kMadeUpGenres.size());
    if (std::ranges::find(genres, genre) == genres.end()) genres.push_back(genre);
  }
  std::ranges::sort(genres);
  return genres;
}

template <class Words>
std::string_view draw_word(const Words& words, Rng& rng) {
  return words[rng.below(words.size())];
}

std::string draw_title(Rng& rng) {
  const std::string_view noun = draw_word(kNouns, rng);
  switch (rng.below(4)) {
    case 0:
      return fmt::format("The {} {}", draw_word(kAdjectives, rng), noun);
    case 1:
      return fmt::format("{} {}", draw_word(kAdjectives, rng), noun);
    case 2:
      return fmt::format("{} of the {}", draw_word(kNouns, rng), noun);
    default:
      return fmt::format("The {} {}", draw_word(kNouns, rng), noun);
  }
}

// The year of release: in the two years, or before them and mostly not long ago.
int draw_year(double birth_s, Rng& rng) {
  if (birth_s >= 0) return kStartYear + static_cast<int>(2 * birth_s / kDurationS);
  const double u = rng.uniform();
  return kStartYear - 1 - static_cast<int>(40 * u * u);
}

Record make_record(std::size_t i, std::span<const std::size_t> genres, double birth_s, Rng& rng) {
  std::vector<std::string> names;
  for (const std::size_t genre : genres) names.emplace_back(kMadeUpGenres[genre]);
  const std::string year = std::to_string(draw_year(birth_s, rng));
  return {.id = fmt::format("i{}", i + 1),
          .title = fmt::format("{} ({})", draw_title(rng), year),
          .properties = {{"genres", PropertyKind::list, std::move(names)},
                         {"year", PropertyKind::category, year}}};
}

// 1 / (rank + shift)^exponent, the ranks in random order.
std::vector<double> zipf_weights(std::size_t n_items, std::uint64_t seed) {
  std::vector<double> weights(n_items);
  for (std::size_t i = 0; i < n_items; ++i) {
    weights[i] = std::pow(static_cast<double>(i + 1) + kZipfShift, -kZipfExponent);
  }
  Rng rng(seed, kRankStream);
  for (std::size_t i = n_items; i > 1; --i) std::swap(weights[i - 1], weights[rng.below(i)]);
  return weights;
}

// How many events each user has: log-normal shares of all. Nobody gets more than three quarters of
// the items, so that there is something left to recommend.
std::vector<std::size_t> draw_activity(const GenerateOptions& options) {
  std::vector<double> weights(options.n_users);
  Rng rng(options.seed, kActivityStream);
  for (double& weight : weights) weight = std::exp(normal(rng, kActivitySpread));
  const double scale =
      static_cast<double>(options.n_events) / std::accumulate(weights.begin(), weights.end(), 0.0);

  const std::size_t most = options.n_items - options.n_items / 4;
  std::vector<std::size_t> counts(options.n_users);
  std::size_t n_left = options.n_events;
  for (std::size_t u = 0; u < counts.size(); ++u) {
    counts[u] = std::min({most, n_left, static_cast<std::size_t>(weights[u] * scale)});
    n_left -= counts[u];
  }
  for (std::size_t u = 0; n_left > 0; u = (u + 1) % counts.size()) {
    if (counts[u] == most) continue;
    ++counts[u];
    --n_left;
  }
  return counts;
}

// The world of one data set: who is where, and what is taken.
class World {
 public:
  explicit World(const GenerateOptions& options)
      : seed_(options.seed),
        genre_places_(genre_places(seed_)),
        popularity_(zipf_weights(options.n_items, seed_)),
        taken_by_(options.n_items, kNobody) {
    for (std::size_t i = 0; i < options.n_items; ++i) add_item(i);
  }

  // Adds one user's events in any order.
  void add_events(std::uint32_t user, std::size_t n_events, std::vector<Event>& events) {
    Rng rng(seed_, kUserStream, user);
    const Point start = near(genre_places_, draw_genres(2, rng), rng);
    const Point end = near(genre_places_, draw_genres(2, rng), rng);
    const Point opinion = near(genre_places_, draw_genres(2, rng), rng);
    const double bias = normal(rng, kUserBiasSpread);
    const double join_s = kLatestJoin * kDurationS * rng.uniform();
    const double stay_s = (kDurationS - join_s) * rng.uniform();
    for (std::size_t n = 0; n < n_events; ++n) {
      double time_s = join_s + stay_s * rng.uniform();
      const Point place = between(start, end, time_s / kDurationS);
      const std::size_t i = take(user, place, time_s, rng);
      time_s = std::max(time_s, items_[i].birth_s);
      events.push_back({.time_s = static_cast<std::uint32_t>(time_s),
                        .user = user,
                        .item = static_cast<std::uint32_t>(i),
                        .rating = rate(opinion, bias, items_[i], rng)});
    }
  }

  Catalog take_catalog() { return std::move(catalog_); }

 private:
  static constexpr std::uint32_t kNobody = 0xFFFFFFFF;

  void add_item(std::size_t i) {
    Rng rng(seed_, kItemStream, i);
    const std::vector<std::size_t> genres = draw_genres(1 + rng.below(3), rng);
    const double birth_s = kDurationS * (2 * rng.uniform() - 1);
    items_.push_back({.place = near(genre_places_, genres, rng),
                      .birth_s = birth_s,
                      .bias = normal(rng, kItemBiasSpread)});
    catalog_.add(make_record(i, genres, birth_s, rng));
  }

  static Point between(const Point& start, const Point& end, double share) {
    Point point;
    for (std::size_t d = 0; d < kDim; ++d) point[d] = start[d] + share * (end[d] - start[d]);
    return point;
  }

  // An item that the user has not taken, by rejection: proposed by popularity, taken by age and
  // taste. After too many proposals, the next one that is left: it may come out only later.
  std::size_t take(std::uint32_t user, const Point& place, double time_s, Rng& rng) {
    std::size_t i = 0;
    for (int n = 0; n < kMaxProposals; ++n) {
      i = popularity_(rng);
      if (taken_by_[i] == user) continue;
      if (suits(place, items_[i], rng) && is_current(items_[i], time_s, rng)) break;
    }
    while (taken_by_[i] == user) i = (i + 1) % items_.size();
    taken_by_[i] = user;
    return i;
  }

  static bool suits(const Point& place, const Item& item, Rng& rng) {
    const double taste = std::min(dot(place, item.place), kMostTaste);
    return rng.uniform() < std::exp(kTasteOfChoice * (taste - kMostTaste));
  }

  static bool is_current(const Item& item, double time_s, Rng& rng) {
    const double age_s = time_s - item.birth_s;
    if (age_s < 0) return false;
    const double news = std::exp2(-age_s / kNewsHalfLifeS);
    return rng.uniform() < kOldPopularity + (1 - kOldPopularity) * news;
  }

  static std::uint32_t rate(const Point& opinion, double user_bias, const Item& item, Rng& rng) {
    const double rating = kMeanRating + user_bias + item.bias +
                          kTasteOfRating * dot(opinion, item.place) + normal(rng, kNoiseSpread);
    return static_cast<std::uint32_t>(std::clamp(std::lround(rating), 1L, 5L));
  }

  std::uint64_t seed_;
  std::array<Point, kMadeUpGenres.size()> genre_places_;
  std::vector<Item> items_;
  Catalog catalog_;
  boost::random::discrete_distribution<std::size_t> popularity_;
  std::vector<std::uint32_t> taken_by_;  // the latest user to take each item; users come in turn
};

// Ids get their numbers in order of time.
Interactions to_interactions(std::span<const Event> events, const GenerateOptions& options) {
  Interactions interactions;
  interactions.has_values = true;
  interactions.has_times = true;
  std::vector<std::optional<UserIndex>> users(options.n_users);
  std::vector<std::optional<ItemIndex>> items(options.n_items);
  for (const Event& event : events) {
    auto& user = users[event.user];
    if (!user) user = interactions.users.add(fmt::format("u{}", event.user + 1));
    auto& item = items[event.item];
    if (!item) item = interactions.items.add(fmt::format("i{}", event.item + 1));
    interactions.add(*user, {.item = *item,
                             .value = static_cast<float>(event.rating),
                             .time = kStartTime + event.time_s});
  }
  return interactions;
}

Result<void> check(const GenerateOptions& options) {
  for (const auto& [name, value] :
       {std::pair("users", options.n_users), std::pair("items", options.n_items)}) {
    if (value >= 1 && value <= kMost) continue;
    return invalid_argument("{} must be in [1, {}], not {}", name, kMost, value);
  }
  const std::size_t n_most = options.n_users * options.n_items / 2;
  if (options.n_events < 1 || options.n_events > n_most) {
    return invalid_argument("events must be in [1, {}] (half of users x items), not {}", n_most,
                            options.n_events);
  }
  return {};
}

}  // namespace

Result<Generated> generate(const GenerateOptions& options, Progress& progress) {
  COSENO_TRY(check(options));
  World world(options);
  const std::vector<std::size_t> counts = draw_activity(options);
  std::vector<Event> events;
  events.reserve(options.n_events);
  for (std::size_t u = 0; u < counts.size(); ++u) {
    if (u % kUsersPerReport == 0) {
      progress.report("generating", events.size(), options.n_events, "");
      if (progress.cancelled()) return make_error(ErrorCode::cancelled, "generating was stopped");
    }
    world.add_events(static_cast<std::uint32_t>(u), counts[u], events);
  }
  std::ranges::sort(events);
  progress.report("generating", options.n_events, options.n_events, "");
  return Generated{.interactions = to_interactions(events, options), .items = world.take_catalog()};
}

}  // namespace coseno
