#include "storage/shown_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace coseno {
namespace {

ShownRecord some_record() {
  return {.key = {.time_ms = 1'700'000'000'123, .number = 2},
          .user = UserIndex{7},
          .position = 300,
          .snapshot = 4,
          .seed = 0xFFFFFFFFFFFFFFFF,
          .exploration = 0.25,
          .places = {{.item = ItemIndex{258}, .score = -1.5F, .propensity = 0.75},
                     {.item = ItemIndex{1}, .score = 0, .propensity = 1}}};
}

std::string encoded(const ShownRecord& record) {
  std::string bytes;
  encode_shown_record(record, bytes);
  return bytes;
}

bool is_good(std::string_view bytes) {
  ShownRecord record;
  return decode_shown_record({}, bytes, record).has_value();
}

TEST(ShownRecordTest, WhatIsWrittenIsRead) {
  ShownRecord of_nobody = some_record();
  of_nobody.user.reset();
  of_nobody.places.clear();
  ShownRecord read;
  for (const ShownRecord& record : {some_record(), of_nobody}) {
    ASSERT_TRUE(decode_shown_record(record.key, encoded(record), read));
    EXPECT_EQ(read, record);
  }
}

// The bytes are what docs/formats.md says, on any machine.
TEST(ShownRecordTest, BytesAreAsDescribed) {
  const std::string bytes = encoded(some_record());
  ASSERT_EQ(bytes.size(), 36U + 2 * 16U);
  EXPECT_EQ(bytes.substr(0, 12), std::string("\x07\0\0\0\x2c\x01\0\0\0\0\0\0", 12));
  EXPECT_EQ(bytes.substr(28, 8), std::string("\0\0\0\0\0\0\xd0\x3f", 8));      // 0.25
  EXPECT_EQ(bytes.substr(36, 8), std::string("\x02\x01\0\0\0\0\xc0\xbf", 8));  // 258, -1.5
  EXPECT_EQ(bytes.substr(44, 8), std::string("\0\0\0\0\0\0\xe8\x3f", 8));      // 0.75
}

TEST(ShownRecordTest, WhatIsNoRecordIsRefused) {
  const std::string bytes = encoded(some_record());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(is_good(bytes.substr(0, size)), size == 36 || size == 52) << size;
  }
  EXPECT_FALSE(is_good(bytes + "x"));
  const auto with = [&](std::size_t at, std::string_view part) {
    std::string changed = bytes;
    return changed.replace(at, part.size(), part);
  };
  EXPECT_FALSE(is_good(with(34, "\xf8\x7f")));  // exploration: no number
  EXPECT_FALSE(is_good(with(34, "\xf1\x3f")));  // above 1
  EXPECT_FALSE(is_good(with(42, "\x80\x7f")));  // an infinite score
  EXPECT_FALSE(is_good(with(50, "\xf1\x3f")));  // a propensity above 1
  EXPECT_FALSE(is_good(with(50, "\xe8\xbf")));  // below 0
}

TEST(ShownRecordTest, KeysLieInTheOrderOfTime) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::string before;
  for (const ShownKey key : {ShownKey{kLeast, 0}, ShownKey{-1, 0}, ShownKey{0, 0}, ShownKey{0, 1},
                             ShownKey{0, 256}, ShownKey{1, 0}, ShownKey{kMost, 0xFFFFFFFF}}) {
    const std::string bytes(shown_key(key).view());
    EXPECT_GT(bytes, before);
    EXPECT_EQ(shown_key_of(bytes), key);
    before = bytes;
  }
  EXPECT_EQ(shown_key_of("short"), std::nullopt);
}

}  // namespace
}  // namespace coseno
