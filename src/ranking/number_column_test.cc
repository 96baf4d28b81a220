#include "ranking/number_column.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/rng.h"

namespace coseno {
namespace {

using Bits = std::vector<std::uint64_t>;
using Plain = std::map<std::uint32_t, double>;

template <class Matches>
Bits bits_where(const Plain& plain, std::size_t n_words, const Matches& matches) {
  Bits bits(n_words);
  for (const auto& [item, number] : plain) {
    if (item / 64 < n_words && matches(number)) bits[item / 64] |= std::uint64_t{1} << (item % 64);
  }
  return bits;
}

void expect_same_rows(const NumberColumn& column, const Plain& plain, std::size_t n_words,
                      Rng& rng) {
  ASSERT_EQ(column.size(), plain.size());
  const auto from = static_cast<double>(rng.below(50));
  const double to = from + static_cast<double>(rng.below(20)) - 2;  // some ranges are empty
  const Bits in_range =
      bits_where(plain, n_words, [&](double number) { return from <= number && number <= to; });
  Bits found(n_words);
  column.add_range(from, to, found);
  ASSERT_EQ(found, in_range);
  if (column.is_dense()) {
    Bits narrowed(n_words);
    for (std::uint64_t& word : narrowed) word = rng.below(3) == 0 ? 0 : rng();
    const Bits before = narrowed;
    column.narrow(from, to, narrowed);
    for (std::size_t i = 0; i < n_words; ++i) ASSERT_EQ(narrowed[i], before[i] & in_range[i]);
  }
  std::vector<double> numbers = {from, from + 3, from + 3, from + 17};
  const Bits one_of = bits_where(plain, n_words, [&](double number) {
    return std::ranges::find(numbers, number) != numbers.end();
  });
  Bits any(n_words);
  column.add_any(numbers, any);
  ASSERT_EQ(any, one_of);
}

TEST(NumberColumnTest, IsAsAPlainMapWhateverComesAndGoes) {
  for (const std::uint64_t spread : {30, 500, 9000}) {
    Rng rng(spread);
    NumberColumn column;
    Plain plain;
    bool was_dense = false;
    bool was_sparse = false;
    for (int step = 0; step < 8000; ++step) {
      const auto item = static_cast<std::uint32_t>(rng.below(spread));
      const bool is_growing = (step / 4000) % 2 == 0;
      if (rng.below(10) < (is_growing ? 9U : 1U)) {
        const auto number = static_cast<double>(rng.below(70));
        column.set(item, number);
        plain[item] = number;
      } else {
        column.erase(item);
        plain.erase(item);
      }
      const auto there = plain.find(item);
      if (there == plain.end()) {
        ASSERT_TRUE(std::isnan(column.at(item)));
      } else {
        ASSERT_EQ(column.at(item), there->second);
      }
      (column.is_dense() ? was_dense : was_sparse) = true;
      if (step % 101 == 0) {
        for (const std::size_t n_words : {std::size_t{0}, std::size_t{1}, spread / 64 + 3}) {
          expect_same_rows(column, plain, n_words, rng);
        }
      }
    }
    EXPECT_TRUE(was_dense);
    EXPECT_TRUE(was_sparse);
  }
}

TEST(NumberColumnTest, OneFarItemMakesNoArrayOfTheWayThere) {
  NumberColumn column;
  for (std::uint32_t i = 0; i < 1000; ++i) column.set(i, i);
  EXPECT_TRUE(column.is_dense());
  column.set(4'294'967'295, 7);
  EXPECT_LT(column.heap_bytes(), 100'000U);
  EXPECT_EQ(column.at(4'294'967'295), 7);
  EXPECT_EQ(column.at(999), 999);
  EXPECT_EQ(column.size(), 1001U);
}

TEST(NumberColumnTest, AnItemWithoutNumberIsInNoRange) {
  NumberColumn column;
  for (std::uint32_t i = 0; i < 64; ++i) column.set(2 * i, 1);
  ASSERT_TRUE(column.is_dense());
  Bits bits = {~std::uint64_t{0}};
  column.narrow(-1e300, 1e300, bits);
  EXPECT_EQ(bits[0], 0x5555555555555555U);
}

}  // namespace
}  // namespace coseno
