#include "data/utf8.h"

#include <gtest/gtest.h>

namespace coseno {
namespace {

TEST(Utf8Test, ValidTextHasNothingInvalid) {
  for (const std::string_view text :
       {"", "tea", "th\u00E9", "\u20AC", "\U0001F375", "\uD7FF\uE000", "\U0010FFFF"}) {
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt) << text;
  }
}

// Table 3-7 of the Unicode standard, from its edges.
TEST(Utf8Test, InvalidBytesAreFoundWhereTheyStand) {
  EXPECT_EQ(find_invalid_utf8("ab\x80"), 2U);            // a continuation alone
  EXPECT_EQ(find_invalid_utf8("a\xC3"), 1U);             // cut
  EXPECT_EQ(find_invalid_utf8("a\xC3(b"), 1U);           // a continuation is missing
  EXPECT_EQ(find_invalid_utf8("\xC1\xBF"), 0U);          // overlong
  EXPECT_EQ(find_invalid_utf8("\xE0\x9F\xBF"), 0U);      // overlong
  EXPECT_EQ(find_invalid_utf8("\xED\xA0\x80"), 0U);      // a surrogate
  EXPECT_EQ(find_invalid_utf8("\xF0\x8F\xBF\xBF"), 0U);  // overlong
  EXPECT_EQ(find_invalid_utf8("\xF4\x90\x80\x80"), 0U);  // above U+10FFFF
  EXPECT_EQ(find_invalid_utf8("\xF5\x80\x80\x80"), 0U);  // no such lead
  EXPECT_EQ(find_invalid_utf8("\u00E9\xE9 caf"), 2U);    // Latin-1 behind UTF-8
}

TEST(Utf8Test, PlainAsciiHasNoHighAndNoZeroBytes) {
  EXPECT_TRUE(is_plain_ascii(""));
  EXPECT_TRUE(is_plain_ascii("ann\ttea\x7F\n"));
  EXPECT_FALSE(is_plain_ascii("th\u00E9"));
  EXPECT_FALSE(is_plain_ascii(std::string_view("a\0b", 3)));
}

TEST(Utf8Test, WholeCharactersLeaveOutACutOne) {
  const std::string_view euro = "a\u20AC";  // 1 and 3 bytes
  EXPECT_EQ(whole_characters(euro), 4U);
  EXPECT_EQ(whole_characters(euro.substr(0, 3)), 1U);
  EXPECT_EQ(whole_characters(euro.substr(0, 2)), 1U);
  EXPECT_EQ(whole_characters(""), 0U);
  // Broken text is left for find_invalid_utf8.
  EXPECT_EQ(whole_characters("\x80\x80\x80\x80"), 4U);
}

TEST(Utf8Test, Latin1BecomesUtf8) {
  EXPECT_EQ(latin1_to_utf8("Mis\xE9rables, Les"), "Mis\u00E9rables, Les");
  EXPECT_EQ(latin1_to_utf8("\x80\xFF"), "\u0080\u00FF");
}

}  // namespace
}  // namespace coseno
