#include "ranking/item_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace coseno {
namespace {

using Bits = std::vector<std::uint64_t>;

Bits bits_of(const std::set<std::uint32_t>& items, std::size_t n_words) {
  Bits bits(n_words);
  for (const std::uint32_t item : items) {
    if (item / 64 < n_words) bits[item / 64] |= std::uint64_t{1} << (item % 64);
  }
  return bits;
}

Bits random_bits(Rng& rng, std::size_t n_words) {
  Bits bits(n_words);
  for (std::uint64_t& word : bits) word = rng();
  return bits;
}

void expect_same(const ItemSet& set, const std::set<std::uint32_t>& plain, std::size_t n_words,
                 Rng& rng) {
  ASSERT_EQ(set.size(), plain.size());
  const Bits expected = bits_of(plain, n_words);
  const Bits before = random_bits(rng, n_words);
  Bits added = before;
  set.add_to(added);
  Bits narrowed = before;
  set.narrow(narrowed);
  for (std::size_t i = 0; i < n_words; ++i) {
    ASSERT_EQ(added[i], before[i] | expected[i]) << "word " << i;
    ASSERT_EQ(narrowed[i], before[i] & expected[i]) << "word " << i;
  }
}

// Grows from nothing to dense, at places that are close together and far apart, and shrinks to
// nothing again: all forms and all ways between them.
TEST(ItemSetTest, IsAsAPlainSetWhateverComesAndGoes) {
  for (const std::uint64_t spread : {40, 700, 20'000}) {
    Rng rng(spread);
    ItemSet set;
    std::set<std::uint32_t> plain;
    for (int step = 0; step < 6000; ++step) {
      const auto item = static_cast<std::uint32_t>(rng.below(spread));
      const bool is_growing = (step / 1500) % 2 == 0;
      if (rng.below(10) < (is_growing ? 9U : 1U)) {
        ASSERT_EQ(set.insert(item), plain.insert(item).second);
      } else {
        ASSERT_EQ(set.erase(item), plain.erase(item) == 1);
      }
      ASSERT_EQ(set.contains(item), plain.contains(item));
      if (step % 97 == 0) {
        for (const std::size_t n_words : {std::size_t{0}, std::size_t{1}, spread / 64 + 3}) {
          expect_same(set, plain, n_words, rng);
        }
      }
    }
    while (!plain.empty()) {
      ASSERT_TRUE(set.erase(*plain.begin()));
      plain.erase(plain.begin());
      if (plain.size() % 50 == 0) expect_same(set, plain, spread / 64 + 1, rng);
    }
    EXPECT_EQ(set.heap_bytes(), 0U);
  }
}

TEST(ItemSetTest, TakesNoMoreRoomThanItsItemsDoHoweverFarApart) {
  for (const std::uint32_t step : {1, 3, 31, 33, 200, 5000}) {
    ItemSet set;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      set.insert(i * step);
      // 16 bytes an item, doubled by the growth of a vector; 64 for the block and its smallest
      // size.
      ASSERT_LE(set.heap_bytes(), 32 * set.size() + 128) << step;
    }
  }
}

TEST(ItemSetTest, OneFarItemMakesNoBitmapOfTheWayThere) {
  ItemSet set;
  for (std::uint32_t i = 0; i < 1000; ++i) set.insert(i);
  set.insert(4'000'000'000);
  EXPECT_LT(set.heap_bytes(), 32'000U);
  EXPECT_EQ(set.size(), 1001U);
  EXPECT_TRUE(set.contains(4'000'000'000));
  EXPECT_TRUE(set.contains(999));
}

}  // namespace
}  // namespace coseno
