#include "data/text_values.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coseno {
namespace {

TEST(TextValuesTest, NumbersAreWholeFields) {
  EXPECT_EQ(parse_number("4"), 4);
  EXPECT_EQ(parse_number("-0.5"), -0.5);
  EXPECT_EQ(parse_number("1e3"), 1000);
  for (const std::string_view text : {"", "abc", "4 ", " 4", "4x", "+4", "4,5", "0x1p3", "--1"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(TextValuesTest, RatingsAreFiniteFloats) {
  EXPECT_EQ(parse_rating("3.5"), 3.5F);
  EXPECT_EQ(parse_rating("3.4028234663852886e38"), 3.4028234663852886e38F);
  for (const std::string_view text : {"nan", "inf", "-inf", "1e999", "-1e999", "1e39", "four"}) {
    EXPECT_EQ(parse_rating(text), std::nullopt) << text;
  }
  EXPECT_EQ(rating_trouble("four"), "rating 'four' is not a number");
  EXPECT_EQ(rating_trouble("nan"),
            "rating 'nan' is not a finite number of 32 bits (at most 3.4e38)");
  EXPECT_EQ(rating_trouble(""), "the rating is empty");
}

TEST(TextValuesTest, TimesAreUnixSeconds) {
  EXPECT_EQ(parse_time("881250949"), 881250949);
  EXPECT_EQ(parse_time("881250949.0"), 881250949);
  EXPECT_EQ(parse_time("1396437466.94"), 1396437466);
  EXPECT_EQ(parse_time("-0.5"), -1);
  for (const std::string_view text : {"", "nan", "inf", "1e300", "now", "99999999999999999999"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

// `date -u -d 2014-04-07T10:51:09Z +%s` gives 1396867869.
TEST(TextValuesTest, TimesMayBeWrittenOut) {
  EXPECT_EQ(parse_time("2014-04-07T10:51:09Z"), 1396867869);
  EXPECT_EQ(parse_time("2014-04-07t10:51:09.277z"), 1396867869);
  EXPECT_EQ(parse_time("2014-04-07 10:51:09"), 1396867869);
  EXPECT_EQ(parse_time("2014-04-07T12:51:09+02:00"), 1396867869);
  EXPECT_EQ(parse_time("2014-04-07T05:21:09-05:30"), 1396867869);
  EXPECT_EQ(parse_time("1970-01-01"), 0);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59Z"), -1);
  EXPECT_EQ(parse_time("2000-02-29"), 951782400);
}

TEST(TextValuesTest, NoSuchDayOrHour) {
  for (const std::string_view text :
       {"2014-02-29", "2014-13-01", "2014-00-10", "2014-04-07T24:00:00Z", "2014-04-07T10:60:00Z",
        "2014-04-07T10:51Z", "2014-04-07T10:51:09.Z", "2014-04-07T10:51:09+2", "2014-4-7",
        "2014-04-07X10:51:09Z", "2014-04-07T10:51:09Zulu", "2014-04-07T"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(TextValuesTest, IdsAreOneTo512Bytes) {
  EXPECT_TRUE(is_valid_id("a"));
  EXPECT_TRUE(is_valid_id(std::string(512, 'a')));
  EXPECT_FALSE(is_valid_id(""));
  EXPECT_FALSE(is_valid_id(std::string(513, 'a')));
  EXPECT_EQ(id_trouble("item id", ""), "the item id is empty");
  EXPECT_EQ(id_trouble("item id", std::string(513, 'a')),
            "the item id '" + std::string(40, 'a') + "...' is 513 bytes long: at most 512");
}

}  // namespace
}  // namespace coseno
