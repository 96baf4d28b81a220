#include "data/generate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace coseno {
namespace {

using RowTuple = std::tuple<std::string, std::string, float, std::int64_t>;

std::vector<RowTuple> rows(const Generated& generated) {
  const Interactions& interactions = generated.interactions;
  std::vector<RowTuple> rows;
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    const Interactions::Row row = interactions.row(i);
    rows.emplace_back(interactions.users.id(row.user), interactions.items.id(row.interaction.item),
                      row.interaction.value, row.interaction.time);
  }
  return rows;
}

std::vector<std::string> genres_of(const Generated& generated, const std::string& item) {
  return std::get<std::vector<std::string>>(generated.items.find(item)->properties[0].value);
}

// Made once: the tests only look at it.
class GenerateTest : public testing::Test {
 protected:
  static const Generated& data() {
    static const Generated generated =
        *generate({.n_users = 1000, .n_items = 1000, .n_events = 40000, .seed = 1});
    return generated;
  }
};

TEST_F(GenerateTest, SameOptionsGiveTheSameBytes) {
  const auto again = generate({.n_users = 1000, .n_items = 1000, .n_events = 40000, .seed = 1});
  EXPECT_EQ(rows(data()), rows(*again));
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(data().items.records()[i].title, again->items.records()[i].title);
  }
}

TEST_F(GenerateTest, AnotherSeedGivesOtherData) {
  const auto other = generate({.n_users = 1000, .n_items = 1000, .n_events = 40000, .seed = 2});
  EXPECT_NE(rows(data()), rows(*other));
}

TEST_F(GenerateTest, EachPairOccursOnceInOrderOfTime) {
  const std::vector<RowTuple> all = rows(data());
  EXPECT_EQ(all.size(), 40000U);
  std::set<std::pair<std::string, std::string>> pairs;
  std::int64_t last = 1640995200;  // 2022-01-01
  const std::int64_t end = last + 2 * 365 * 86400;
  for (const auto& [user, item, value, time] : all) {
    EXPECT_TRUE(pairs.emplace(user, item).second) << user << " " << item;
    EXPECT_LE(last, time);
    EXPECT_LT(time, end);
    last = time;
  }
}

// Every rating is used, and four is the commonest.
TEST_F(GenerateTest, RatingsAreOneToFive) {
  std::map<float, std::size_t> n;
  for (const auto& [user, item, value, time] : rows(data())) ++n[value];
  EXPECT_EQ(n.size(), 5U);
  EXPECT_EQ(n.begin()->first, 1);
  EXPECT_EQ(n.rbegin()->first, 5);
  EXPECT_EQ(std::ranges::max_element(n, {}, &std::pair<const float, std::size_t>::second)->first,
            4);
}

TEST_F(GenerateTest, TheBestTenthOfItemsHaveOverAThirdOfTheEvents) {
  std::map<std::string, std::size_t> n;
  for (const auto& [user, item, value, time] : rows(data())) ++n[item];
  std::vector<std::size_t> counts;
  counts.reserve(n.size());
  for (const auto& [item, count] : n) counts.push_back(count);
  std::ranges::sort(counts, std::greater());
  std::size_t head = 0;
  for (std::size_t i = 0; i < 100; ++i) head += counts[i];
  EXPECT_GT(head, 40000U * 35 / 100);
  EXPECT_LT(head, 40000U * 80 / 100);
}

// Half of the items come out during the two years: those of the last half year are new.
TEST_F(GenerateTest, ItemsAppearOverTime) {
  std::set<std::string> first_year;
  std::set<std::string> all_items;
  for (const auto& [user, item, value, time] : rows(data())) {
    if (time < 1640995200 + 365 * 86400) first_year.insert(item);
    all_items.insert(item);
  }
  EXPECT_LT(first_year.size(), all_items.size() * 85 / 100);
  EXPECT_GT(first_year.size(), all_items.size() * 50 / 100);
}

// Ratings less the user's mean, multiplied for pairs of one user's items: what both share of a
// genre must make them alike, and of pairs without a common genre not.
TEST_F(GenerateTest, RatingsWithinAGenreAreAlike) {
  std::map<std::string, std::vector<std::pair<std::string, float>>> by_user;
  for (const auto& [user, item, value, time] : rows(data()))
    by_user[user].emplace_back(item, value);
  double sum[2] = {0, 0};
  double n[2] = {0, 0};
  for (const auto& [user, ratings] : by_user) {
    float mean = 0;
    for (const auto& [item, value] : ratings) mean += value;
    mean /= static_cast<float>(ratings.size());
    for (std::size_t i = 0; i + 1 < ratings.size(); ++i) {
      const auto genres = genres_of(data(), ratings[i].first);
      const bool is_shared = std::ranges::find_first_of(
                                 genres, genres_of(data(), ratings[i + 1].first)) != genres.end();
      sum[is_shared] += (ratings[i].second - mean) * (ratings[i + 1].second - mean);
      n[is_shared] += 1;
    }
  }
  EXPECT_GT(n[true], 1000);
  EXPECT_GT(sum[true] / n[true], sum[false] / n[false] + 0.03);
}

// Genres of an item match those of the user's item before it more often than chance.
TEST_F(GenerateTest, UsersKeepToTheirGenres) {
  const std::vector<RowTuple> all = rows(data());
  std::map<std::string, std::string> last_of_user;
  std::size_t n_same_user = 0;
  std::size_t n_any_user = 0;
  const auto is_shared = [](const std::string& a, const std::string& b) {
    const auto genres = genres_of(data(), a);
    return std::ranges::find_first_of(genres, genres_of(data(), b)) != genres.end();
  };
  for (std::size_t i = 1; i < all.size(); ++i) {
    const std::string& item = std::get<1>(all[i]);
    std::string& last = last_of_user[std::get<0>(all[i])];
    if (!last.empty()) {
      n_same_user += is_shared(last, item) ? 1 : 0;
      n_any_user += is_shared(std::get<1>(all[i - 1]), item) ? 1 : 0;
    }
    last = item;
  }
  EXPECT_GT(n_same_user, n_any_user * 12 / 10);
}

TEST_F(GenerateTest, EveryItemHasTitleYearAndOneToThreeGenres) {
  EXPECT_EQ(data().items.size(), 1000U);
  std::set<std::string> titles;
  std::set<std::string> genres;
  for (const Record& record : data().items.records()) {
    titles.insert(record.title);
    ASSERT_EQ(record.properties.size(), 2U);
    const std::string year = std::get<std::string>(record.properties[1].value);
    EXPECT_TRUE(record.title.ends_with(" (" + year + ")")) << record.title;
    const auto of_item = genres_of(data(), record.id);
    EXPECT_GE(of_item.size(), 1U);
    EXPECT_LE(of_item.size(), 3U);
    EXPECT_EQ(std::set(of_item.begin(), of_item.end()).size(), of_item.size());
    genres.insert(of_item.begin(), of_item.end());
  }
  EXPECT_GT(titles.size(), 950U);
  EXPECT_EQ(genres.size(), 18U);
}

// Half of all pairs, where proposals are nearly always taken already: it must end, with no repeat.
TEST_F(GenerateTest, DenseDataEnd) {
  const auto dense = generate({.n_users = 40, .n_items = 40, .n_events = 800, .seed = 3});
  ASSERT_TRUE(dense);
  std::set<std::pair<std::string, std::string>> pairs;
  for (const auto& [user, item, value, time] : rows(*dense)) pairs.emplace(user, item);
  EXPECT_EQ(pairs.size(), 800U);
}

TEST_F(GenerateTest, SmallestDataHaveOneEvent) {
  const auto smallest = generate({.n_users = 2, .n_items = 1, .n_events = 1});
  ASSERT_TRUE(smallest) << smallest.error().message;
  EXPECT_EQ(smallest->interactions.size(), 1U);
}

TEST_F(GenerateTest, RefusesCountsOutOfRange) {
  for (const GenerateOptions& options :
       {GenerateOptions{.n_users = 0}, GenerateOptions{.n_items = 0},
        GenerateOptions{.n_events = 0}, GenerateOptions{.n_users = 1'000'000'000}}) {
    const auto generated = generate(options);
    ASSERT_FALSE(generated);
    EXPECT_EQ(generated.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(generate({.n_users = 10, .n_items = 10, .n_events = 50}));
  EXPECT_FALSE(generate({.n_users = 10, .n_items = 10, .n_events = 51}));
}

TEST_F(GenerateTest, StopsWhenCancelled) {
  class Cancelled final : public Progress {
    bool cancelled() const override { return true; }
  } progress;
  EXPECT_EQ(generate({}, progress).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace coseno
