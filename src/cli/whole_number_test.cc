#include "cli/whole_number.h"

#include <gtest/gtest.h>

namespace coseno::cli {
namespace {

TEST(WholeNumberTest, DigitsInRangeAreTaken) {
  const Check seed = whole_number(0);
  for (const char* const text : {"0", "7", "10", "18446744073709551615"}) {
    EXPECT_EQ(seed(text), "") << text;
  }
}

TEST(WholeNumberTest, WhatIsNoNumberOrReadsAsAnotherIsRefused) {
  const Check seed = whole_number(0);
  for (const char* const text :
       {"", "-1", "+1", " 1", "1 ", "1.5", "1e3", "010", "0x10", "ten", "18446744073709551616"}) {
    EXPECT_NE(seed(text), "") << text;
  }
}

TEST(WholeNumberTest, BoundsAreIncludedAndTold) {
  const Check folds = whole_number(2, 100);
  EXPECT_EQ(folds("2"), "");
  EXPECT_EQ(folds("100"), "");
  EXPECT_EQ(folds("101"), "must be a whole number in [2, 100], not 101");
  EXPECT_NE(folds("1"), "");
}

}  // namespace
}  // namespace coseno::cli
