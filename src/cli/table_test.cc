#include "cli/table.h"

#include <gtest/gtest.h>

namespace coseno::cli {
namespace {

TEST(TableTest, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"rank", Table::Align::right},
               {"item", Table::Align::left},
               {"score", Table::Align::right}});
  table.add_row({"1", "apple tea", "2"});
  table.add_row({"10", "jam", "10.5"});
  EXPECT_EQ(table.text(),
            "rank  item       score\n"
            "   1  apple tea      2\n"
            "  10  jam         10.5\n");
}

TEST(TableTest, LastColumnOnTheLeftLeavesNoBlanksBehind) {
  Table table({{"item", Table::Align::left}, {"title", Table::Align::left}});
  table.add_row({"1", "a"});
  EXPECT_EQ(table.text(), "item  title\n1     a\n");
}

// "café" has five bytes and four characters.
TEST(TableTest, WidthsCountCharactersNotBytes) {
  Table table({{"x", Table::Align::left}, {"y", Table::Align::left}});
  table.add_row({"café", "1"});
  table.add_row({"cafe", "2"});
  EXPECT_EQ(table.text(), "x     y\ncafé  1\ncafe  2\n");
}

TEST(TableTest, TextOfStrangersCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1B[31mb\nc\x7F"), "a?[31mb?c?");
  EXPECT_EQ(printable("Amélie (2001)"), "Amélie (2001)");
}

TEST(TableTest, CountsAreWholeAndScoresHaveFourPlaces) {
  EXPECT_EQ(score_text(583), "583");
  EXPECT_EQ(score_text(0.123456F), "0.1235");
  EXPECT_EQ(score_text(-4.5F), "-4.5000");
}

}  // namespace
}  // namespace coseno::cli
