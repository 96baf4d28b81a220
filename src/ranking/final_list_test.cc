#include "ranking/final_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/rng.h"
#include "math/matrix.h"

namespace coseno {
namespace {

using Items = std::vector<std::uint32_t>;
using Method = Exploration::Method;

ItemProperties table_of(const std::vector<std::string>& items) {
  ItemProperties table;
  std::uint32_t number = 0;
  for (const std::string& text : items) table.put(ItemIndex{number++}, *Properties::parse(text));
  return table;
}

std::vector<Placed> list_of(std::span<const Scored> candidates, const ItemProperties& table,
                            const FinalListOptions& options) {
  auto list = final_list(candidates, table, options);
  EXPECT_TRUE(list.has_value()) << list.error().message;
  return std::move(list).value_or(std::vector<Placed>());
}

Items items_of(std::span<const Scored> candidates, const ItemProperties& table,
               const FinalListOptions& options) {
  Items items;
  for (const Placed& placed : list_of(candidates, table, options)) items.push_back(placed.item);
  return items;
}

std::string options_trouble(const FinalListOptions& options) {
  const auto list = final_list({}, ItemProperties(), options);
  return list ? "none" : list.error().message;
}

const ItemProperties kNoProperties;
const std::vector<Scored> kFive = {{4, 1}, {0, 5}, {3, 2}, {1, 4}, {2, 3}};  // item i scores 5 - i

TEST(FinalListTest, WithEverythingOffItIsTheBestByScoreThenIndex) {
  Rng rng(1);
  for (int round = 0; round < 100; ++round) {
    std::vector<Scored> candidates(rng.below(40));
    for (std::uint32_t i = 0; i < candidates.size(); ++i) {
      candidates[i] = {i * 7 % 41, static_cast<float>(rng.below(6))};
    }
    const std::size_t k = rng.below(12);
    std::vector<Scored> sorted = candidates;
    std::ranges::sort(sorted, is_better);
    sorted.resize(std::min(k, sorted.size()));
    const std::vector<Placed> list = list_of(candidates, kNoProperties, {.k = k});
    ASSERT_EQ(list.size(), sorted.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(list[i], (Placed{.item = sorted[i].index, .score = sorted[i].score}));
    }
  }
}

TEST(FinalListTest, OptionsThatAskForNothingChangeNothing) {
  const ItemProperties table = table_of({R"({"g":"a"})", R"({"g":"a"})", R"({"g":"b"})"});
  FinalListOptions options{.k = 4, .caps = {{"g", 100}, {"unknown", 1}}};
  options.calibration = Calibration{.property = "unknown", .history = {}, .weight = 0.9};
  options.exploration = {.method = Method::epsilon_greedy, .rate = 0};
  EXPECT_EQ(items_of(kFive, table, options), (Items{0, 1, 2, 3}));
}

TEST(FinalListTest, PinsTakeTheirPlacesAndKeepTheirScores) {
  const std::vector<Placed> list = list_of(
      kFive, kNoProperties, {.k = 4, .pins = {{.place = 2, .item = 9}, {.place = 0, .item = 3}}});
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0], (Placed{.item = 3, .score = 2, .is_pinned = true}));
  EXPECT_EQ(list[1], (Placed{.item = 0, .score = 5}));
  EXPECT_EQ(list[2], (Placed{.item = 9, .score = 0, .is_pinned = true}));
  EXPECT_EQ(list[3], (Placed{.item = 1, .score = 4}));
}

TEST(FinalListTest, AShortListClosesUp) {
  EXPECT_EQ(items_of({}, kNoProperties, {.k = 10, .pins = {{9, 7}, {4, 8}}}), (Items{8, 7}));
  EXPECT_EQ(items_of(std::span(kFive).first(1), kNoProperties, {.k = 10, .pins = {{5, 7}}}),
            (Items{4, 7}));
  EXPECT_EQ(items_of(kFive, kNoProperties, {.k = 0}), Items{});
}

TEST(FinalListTest, ExcludedItemsAreInNoListNotEvenPinned) {
  EXPECT_EQ(
      items_of(kFive, kNoProperties, {.k = 3, .pins = {{0, 4}, {1, 8}}, .excluded = {8, 1, 0, 77}}),
      (Items{4, 2, 3}));
}

TEST(FinalListTest, CapsHoldBackWhatSharesAValue) {
  const ItemProperties table = table_of({R"({"d":"x","g":["a"]})", R"({"d":"x","g":["a","b"]})",
                                         R"({"d":"x","g":["b"]})", R"({"d":"y","g":["b"]})", "{}"});
  EXPECT_EQ(items_of(kFive, table, {.k = 5, .caps = {{"d", 1}}}), (Items{0, 3, 4}));
  EXPECT_EQ(items_of(kFive, table, {.k = 5, .caps = {{"d", 2}}}), (Items{0, 1, 3, 4}));
  EXPECT_EQ(items_of(kFive, table, {.k = 5, .caps = {{"g", 1}}}), (Items{0, 2, 4}));
  EXPECT_EQ(items_of(kFive, table, {.k = 5, .caps = {{"g", 1}, {"d", 1}}}), (Items{0, 3, 4}));
  EXPECT_EQ(items_of(kFive, table, {.k = 5, .caps = {{"d", 0}}}), Items{4});
}

TEST(FinalListTest, PinsCountForCapsFromTheStart) {
  const ItemProperties table = table_of({R"({"d":"x"})", R"({"d":"y"})", R"({"d":"x"})"});
  // Item 2 stands last, and yet it is the one x.
  EXPECT_EQ(items_of(kFive, table, {.k = 4, .pins = {{3, 2}}, .caps = {{"d", 1}}}),
            (Items{1, 3, 4, 2}));
  EXPECT_EQ(items_of(kFive, table, {.k = 2, .pins = {{0, 0}, {1, 2}}, .caps = {{"d", 1}}}),
            (Items{0, 2}));
}

// Items 0 and 1 are alike, item 2 is like none; relevance 1, 0.9 and 0.
TEST(FinalListTest, DiversityPrefersWhatIsUnlike) {
  Factors vectors(3, 2);
  vectors.row(0)[0] = 2;
  vectors.row(1)[0] = 1;
  vectors.row(2)[1] = 1;
  const Similarity similarity = cosine_similarity(vectors.view());
  const std::vector<Scored> candidates = {{0, 10}, {1, 9}, {2, 0}};
  const auto with = [&](double diversity) {
    return items_of(candidates, kNoProperties,
                    {.k = 3, .diversity = diversity, .similarity = &similarity});
  };
  EXPECT_EQ(with(0), (Items{0, 1, 2}));
  // Second place: item 1 is worth 0.9 (1 - d) - d, item 2 nothing; equal at d = 0.9 / 1.9.
  EXPECT_EQ(with(0.47), (Items{0, 1, 2}));
  EXPECT_EQ(with(0.48), (Items{0, 2, 1}));
  EXPECT_EQ(with(1), (Items{0, 2, 1}));
}

TEST(FinalListTest, CosineIsOfRowsThereAreOnly) {
  Factors vectors(3, 2);
  vectors.row(0)[0] = 3;
  vectors.row(1)[0] = -5;
  const Similarity similarity = cosine_similarity(vectors.view());
  std::vector<float> out(4, 9);
  similarity(0, Items{0, 1, 2, 3}, out);
  EXPECT_EQ(out, (std::vector<float>{1, -1, 0, 0}));
  similarity(3, Items{0, 1, 2, 3}, out);
  EXPECT_EQ(out, (std::vector<float>(4, 0)));
}

// Half of what the user likes is b, and b scores less.
TEST(FinalListTest, CalibrationGivesEveryTasteItsShare) {
  const ItemProperties table =
      table_of({R"({"g":["a"]})", R"({"g":["a"]})", R"({"g":["a"]})", R"({"g":["b"]})",
                R"({"g":["b"]})", R"({"g":["a"]})", R"({"g":["b"]})"});
  const std::vector<WeightedItem> history = {{5, 2.0F}, {6, 2.0F}};
  FinalListOptions options{.k = 4};
  options.calibration = Calibration{.property = "g", .history = history, .weight = 0.8};
  EXPECT_EQ(items_of(kFive, table, options), (Items{0, 3, 1, 4}));
  options.calibration->weight = 0;
  EXPECT_EQ(items_of(kFive, table, options), (Items{0, 1, 2, 3}));
}

// The greedy rule written out, everything computed anew for every place and candidate.
std::vector<Placed> plain_list(const std::vector<Scored>& candidates, const ItemProperties& table,
                               const FinalListOptions& options) {
  const auto values_of = [&](std::uint32_t item, const std::string& name) {
    std::vector<std::uint64_t> keys;
    table.append_keys(ItemIndex{item}, name, keys);
    return keys;
  };
  const auto is_excluded = [&](std::uint32_t item) {
    return std::ranges::find(options.excluded, item) != options.excluded.end();
  };
  std::map<std::size_t, std::uint32_t> pins;
  Items in_list;
  for (const Pin& pin : options.pins) {
    if (is_excluded(pin.item)) continue;
    pins[pin.place] = pin.item;
    in_list.push_back(pin.item);
  }
  std::map<std::uint32_t, float> scores;
  std::vector<Scored> pool;
  for (const Scored& candidate : candidates) {
    scores[candidate.index] = candidate.score;
    const bool is_pinned = std::ranges::find(in_list, candidate.index) != in_list.end();
    if (!is_pinned && !is_excluded(candidate.index)) pool.push_back(candidate);
  }
  std::ranges::sort(pool, is_better);
  const double best = pool.empty() ? 0 : pool.front().score;
  const double worst = pool.empty() ? 0 : pool.back().score;

  const auto fits = [&](std::uint32_t item) {
    if (std::ranges::find(in_list, item) != in_list.end()) return false;
    for (const Cap& cap : options.caps) {
      for (const std::uint64_t value : values_of(item, cap.property)) {
        const auto n = std::ranges::count_if(in_list, [&](std::uint32_t other) {
          return std::ranges::count(values_of(other, cap.property), value) > 0;
        });
        if (static_cast<std::size_t>(n) >= cap.most) return false;
      }
    }
    return true;
  };
  const auto shares_of = [&](const std::vector<std::pair<std::uint32_t, double>>& weighted) {
    std::map<std::uint64_t, double> shares;
    double sum = 0;
    for (const auto& [item, weight] : weighted) {
      const auto values = values_of(item, options.calibration->property);
      for (const std::uint64_t value : values) {
        shares[value] += weight / static_cast<double>(values.size());
      }
      if (!values.empty()) sum += weight;
    }
    for (auto& [value, share] : shares) share /= sum;
    return shares;
  };
  const auto divergence_with = [&](std::uint32_t item) {
    std::vector<std::pair<std::uint32_t, double>> history;
    for (const auto& [other, weight] : options.calibration->history) {
      history.emplace_back(other, weight);
    }
    std::vector<std::pair<std::uint32_t, double>> list = {{item, 1.0}};
    for (const std::uint32_t other : in_list) list.emplace_back(other, 1.0);
    auto q = shares_of(list);
    double sum = 0;
    for (const auto& [value, p] : shares_of(history)) {
      sum += p * std::log(p / (0.99 * q[value] + 0.01 * p));
    }
    return sum;
  };
  const auto worth = [&](const Scored& candidate) {
    const double relevance = best > worst ? (candidate.score - worst) / (best - worst) : 1;
    float similarity = 0;
    for (const std::uint32_t other : options.diversity > 0 ? in_list : Items()) {
      float one = 0;
      (*options.similarity)(other, Items{candidate.index}, std::span(&one, 1));
      similarity = std::max(similarity, one);
    }
    double result = (1 - options.diversity) * relevance - options.diversity * double{similarity};
    if (options.calibration) {
      const double c = options.calibration->weight;
      result = (1 - c) * result - c * divergence_with(candidate.index);
    }
    return result;
  };

  std::vector<Placed> list;
  for (std::size_t place = 0; place < options.k; ++place) {
    if (const auto pin = pins.find(place); pin != pins.end()) {
      list.push_back({.item = pin->second, .score = scores[pin->second], .is_pinned = true});
      continue;
    }
    const Scored* chosen = nullptr;
    for (const Scored& candidate : pool) {
      if (!fits(candidate.index)) continue;
      if (chosen == nullptr || worth(candidate) > worth(*chosen) + 1e-9) chosen = &candidate;
    }
    if (chosen == nullptr) continue;
    list.push_back({.item = chosen->index, .score = chosen->score});
    in_list.push_back(chosen->index);
  }
  return list;
}

TEST(FinalListTest, IsAsTheRuleWrittenOut) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Rng rng(seed);
    const auto n_items = static_cast<std::uint32_t>(1 + rng.below(30));
    std::vector<std::string> items;
    std::vector<Scored> candidates;
    Factors vectors(n_items, 3);
    for (float& value : vectors.values()) value = static_cast<float>(rng.uniform()) - 0.4F;
    for (std::uint32_t i = 0; i < n_items; ++i) {
      items.push_back(rng.below(5) == 0 ? "{}"
                                        : fmt::format(R"({{"d":"{}","g":[{},{}]}})", rng.below(6),
                                                      rng.below(4), rng.below(4)));
      if (rng.below(8) > 0) candidates.push_back({i, static_cast<float>(rng.uniform())});
    }
    const ItemProperties table = table_of(items);
    const Similarity similarity = cosine_similarity(vectors.view());
    std::vector<WeightedItem> history;
    for (std::uint32_t i = 0; i < n_items; i += 3) {
      history.push_back({i, static_cast<float>(1 + rng.below(3))});
    }
    FinalListOptions options{.k = rng.below(12), .similarity = &similarity};
    if (rng.below(2) == 0 && options.k > 2) options.pins = {{rng.below(options.k), n_items - 1}};
    if (rng.below(2) == 0) options.excluded = {static_cast<std::uint32_t>(rng.below(n_items))};
    if (rng.below(2) == 0) options.caps = {{"d", 1 + rng.below(2)}, {"g", 3}};
    if (rng.below(2) == 0) options.diversity = rng.uniform();
    if (rng.below(2) == 0) {
      options.calibration =
          Calibration{.property = "g", .history = history, .weight = rng.uniform()};
    }
    ASSERT_EQ(list_of(candidates, table, options), plain_list(candidates, table, options)) << seed;
  }
}

TEST(ExplorationTest, TheSameSeedGivesTheSameListAndAnotherAnother) {
  std::vector<Scored> candidates;
  for (std::uint32_t i = 0; i < 50; ++i) candidates.push_back({i, static_cast<float>(i)});
  for (const Method method : {Method::epsilon_greedy, Method::plackett_luce}) {
    const auto with = [&](std::uint64_t seed) {
      return items_of(
          candidates, kNoProperties,
          {.k = 10,
           .exploration = {.method = method, .rate = 0.9, .temperature = 1, .seed = seed}});
    };
    EXPECT_EQ(with(1), with(1));
    EXPECT_NE(with(1), with(2));
    const Items list = with(3);
    EXPECT_EQ(std::set<std::uint32_t>(list.begin(), list.end()).size(), 10U);
  }
}

// How often each list comes is what its propensities multiply to. Three candidates, two places:
// six lists. 20,000 draws: a standard deviation is at most 0.0036.
TEST(ExplorationTest, PropensitiesAreHowOftenListsCome) {
  const std::vector<Scored> candidates = {{0, 2}, {1, 1}, {2, 0}};
  for (const Method method : {Method::epsilon_greedy, Method::plackett_luce}) {
    std::map<Items, double> frequency;
    std::map<Items, double> propensity;
    constexpr int kDraws = 20'000;
    for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
      const std::vector<Placed> list = list_of(
          candidates, kNoProperties,
          {.k = 2,
           .exploration = {.method = method, .rate = 0.6, .temperature = 0.7, .seed = seed}});
      const Items items = {list[0].item, list[1].item};
      frequency[items] += 1.0 / kDraws;
      propensity[items] = list[0].propensity * list[1].propensity;
    }
    ASSERT_EQ(frequency.size(), 6U);
    double sum = 0;
    for (const auto& [items, p] : propensity) {
      EXPECT_NEAR(frequency[items], p, 0.016) << items[0] << ' ' << items[1];
      sum += p;
    }
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

// Worths 1, 0.5 and 0: exp(worth / 0.5) are e^2, e and 1.
TEST(ExplorationTest, PlackettLuceDrawsByTheExponentOfWorth) {
  const std::vector<Scored> candidates = {{0, 2}, {1, 1}, {2, 0}};
  const double e = std::exp(1.0);
  const std::vector<Placed> list = list_of(
      candidates, kNoProperties,
      {.k = 3, .exploration = {.method = Method::plackett_luce, .temperature = 0.5, .seed = 5}});
  std::vector<double> weights = {e * e, e, 1};
  for (const Placed& placed : list) {
    const double sum = weights[0] + weights[1] + weights[2];
    EXPECT_NEAR(placed.propensity, weights[placed.item] / sum, 1e-12);
    weights[placed.item] = 0;
  }
  // Cold enough, and chance has no say.
  EXPECT_EQ(
      items_of(candidates, kNoProperties,
               {.k = 3, .exploration = {.method = Method::plackett_luce, .temperature = 0.001}}),
      (Items{0, 1, 2}));
}

TEST(ExplorationTest, KeepsToCapsExclusionsAndPins) {
  const ItemProperties table = table_of({R"({"d":"x"})", R"({"d":"x"})", R"({"d":"x"})"});
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<Placed> list =
        list_of(kFive, table,
                {.k = 3,
                 .pins = {{1, 9}},
                 .excluded = {4},
                 .caps = {{"d", 1}},
                 .exploration = {.method = Method::epsilon_greedy, .rate = 1, .seed = seed}});
    ASSERT_EQ(list.size(), 3U);
    EXPECT_EQ(list[1], (Placed{.item = 9, .score = 0, .is_pinned = true}));
    EXPECT_EQ(std::ranges::count_if(list, [](const Placed& p) { return p.item < 3; }), 1);
    EXPECT_EQ(std::ranges::count(list, 3U, &Placed::item), 1);
    // Four fit at first; then either item 3 alone, or the three others.
    EXPECT_EQ(list[0].propensity, 0.25);
    EXPECT_NEAR(list[2].propensity, list[0].item == 3 ? 1.0 / 3 : 1, 1e-12);
  }
}

TEST(FinalListTest, OptionsOutOfBoundsAreRefusedByName) {
  EXPECT_EQ(options_trouble({.k = 2, .pins = {{2, 1}}}), "a pin's place must be below k, 2, not 2");
  EXPECT_EQ(options_trouble({.k = 2, .pins = {{1, 1}, {1, 2}}}), "place 1 is pinned twice");
  EXPECT_EQ(options_trouble({.k = 2, .pins = {{0, 1}, {1, 1}}}),
            "an item is pinned twice, at place 1 too");
  EXPECT_EQ(options_trouble({.diversity = 1.5}), "diversity must be from 0 to 1, not 1.5");
  EXPECT_EQ(options_trouble({.diversity = NAN}), "diversity must be from 0 to 1, not nan");
  EXPECT_EQ(options_trouble({.diversity = 0.5}),
            "diversity needs vectors of items, and there are none");
  FinalListOptions options;
  options.calibration = Calibration{.property = "g", .history = {}, .weight = -1};
  EXPECT_EQ(options_trouble(options), "calibration weight must be from 0 to 1, not -1");
  const std::vector<WeightedItem> history = {{1, 0.0F}};
  options.calibration = Calibration{.property = "g", .history = history};
  EXPECT_EQ(options_trouble(options), "weights of the history must be above 0 and finite, not 0");
  EXPECT_EQ(options_trouble({.exploration = {.method = Method::epsilon_greedy, .rate = 2}}),
            "exploration rate must be from 0 to 1, not 2");
  EXPECT_EQ(options_trouble({.exploration = {.method = Method::plackett_luce, .temperature = 0}}),
            "exploration temperature must be from 0.001 to 1000, not 0");
}

}  // namespace
}  // namespace coseno
