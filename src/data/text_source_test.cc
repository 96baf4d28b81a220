#include "data/text_source.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

namespace coseno {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream = {};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

// All that the source gives, asked for in pieces of an odd size.
Result<std::string> read_all(TextSource source) {
  std::string text;
  std::array<char, 1001> piece;
  for (;;) {
    COSENO_ASSIGN(n, source.read(piece));
    if (n == 0) return text;
    text.append(piece.data(), n);
  }
}

Result<std::string> unpacked(std::string_view bytes) {
  return read_all(TextSource::from_memory("ratings", bytes));
}

// Larger than the buffers, and not so regular that it packs into a few bytes.
std::string long_text() {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919 % 100'003) + "\n";
  return text;
}

TEST(TextSourceTest, PlainBytesArriveAsTheyAre) {
  EXPECT_EQ(unpacked("ann,tea\n").value(), "ann,tea\n");
  EXPECT_EQ(unpacked("").value(), "");
  EXPECT_EQ(unpacked("a").value(), "a");
}

TEST(TextSourceTest, GzipAndZstdAreUnpacked) {
  const std::string text = long_text();
  EXPECT_EQ(unpacked(gzip(text)).value(), text);
  EXPECT_EQ(unpacked(zstd(text)).value(), text);
  EXPECT_EQ(unpacked(gzip("")).value(), "");
  EXPECT_EQ(unpacked(zstd("")).value(), "");
}

// As `cat a.gz b.gz` makes them.
TEST(TextSourceTest, PackedFilesInARowAreOneText) {
  EXPECT_EQ(unpacked(gzip("ann\n") + gzip("bob\n")).value(), "ann\nbob\n");
  EXPECT_EQ(unpacked(zstd("ann\n") + zstd("bob\n")).value(), "ann\nbob\n");
}

TEST(TextSourceTest, ZerosBehindGzipArePadding) {
  const std::string padded = gzip("ann\n") + std::string(512, '\0');
  EXPECT_EQ(unpacked(padded).value(), "ann\n");
  EXPECT_EQ(unpacked(padded + gzip("bob\n")).value(), "ann\nbob\n");
  EXPECT_TRUE(unpacked(padded + "more").error().message.contains("damaged"));
}

TEST(TextSourceTest, EveryCutIsSeen) {
  for (const std::string& packed : {gzip("ann,tea\nbob,jam\n"), zstd("ann,tea\nbob,jam\n")}) {
    for (std::size_t n = 4; n < packed.size(); ++n) {
      const auto text = unpacked(std::string_view(packed).substr(0, n));
      ASSERT_FALSE(text) << n;
      EXPECT_EQ(text.error().code, ErrorCode::corrupt);
      EXPECT_EQ(text.error().message,
                "ratings: at byte " + std::to_string(n) +
                    ": the compressed data ends too early: the file is cut short");
    }
  }
}

TEST(TextSourceTest, DamageIsToldWithItsPlace) {
  std::string packed = gzip(long_text());
  packed[packed.size() - 6] ^= 1;  // in the checksum
  const auto text = unpacked(packed);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(text.error().message.starts_with("ratings: at byte ")) << text.error().message;
  EXPECT_TRUE(text.error().message.contains("the gzip data is damaged")) << text.error().message;

  packed = zstd(long_text()) + "more";
  EXPECT_TRUE(unpacked(packed).error().message.contains("the zstd data is damaged"));
}

TEST(TextSourceTest, ProgressCountsPackedBytes) {
  const std::string packed = gzip(long_text());
  TextSource source = TextSource::from_memory("ratings", packed);
  std::array<char, 100> piece;
  ASSERT_TRUE(source.read(piece));
  EXPECT_EQ(source.bytes_total(), packed.size());
  EXPECT_LT(source.bytes_done(), packed.size());
  while (source.read(piece).value() > 0) {
  }
  EXPECT_EQ(source.bytes_done(), packed.size());
}

TEST(TextSourceTest, AFileIsRead) {
  const std::string path = testing::TempDir() + "/text_source_test.txt";
  std::ofstream(path) << "ann,tea\n";
  EXPECT_EQ(read_all(TextSource::open(path).value()).value(), "ann,tea\n");
  std::filesystem::remove(path);
}

TEST(TextSourceTest, AnAbsentFileAndADirectoryAreRefused) {
  const auto absent = TextSource::open("/nowhere/ratings.csv");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  EXPECT_EQ(absent.error().message, "/nowhere/ratings.csv: No such file or directory");

  const auto directory = TextSource::open("/");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message, "/: is a directory, not a file");
}

}  // namespace
}  // namespace coseno
