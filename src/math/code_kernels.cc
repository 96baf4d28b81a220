// Compiled once for each instruction set, as kernels.cc is; and one more time by hand for VNNI,
// which Highway 1.0.3 does not know.
#include "math/code_kernels.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "math/code_kernels.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h, as Highway demands.
#include <hwy/highway.h>

#include "math/kernels_plain.h"

HWY_BEFORE_NAMESPACE();
namespace coseno::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
// One lane of 32 bits cannot be seen as two of 16.
using plain::low_sum;
using plain::rows_above;
#else

namespace hn = hwy::HWY_NAMESPACE;

using Tag32 = hn::CappedTag<std::int32_t, kBlockRows>;
using Tag16 = hn::Repartition<std::int16_t, Tag32>;
using Sums32 = hn::Vec<Tag32>;
using Sums16 = hn::Vec<Tag16>;

// A 16-bit lane takes 4 products of at most 127 * 15 for each 8 numbers: of 4 times 8 it can hold
// the sum.
constexpr std::size_t kGroupsOf16Bits = 4;

// The sum of the two 16-bit lanes of each 32-bit lane.
Sums32 widen(Sums16 sums) {
  const auto both = hn::BitCast(Tag32(), sums);
  return hn::Add(hn::ShiftRight<16>(hn::ShiftLeft<16>(both)), hn::ShiftRight<16>(both));
}

std::int32_t four_codes(const std::int8_t* codes) {
  std::int32_t word = 0;
  std::memcpy(&word, codes, sizeof(word));
  return word;
}

// The products of 8 numbers of each row, 4 in a lane of 16 bits. The lanes of a row have bytes 0
// and 1, and bytes 2 and 3; so each gets the codes of the query for its own two.
Sums16 products(const std::uint8_t* bytes, std::int32_t first, std::int32_t second) {
  const Tag16 tag;
  const hn::RebindToUnsigned<Tag16> unsigned_tag;
  const auto four_bits = hn::Set(unsigned_tag, 15);
  const auto halves =
      hn::BitCast(unsigned_tag, hn::LoadU(hn::Repartition<std::uint8_t, Tag32>(), bytes));
  const auto a = hn::BitCast(tag, hn::And(halves, four_bits));
  const auto b = hn::BitCast(tag, hn::And(hn::ShiftRight<4>(halves), four_bits));
  const auto c = hn::BitCast(tag, hn::And(hn::ShiftRight<8>(halves), four_bits));
  const auto d = hn::BitCast(tag, hn::ShiftRight<12>(halves));
  const auto for_ac = hn::BitCast(tag, hn::Set(Tag32(), first));
  const auto for_bd = hn::BitCast(tag, hn::Set(Tag32(), second));
  const auto even_a = hn::Mul(a, hn::ShiftRight<8>(hn::ShiftLeft<8>(for_ac)));
  const auto even_b = hn::Mul(b, hn::ShiftRight<8>(hn::ShiftLeft<8>(for_bd)));
  const auto odd_c = hn::Mul(c, hn::ShiftRight<8>(for_ac));
  const auto odd_d = hn::Mul(d, hn::ShiftRight<8>(for_bd));
  return hn::Add(hn::Add(even_a, even_b), hn::Add(odd_c, odd_d));
}

// For as many rows of a block as a vector has lanes.
Sums32 high_sums(const std::uint8_t* block, const QueryCodes& query, std::size_t n_groups) {
  Sums32 sums = hn::Zero(Tag32());
  for (std::size_t g = 0; g < n_groups;) {
    Sums16 part = hn::Zero(Tag16());
    for (std::size_t i = 0; i < kGroupsOf16Bits && g < n_groups; ++i, ++g) {
      part = hn::Add(part, products(block + g * 4 * kBlockRows, four_codes(query.first + 4 * g),
                                    four_codes(query.second + 4 * g)));
    }
    sums = hn::Add(sums, widen(part));
  }
  return sums;
}

std::size_t rows_above(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                       float threshold, std::size_t first_block, std::size_t last_block,
                       RowHit* hits) {
  const Tag32 tag;
  const hn::RebindToFloat<Tag32> float_tag;
  const std::size_t n_groups = plane.width / 8;
  const std::size_t lanes = hn::Lanes(tag);
  RowHit* end = hits;
  for (std::size_t row = first_block * kBlockRows; row < last_block * kBlockRows; row += lanes) {
    const std::size_t in_block = row % kBlockRows;
    const std::uint8_t* const block = plane.blocks + (row - in_block) * plane.width / 2;
    const Sums32 sums = high_sums(block + 4 * in_block, query, n_groups);
    const auto inner = hn::MulAdd(hn::Set(float_tag, bound.slope), hn::ConvertTo(float_tag, sums),
                                  hn::Set(float_tag, bound.offset));
    const auto bounds = hn::Mul(hn::LoadU(float_tag, plane.scales + row), inner);
    const auto is_above = hn::Gt(bounds, hn::Set(float_tag, threshold));
    if (hn::AllFalse(float_tag, is_above)) continue;
    HWY_ALIGN std::int32_t sum_of[kBlockRows];
    hn::Store(sums, tag, sum_of);
    std::uint8_t bits[8] = {};
    hn::StoreMaskBits(float_tag, is_above, bits);
    for (std::size_t i = 0; i < lanes; ++i) {
      if ((bits[i / 8] >> (i % 8) & 1) != 0) {
        *end++ = {static_cast<std::uint32_t>(row + i), sum_of[i]};
      }
    }
  }
  return static_cast<std::size_t>(end - hits);
}

// Lanes of 16 bits, 16 bytes of the row at a time where a vector has as many lanes: each step adds
// at most 2 * 127 * 15 to a lane, and 8 steps fit.
std::int32_t low_sum(const std::uint8_t* row, const QueryCodes& query, std::size_t width) {
  constexpr std::size_t kStepsOf16Bits = 8;
  const hn::CappedTag<std::int16_t, kCodePad / 2> tag;
  const hn::Rebind<std::uint8_t, decltype(tag)> byte_tag;
  const hn::Rebind<std::int8_t, decltype(tag)> code_tag;
  const hn::Repartition<std::int32_t, decltype(tag)> wide_tag;
  const std::size_t step = hn::Lanes(tag);
  auto sums = hn::Zero(wide_tag);
  for (std::size_t i = 0; i < width / 2;) {
    auto part = hn::Zero(tag);
    for (std::size_t s = 0; s < kStepsOf16Bits && i < width / 2; ++s, i += step) {
      const auto halves = hn::PromoteTo(tag, hn::LoadU(byte_tag, row + i));
      const auto first = hn::PromoteTo(tag, hn::LoadU(code_tag, query.first + i));
      const auto second = hn::PromoteTo(tag, hn::LoadU(code_tag, query.second + i));
      const auto of_first = hn::Mul(hn::And(halves, hn::Set(tag, 15)), first);
      const auto of_second = hn::Mul(hn::ShiftRight<4>(halves), second);
      part = hn::Add(part, hn::Add(of_first, of_second));
    }
    const auto both = hn::BitCast(wide_tag, part);
    sums = hn::Add(sums, hn::ShiftRight<16>(hn::ShiftLeft<16>(both)));
    sums = hn::Add(sums, hn::ShiftRight<16>(both));
  }
  return hn::GetLane(hn::SumOfLanes(wide_tag, sums));
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace coseno::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#if HWY_ARCH_X86
#include <immintrin.h>
#endif

namespace coseno {
namespace {

HWY_EXPORT(rows_above);
HWY_EXPORT(low_sum);

#if HWY_ARCH_X86

// Far enough ahead of a scan for memory to answer in time, near enough to stay in the first cache;
// 2 and 8 kB were slower.
constexpr std::size_t kPrefetchBytes = 4096;

// Four codes of a query in each lane.
[[gnu::target("avx512f")]]
inline __m512i four_of(const std::int8_t* codes) {
  std::int32_t word = 0;
  std::memcpy(&word, codes, sizeof(word));
  return _mm512_set1_epi32(word);
}

// VPDPBUSD multiplies 64 pairs of bytes and adds each four of the products to a lane of 32 bits. By
// hand, since around its own _mm512_dpbusd_epi32 GCC 12 copies the sums there and back.
[[gnu::target("avx512f,avx512vnni")]]
inline void add_products(__m512i bytes, __m512i codes, __m512i& sums) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(bytes), "v"(codes));
}

[[gnu::target("avx512f,avx512bw,avx512vnni")]]
std::size_t rows_above_by_vnni(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                               float threshold, std::size_t first_block, std::size_t last_block,
                               RowHit* hits) {
  const __m512i four_bits = _mm512_set1_epi8(15);
  const __m512 slope = _mm512_set1_ps(bound.slope);
  const __m512 offset = _mm512_set1_ps(bound.offset);
  RowHit* end = hits;
  const std::uint8_t* bytes = plane.blocks + first_block * kBlockRows * plane.width / 2;
  for (std::size_t block = first_block; block < last_block; ++block) {
    // Four sums: each waits 4 cycles for its last addition.
    __m512i sum0 = _mm512_setzero_si512();
    __m512i sum1 = _mm512_setzero_si512();
    __m512i sum2 = _mm512_setzero_si512();
    __m512i sum3 = _mm512_setzero_si512();
    for (std::size_t i = 0; i < plane.width / 2; i += 8, bytes += 2 * sizeof(__m512i)) {
      __builtin_prefetch(bytes + kPrefetchBytes);
      __builtin_prefetch(bytes + kPrefetchBytes + sizeof(__m512i));
      const __m512i a = _mm512_loadu_si512(bytes);
      const __m512i b = _mm512_loadu_si512(bytes + sizeof(__m512i));
      add_products(_mm512_and_si512(a, four_bits), four_of(query.first + i), sum0);
      add_products(_mm512_and_si512(_mm512_srli_epi16(a, 4), four_bits), four_of(query.second + i),
                   sum1);
      add_products(_mm512_and_si512(b, four_bits), four_of(query.first + i + 4), sum2);
      add_products(_mm512_and_si512(_mm512_srli_epi16(b, 4), four_bits),
                   four_of(query.second + i + 4), sum3);
    }
    const __m512i sums =
        _mm512_add_epi32(_mm512_add_epi32(sum0, sum1), _mm512_add_epi32(sum2, sum3));
    const __m512 bounds = _mm512_mul_ps(_mm512_loadu_ps(plane.scales + block * kBlockRows),
                                        _mm512_fmadd_ps(slope, _mm512_cvtepi32_ps(sums), offset));
    unsigned is_above = _mm512_cmp_ps_mask(bounds, _mm512_set1_ps(threshold), _CMP_GT_OQ);
    if (is_above == 0) continue;
    alignas(64) std::int32_t sum_of[kBlockRows];
    _mm512_store_si512(sum_of, sums);
    for (; is_above != 0; is_above &= is_above - 1) {
      const auto i = static_cast<std::uint32_t>(__builtin_ctz(is_above));
      *end++ = {static_cast<std::uint32_t>(block * kBlockRows) + i, sum_of[i]};
    }
  }
  return static_cast<std::size_t>(end - hits);
}

#endif  // HWY_ARCH_X86

}  // namespace

std::size_t rows_above(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                       float threshold, std::size_t first_block, std::size_t last_block,
                       RowHit* hits) {
#if HWY_ARCH_X86
  if (__builtin_cpu_supports("avx512vnni") != 0) {
    return rows_above_by_vnni(plane, query, bound, threshold, first_block, last_block, hits);
  }
#endif
  return rows_above_without_vnni(plane, query, bound, threshold, first_block, last_block, hits);
}

std::size_t rows_above_without_vnni(const HighPlane& plane, const QueryCodes& query, RowBound bound,
                                    float threshold, std::size_t first_block,
                                    std::size_t last_block, RowHit* hits) {
  return HWY_DYNAMIC_DISPATCH(rows_above)(plane, query, bound, threshold, first_block, last_block,
                                          hits);
}

std::int32_t low_sum(const std::uint8_t* row, const QueryCodes& query, std::size_t width) {
  return HWY_DYNAMIC_DISPATCH(low_sum)(row, query, width);
}

}  // namespace coseno
#endif  // HWY_ONCE
