// Each kernel against its plain version, on every instruction set that this processor has.
#include "math/code_kernels.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/rng.h"
#include "math/kernels_plain.h"
#include "math/target_testing.h"

namespace coseno {

static bool operator==(const RowHit& a, const RowHit& b) {
  return a.row == b.row && a.sum == b.sum;
}

namespace {

using Bytes = std::vector<std::uint8_t>;
using Codes = std::vector<std::int8_t>;
using Hits = std::vector<RowHit>;

constexpr float kNothing = -std::numeric_limits<float>::infinity();
// One and two steps of every loop, ends in between, and more than a sum of 16 bits holds.
constexpr std::size_t kWidths[] = {32, 64, 96, 128, 160, 256, 288, 1024};

Bytes random_bytes(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  Bytes bytes(n);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.below(256));
  return bytes;
}

Codes random_codes(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  Codes codes(n);
  for (std::int8_t& code : codes) {
    code = static_cast<std::int8_t>(static_cast<int>(rng.below(255)) - 127);
  }
  return codes;
}

using RowsAbove = decltype(&rows_above);

Hits hits_of(RowsAbove kernel, const HighPlane& plane, const QueryCodes& query, float threshold,
             std::size_t first_block, std::size_t last_block) {
  Hits hits((last_block - first_block) * kBlockRows);
  const RowBound bound = {0.5F, -1};
  hits.resize(kernel(plane, query, bound, threshold, first_block, last_block, hits.data()));
  return hits;
}

void expect_plain_hits(RowsAbove kernel) {
  constexpr std::size_t kBlocks = 3;
  for (const std::size_t width : kWidths) {
    SCOPED_TRACE(width);
    const Bytes blocks = random_bytes(kBlocks * kBlockRows * width / 2, 1);
    const Codes first = random_codes(width / 2, 2);
    const Codes second = random_codes(width / 2, 3);
    const QueryCodes query = {first.data(), second.data()};
    std::vector<float> scales(kBlocks * kBlockRows, 2.0F);
    scales.back() = std::numeric_limits<float>::quiet_NaN();
    const HighPlane plane = {blocks.data(), scales.data(), width};
    for (const float threshold : {kNothing, 0.0F, 500.0F, 1e9F}) {
      EXPECT_EQ(hits_of(kernel, plane, query, threshold, 0, kBlocks),
                hits_of(plain::rows_above, plane, query, threshold, 0, kBlocks));
      EXPECT_EQ(hits_of(kernel, plane, query, threshold, 1, 2),
                hits_of(plain::rows_above, plane, query, threshold, 1, 2));
    }
  }
}

TEST(CodeKernelsTest, RowsAboveEqualPlain) { expect_plain_hits(rows_above); }

TEST(CodeKernelsTest, RowsAboveEqualPlainWithoutVnni) {
  on_every_target([] { expect_plain_hits(rows_above_without_vnni); });
}

// All bytes 255 and all codes 127, or -127: the sums of 16 bits are as full as can be.
TEST(CodeKernelsTest, LargestSumsDoNotOverflow) {
  constexpr std::size_t kWidth = 4096;
  const Bytes block(kBlockRows * kWidth / 2, 255);
  const std::vector<float> scales(kBlockRows, 1.0F);
  const HighPlane plane = {block.data(), scales.data(), kWidth};
  for (const std::int8_t code : {std::int8_t{127}, std::int8_t{-127}}) {
    const Codes codes(kWidth / 2, code);
    const QueryCodes query = {codes.data(), codes.data()};
    const std::int32_t sum = code * 15 * std::int32_t{kWidth};
    on_every_target([&] {
      for (const RowsAbove kernel : {&rows_above, &rows_above_without_vnni}) {
        const Hits hits = hits_of(kernel, plane, query, kNothing, 0, 1);
        ASSERT_EQ(hits.size(), kBlockRows);
        for (const RowHit& hit : hits) EXPECT_EQ(hit.sum, sum);
      }
      EXPECT_EQ(low_sum(block.data(), query, kWidth), sum);
    });
  }
}

TEST(CodeKernelsTest, NoRowOfNanScaleIsAbove) {
  const Bytes block = random_bytes(kBlockRows * kCodePad / 2, 1);
  const Codes codes = random_codes(kCodePad / 2, 2);
  const std::vector<float> scales(kBlockRows, std::numeric_limits<float>::quiet_NaN());
  const HighPlane plane = {block.data(), scales.data(), kCodePad};
  const QueryCodes query = {codes.data(), codes.data()};
  EXPECT_TRUE(hits_of(rows_above, plane, query, kNothing, 0, 1).empty());
}

TEST(CodeKernelsTest, LowSumEqualsPlain) {
  on_every_target([] {
    for (const std::size_t width : kWidths) {
      const Bytes row = random_bytes(width / 2, 4);
      const Codes first = random_codes(width / 2, 5);
      const Codes second = random_codes(width / 2, 6);
      const QueryCodes query = {first.data(), second.data()};
      EXPECT_EQ(low_sum(row.data(), query, width), plain::low_sum(row.data(), query, width));
    }
  });
}

}  // namespace
}  // namespace coseno
