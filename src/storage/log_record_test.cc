#include "storage/log_record.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coseno {
namespace {

using Kind = LogRecord::Kind;

const std::vector<LogRecord>& one_of_each() {
  static const std::vector<LogRecord> records = {
      {.kind = Kind::event,
       .position = 1,
       .user = UserIndex{7},
       .item = ItemIndex{0xfffffffe},
       .type = TypeIndex{999},
       .value = -2.5F,
       .time_ms = -1,
       .has_event_id = true},
      {.kind = Kind::event, .position = 2},
      {.kind = Kind::retraction, .position = 3, .target = 0x0102030405060708},
      {.kind = Kind::erasure, .position = 4, .user = UserIndex{9}},
      {.kind = Kind::settings, .position = 5, .text = R"({"view": 1})"},
      {.kind = Kind::settings, .position = 6},
  };
  return records;
}

std::string bytes_of(const LogRecord& record) {
  std::string bytes;
  encode_log_record(record, record.has_event_id, bytes);
  return bytes;
}

std::string refusal(std::string_view bytes) {
  LogRecord record;
  const Result<void> decoded = decode_log_record(12, bytes, record);
  if (decoded) return "";
  EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
  return decoded.error().message;
}

// The record is used again, so nothing of one may be left in the next.
TEST(LogRecordTest, ComesBackAsItWas) {
  LogRecord read;
  for (int round = 0; round < 2; ++round) {
    for (const LogRecord& record : one_of_each()) {
      ASSERT_TRUE(decode_log_record(record.position, bytes_of(record), read));
      EXPECT_EQ(read, record) << record.position;
    }
  }
}

// The layout of the header, so that another machine reads the same.
TEST(LogRecordTest, BytesAreThoseOfTheHeader) {
  EXPECT_EQ(
      bytes_of({.kind = Kind::event,
                .user = UserIndex{0x01020304},
                .item = ItemIndex{5},
                .type = TypeIndex{0x0607},
                .value = 1,
                .time_ms = 8,
                .has_event_id = true}),
      std::string("\x81\x04\x03\x02\x01\x05\0\0\0\x07\x06\0\0\x80\x3f\x08\0\0\0\0\0\0\0", 23));
  EXPECT_EQ(bytes_of({.kind = Kind::retraction, .target = 258}),
            std::string("\x02\x02\x01\0\0\0\0\0\0", 9));
  EXPECT_EQ(bytes_of({.kind = Kind::erasure, .user = UserIndex{1}}),
            std::string("\x03\x01\0\0\0", 5));
  EXPECT_EQ(bytes_of({.kind = Kind::settings, .text = "{}"}), "\x04{}");
}

TEST(LogRecordTest, EveryOtherLengthIsRefused) {
  for (const LogRecord& record : one_of_each()) {
    const std::string bytes = bytes_of(record);
    if (record.kind == Kind::settings) continue;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_NE(refusal(bytes.substr(0, size)), "") << size;
    }
    EXPECT_NE(refusal(bytes + "x"), "");
  }
  EXPECT_EQ(refusal("\x03\x01"), "log record at position 12: 2 bytes, where its kind has 5");
}

TEST(LogRecordTest, WhatNoRecordHoldsIsRefused) {
  EXPECT_EQ(refusal(""), "log record at position 12: empty");
  EXPECT_EQ(refusal(std::string("\0", 1)), "log record at position 12: unknown kind 0");
  EXPECT_EQ(refusal("\x05"), "log record at position 12: unknown kind 5");
  EXPECT_EQ(refusal("\x84{}"), "log record at position 12: an event id, but no event");
  std::string event = bytes_of(one_of_each()[1]);
  event[13] = '\x80';  // the two upper bytes of the value make it infinite
  event[14] = '\x7f';
  EXPECT_EQ(refusal(event), "log record at position 12: a value that is not finite");
}

}  // namespace
}  // namespace coseno
