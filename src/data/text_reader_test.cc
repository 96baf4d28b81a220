#include "data/text_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace coseno {
namespace {

TextReader reader_of(std::string_view bytes) {
  static Progress silent;
  return TextReader(TextSource::from_memory("text", bytes), silent);
}

Result<std::vector<std::string>> lines_of(std::string_view bytes) {
  TextReader text = reader_of(bytes);
  std::vector<std::string> lines;
  for (;;) {
    COSENO_ASSIGN(has_line, text.next_line());
    if (!has_line) return lines;
    lines.emplace_back(text.line());
  }
}

Result<std::string> blocks_of(std::string_view bytes) {
  TextReader text = reader_of(bytes);
  std::string all;
  for (;;) {
    COSENO_ASSIGN(block, text.next_block());
    if (block.empty()) return all;
    all += block;
  }
}

std::string text_error(const auto& result) {
  return result ? std::string("no error") : result.error().message;
}

using Texts = std::vector<std::string>;

TEST(TextReaderTest, LinesEndWithEitherKindOfLineEnd) {
  EXPECT_EQ(lines_of("a\nb\n").value(), (Texts{"a", "b"}));
  EXPECT_EQ(lines_of("a\r\nb\r\n").value(), (Texts{"a", "b"}));
  EXPECT_EQ(lines_of("a\n\nb").value(), (Texts{"a", "", "b"}));
}

TEST(TextReaderTest, AByteOrderMarkIsDropped) {
  EXPECT_EQ(lines_of("\xEF\xBB\xBF"
                     "a\n")
                .value(),
            Texts{"a"});
  EXPECT_EQ(blocks_of("\xEF\xBB\xBF"
                      "a\n")
                .value(),
            "a\n");
}

// The window moves and grows: lines of all lengths around its size must come out whole.
TEST(TextReaderTest, LongLinesComeOutWhole) {
  Texts lines;
  for (const std::size_t size : {10UZ, 65'536UZ, 262'143UZ, 262'144UZ, 262'145UZ, 900'000UZ, 3UZ}) {
    lines.emplace_back(size, static_cast<char>('a' + lines.size()));
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  EXPECT_EQ(lines_of(text).value(), lines);
  EXPECT_EQ(blocks_of(text).value(), text);
}

TEST(TextReaderTest, HeadDoesNotMoveOn) {
  TextReader text = reader_of("a\nb\n");
  EXPECT_EQ(text.head().value(), "a\nb\n");
  ASSERT_TRUE(text.next_line().value());
  EXPECT_EQ(text.line(), "a");
}

// Three bytes a character, so that blocks are bound to end inside one.
TEST(TextReaderTest, BlocksHoldWholeCharacters) {
  std::string text = "x";
  for (int i = 0; i < 300'000; ++i) text += "\u20AC";
  EXPECT_EQ(blocks_of(text).value(), text);
}

TEST(TextReaderTest, BrokenUtf8IsToldByLineAndColumn) {
  EXPECT_EQ(text_error(lines_of("ann\nb\xC3(\n")), "text:2:2: not valid UTF-8");
  EXPECT_EQ(text_error(blocks_of("ann\nb\xC3(\n")), "text:2:2: not valid UTF-8");
  EXPECT_EQ(text_error(blocks_of("ann\n\xE2\x82")), "text:2:1: not valid UTF-8");
}

TEST(TextReaderTest, WhatIsNoTextIsRefused) {
  EXPECT_EQ(text_error(lines_of("")), "text: the file is empty");
  EXPECT_EQ(text_error(lines_of(" \n\r\n")), "text: the file is empty");
  EXPECT_EQ(text_error(lines_of(std::string_view("a\0b", 3))),
            "text: is a binary file, not text (a zero byte at byte 1)");
  EXPECT_EQ(text_error(lines_of("PK\x03\x04...")),
            "text: is a zip archive: unpack it first (gzip and zstd are read as they are)");
  EXPECT_EQ(text_error(lines_of(std::string_view("\xFF\xFE"
                                                 "a\0",
                                                 4))),
            "text: is UTF-16: convert it to UTF-8");
}

// Behind the first 64 KiB, where it cannot be seen at once.
TEST(TextReaderTest, AZeroByteFurtherOnIsToldByLineAndColumn) {
  std::string text(400'000, 'a');
  text += "\nbb";
  text += '\0';
  EXPECT_EQ(text_error(lines_of(text)), "text:2:3: a zero byte: the file is not text");
  EXPECT_EQ(text_error(blocks_of(text)), "text:2:3: a zero byte: the file is not text");
}

TEST(TextReaderTest, AnEndlessLineIsRefused) {
  const std::string text(TextReader::kMaxLineBytes + 1'000'000, 'a');
  EXPECT_EQ(text_error(lines_of("x\n" + text)), "text:2:1: the line is longer than 64 MiB");
}

TEST(TextReaderTest, CancellingEndsTheReading) {
  struct Cancelled : Progress {
    bool cancelled() const override { return true; }
  } progress;
  TextReader text(TextSource::from_memory("text", "a\n"), progress);
  const auto line = text.next_line();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::cancelled);
}

TEST(TextReaderTest, ProgressReachesTheTotal) {
  struct Recorder : Progress {
    void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
                std::string_view) override {
      EXPECT_EQ(stage, "reading");
      EXPECT_GE(done, last_done);
      last_done = done;
      last_total = total;
    }
    std::uint64_t last_done = 0;
    std::uint64_t last_total = 0;
  } progress;
  const std::string bytes = "a" + std::string(1'000'000, '\n');
  TextReader text(TextSource::from_memory("text", bytes), progress);
  while (text.next_line().value()) {
  }
  EXPECT_EQ(progress.last_done, 1'000'001U);
  EXPECT_EQ(progress.last_total, 1'000'001U);
}

TEST(QuoteTest, IsShortAndPrintable) {
  EXPECT_EQ(quote("tea"), "'tea'");
  EXPECT_EQ(quote("a\tb"), "'a?b'");
  EXPECT_EQ(quote(std::string(50, 'x')), fmt::format("'{:x>40}...'", ""));
  // Cut before the character that does not fit whole.
  EXPECT_EQ(quote(std::string(39, 'x') + "\u20AC\u20AC"), fmt::format("'{:x>39}...'", ""));
}

}  // namespace
}  // namespace coseno
