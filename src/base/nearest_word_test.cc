#include "base/nearest_word.h"

#include <gtest/gtest.h>

#include <array>

namespace coseno {
namespace {

constexpr std::array<std::string_view, 3> kKnown = {"genre", "year", "gear"};

TEST(NearestWordTest, OneLetterMissingChangedOrTooManyIsNear) {
  EXPECT_EQ(nearest_word("gnre", kKnown), "genre");
  EXPECT_EQ(nearest_word("gemre", kKnown), "genre");
  EXPECT_EQ(nearest_word("genres", kKnown), "genre");
}

TEST(NearestWordTest, TheNearestIsTakenAndTheFirstOfTwo) {
  EXPECT_EQ(nearest_word("gear", kKnown), "gear");
  EXPECT_EQ(nearest_word("pear", kKnown), "year");  // one letter from both year and gear
}

TEST(NearestWordTest, ThreeLettersAreTooFar) {
  EXPECT_EQ(nearest_word("director", kKnown), "");
  EXPECT_EQ(nearest_word("genrefoo", kKnown), "");
  EXPECT_EQ(nearest_word("year", {}), "");
}

}  // namespace
}  // namespace coseno
