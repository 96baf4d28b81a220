#include "data/format_detection.h"

#include <gtest/gtest.h>

#include <string>

namespace coseno {
namespace {

TEST(DetectFormatTest, JsonByItsFirstValue) {
  EXPECT_EQ(detect_format("{\"u\": {\"i\": 4}}"), InteractionFormat::json_matrix);
  EXPECT_EQ(detect_format("{\n  \"a\\\"b\" :\n {"), InteractionFormat::json_matrix);
  EXPECT_EQ(detect_format("{}"), InteractionFormat::json_matrix);
  EXPECT_EQ(detect_format("{\"user\": \"u\", \"item\": \"i\"}\n"), InteractionFormat::json_lines);
  EXPECT_EQ(detect_format("\n{\"user\": 1, \"item\": 2}"), InteractionFormat::json_lines);
}

TEST(DetectFormatTest, DelimitersThatStandEquallyOftenInEachLine) {
  EXPECT_EQ(detect_format("1::2::5\n1::3::4\n"), InteractionFormat::double_colon);
  EXPECT_EQ(detect_format("1\t2\t5\n1\t3\t4\n"), InteractionFormat::tsv);
  EXPECT_EQ(detect_format("1,2,5\r\n1,3,4\r\n"), InteractionFormat::csv);
  // Tabs separate; commas are in the ids, in some.
  EXPECT_EQ(detect_format("a,b\tx\nc\ty\n"), InteractionFormat::tsv);
  EXPECT_EQ(detect_format("a::b,x\nc,y\n"), InteractionFormat::csv);
}

TEST(DetectFormatTest, BlanksAloneAreUserLines) {
  EXPECT_EQ(detect_format("1 2 3\n2 3\n"), InteractionFormat::user_lines);
  EXPECT_EQ(detect_format("ann\nbob\n"), InteractionFormat::user_lines);
}

// A line that the end of the head cuts must not count.
TEST(DetectFormatTest, ACutLastLineIsNotJudged) {
  EXPECT_EQ(detect_format("a::b,x\nc::d,y\ne:"), InteractionFormat::double_colon);
}

// The first line decides where lines differ.
TEST(DetectFormatTest, UnevenLinesGoByTheFirst) {
  EXPECT_EQ(detect_format("user,item,rating\nann,\"tea, green\",4\n"), InteractionFormat::csv);
}

}  // namespace
}  // namespace coseno
