#include "deep/packing.h"

#include <gtest/gtest.h>

namespace coseno {
namespace {

using Items = std::vector<std::uint32_t>;

TEST(PackingTest, WindowsShareRowsAndNothingIsLost) {
  const Items a = {1, 2, 3};
  const Items b = {4, 5};
  const Items c = {6, 7};
  const std::vector<std::int64_t> times = {10, 20, 40};
  const std::vector<Window> windows = {
      {a, Items{}, times}, {b, std::span(a).first(2)}, {c, std::span(b).first(1)}};
  const PackedBatch batch = pack(windows, 5);
  ASSERT_EQ(batch.n_rows, 2);
  EXPECT_EQ(batch.items, (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 0, 0, 0}));
  EXPECT_EQ(batch.times, (std::vector<std::int64_t>{10, 20, 40, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.windows, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 0, 0, -1, -1, -1}));
  EXPECT_EQ(batch.asked, (std::vector<std::int64_t>{3, 4, 6}));
  EXPECT_EQ(batch.next, (std::vector<std::int64_t>{1, 2, 4}));
}

// Not the last row: the first with room.
TEST(PackingTest, AGapIsFilledLater) {
  const Items three = {1, 2, 3};
  const Items one = {9};
  const std::vector<Window> windows = {{three, {}}, {three, {}}, {one, {}}};
  const PackedBatch batch = pack(windows, 4);
  EXPECT_EQ(batch.n_rows, 2);
  EXPECT_EQ(batch.items[3], 9);
  EXPECT_EQ(batch.windows[3], 1);
}

}  // namespace
}  // namespace coseno
