#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "coseno/offline.h"
#include "offline/offline_testing.h"

namespace coseno {
namespace {

TEST(RatingsTest, AJsonMatrixGivesNumbersInTheOrderOfAppearance) {
  const auto ratings = Ratings::parse(R"({"ann": {"tea": 5, "jam": 4}, "bob": {"rum": 3}})");
  ASSERT_TRUE(ratings) << message(ratings);
  EXPECT_EQ(ratings->n_users(), 2);
  EXPECT_EQ(ratings->n_items(), 3);
  EXPECT_EQ(ratings->size(), 3);
  EXPECT_TRUE(ratings->has_values());
  EXPECT_EQ(ratings->user(1), "bob");
  EXPECT_EQ(ratings->item(2), "rum");
  EXPECT_EQ(ratings->find_item("jam"), 1);
  EXPECT_EQ(ratings->find_user("eve"), std::nullopt);
  EXPECT_EQ(ratings->item(3), "");
  EXPECT_EQ(ratings->user(4'000'000'000), "");
}

TEST(RatingsTest, ParseAndReadRefuseWithThePlace) {
  EXPECT_EQ(message(Ratings::parse("ann,tea,5\nann,jam,x\n")).substr(0, 9), "text:2:9:");
  EXPECT_EQ(Ratings::read("/nowhere/ratings.csv").error().code, ErrorCode::not_found);
  EXPECT_EQ(
      message(Ratings::parse("a,b\n", {.format = "xml"})),
      "format must be json-matrix, json-lines, csv, tsv, double-colon or user-lines, not xml");
  EXPECT_EQ(message(Ratings::parse("a,b\n", {.repeats = "mean"})),
            "repeats must be last, first, sum or max, not mean");
}

TEST(RatingsTest, AReadingCanBeStopped) {
  const auto ratings = Ratings::parse("ann,tea,5\n", {.watch = {.cancelled = [] { return true; }}});
  ASSERT_FALSE(ratings);
  EXPECT_EQ(ratings.error().code, ErrorCode::cancelled);
}

TEST(RatingsTest, RatingsOfOnesArePlainActs) {
  const std::array acts{Rating{"ann", "tea"}, Rating{"bob", "tea"}};
  EXPECT_FALSE(Ratings::from(acts)->has_values());
  const std::array ratings{Rating{"ann", "tea", 1}, Rating{"bob", "tea", 2}};
  EXPECT_TRUE(Ratings::from(ratings)->has_values());
}

TEST(RatingsTest, RepeatsAreJoinedByTheRule) {
  const std::array ratings{Rating{"ann", "tea", 2}, Rating{"ann", "tea", 3}};
  EXPECT_EQ(Ratings::from(ratings, "sum")->size(), 1);
  EXPECT_FALSE(Ratings::from(ratings, "mean"));
}

TEST(RatingsTest, ABadRatingIsRefusedWithItsPlace) {
  const Rating good{"ann", "tea"};
  const std::string long_id(513, 'x');
  EXPECT_EQ(message(Ratings::from(std::array{good, Rating{"", "tea"}})),
            "rating 1: the user id is empty");
  EXPECT_EQ(message(Ratings::from(std::array{good, Rating{"ann", "\xff"}})),
            "rating 1: the item id is no UTF-8");
  EXPECT_EQ(message(Ratings::from(std::array{Rating{"ann", "tea", std::nanf("")}})),
            "rating 0: value must be a finite number, not nan");
  EXPECT_EQ(message(Ratings::from(std::array{good, Rating{"ann", "tea", 1, 7}})),
            "rating 1: has a time, where rating 0 has none");
  EXPECT_FALSE(Ratings::from(std::array{Rating{long_id, "tea"}}));
}

// Rows as SciPy has them: user 0 has items 2 and 0, user 1 none, user 2 item 2 twice and a zero.
struct Rows {
  std::vector<std::int64_t> begin{0, 2, 2, 5};
  std::vector<std::int32_t> columns{2, 0, 2, 1, 2};
  std::vector<float> values{1, 4, 1, 0, 2};

  SparseRows rows() const { return {3, 3, begin, columns, values}; }
};

TEST(SparseRatingsTest, IdsAreTheNumbersAndZerosAreNone) {
  const Rows rows;
  const auto ratings = Ratings::from(rows.rows());
  ASSERT_TRUE(ratings) << message(ratings);
  EXPECT_EQ(ratings->n_users(), 3);
  EXPECT_EQ(ratings->n_items(), 3);
  EXPECT_EQ(ratings->size(), 3);  // (0, 2), (0, 0) and (2, 2), which is there twice
  EXPECT_EQ(ratings->user(1), "1");
  EXPECT_EQ(ratings->find_item("2"), 2);
  EXPECT_TRUE(ratings->has_values());
}

TEST(SparseRatingsTest, WithoutValuesEachIsAPlainAct) {
  const Rows rows;
  const auto ratings = Ratings::from({3, 3, rows.begin, rows.columns});
  ASSERT_TRUE(ratings);
  EXPECT_EQ(ratings->size(), 4);
  EXPECT_TRUE(ratings->has_values());  // what is there twice counts 2
}

TEST(SparseRatingsTest, ArraysThatDoNotFitTogetherAreRefused) {
  const auto refused = [](const Rows& rows) { return message(Ratings::from(rows.rows())); };
  EXPECT_EQ(refused({.begin = {0, 2, 2}}), "row_begin must have 4 numbers for 3 rows, not 3");
  EXPECT_EQ(refused({.begin = {0, 2, 1, 5}}), "row_begin must rise from 0 to 5 at most");
  EXPECT_EQ(refused({.begin = {1, 2, 2, 5}}), "row_begin must rise from 0 to 5 at most");
  EXPECT_EQ(refused({.begin = {-1, 2, 2, 5}}), "row_begin must rise from 0 to 5 at most");
  EXPECT_EQ(refused({.begin = {0, 2, 2, 6}}), "row_begin must rise from 0 to 5 at most");
  EXPECT_EQ(refused({.columns = {2, 0, 3, 1, 2}}), "row 2 has column 3, where there are 3");
  EXPECT_EQ(refused({.columns = {2, -1, 2, 1, 2}}), "row 0 has column -1, where there are 3");
  EXPECT_EQ(refused({.values = {1, 2}}), "there are 2 values for 5 columns");
  EXPECT_EQ(refused({.values = {1, std::numeric_limits<float>::infinity(), 1, 1, 1}}),
            "row 0, column 0: value must be finite, not inf");
  EXPECT_EQ(refused({.values = {1, 1, 3e38F, 1, 3e38F}}),
            "row 2, column 2: value must be finite, not inf");
}

// Ids of two billion rows take more memory than there is: told, not tried.
TEST(SparseRatingsTest, AMatrixThatMemoryCannotHoldIsRefused) {
  const std::vector<std::int64_t> begin{0};
  const auto ratings = Ratings::from({0, 100'000'000'000, begin, {}});
  ASSERT_FALSE(ratings);
  EXPECT_TRUE(ratings.error().code == ErrorCode::unavailable ||
              ratings.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace coseno
