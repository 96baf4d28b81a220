#include "engine/user_store.h"

#include <gtest/gtest.h>

namespace coseno {
namespace {

constexpr UserIndex kAnn{3};

KeptEvent event(std::uint32_t item, std::int64_t time_ms) {
  return {ItemIndex{item}, TypeIndex{1}, 1, time_ms};
}

std::vector<std::uint32_t> items_of(std::span<const KeptEvent> events) {
  std::vector<std::uint32_t> result;
  for (const KeptEvent& one : events) result.push_back(std::to_underlying(one.item()));
  return result;
}

using ItemNumbers = std::vector<std::uint32_t>;

ItemNumbers history(const UserStore& store, UserIndex user = kAnn) {
  std::vector<KeptEvent> events;
  store.history(user, events);
  return items_of(events);
}

TEST(UserStoreTest, AnEventKeepsWhatItWasGiven) {
  for (const std::int64_t time_ms : {0LL, 1LL, -62135596800000LL, 253402300799999LL}) {
    const KeptEvent kept(ItemIndex{4000000000U}, TypeIndex{999}, -2.5F, time_ms);
    EXPECT_EQ(kept.item(), ItemIndex{4000000000U});
    EXPECT_EQ(kept.type(), TypeIndex{999});
    EXPECT_EQ(kept.value(), -2.5F);
    EXPECT_EQ(kept.time_ms(), time_ms);
  }
}

TEST(UserStoreTest, EventsStandByTimeAndThenByArrival) {
  UserStore store(10);
  UserStore::Neighbourhood around;
  store.add(kAnn, event(1, 100), 10, around);
  store.add(kAnn, event(2, 50), 10, around);
  store.add(kAnn, event(3, 100), 10, around);
  EXPECT_EQ(history(store), (ItemNumbers{2, 1, 3}));
  EXPECT_EQ(history(store, UserIndex{0}), ItemNumbers());
  EXPECT_EQ(history(store, UserIndex{70000}), ItemNumbers());
}

TEST(UserStoreTest, TheOldestGiveWay) {
  UserStore store(3);
  UserStore::Neighbourhood around;
  for (std::uint32_t n = 0; n < 5; ++n) store.add(kAnn, event(n, n), 10, around);
  EXPECT_EQ(history(store), (ItemNumbers{2, 3, 4}));
  store.add(kAnn, event(9, 0), 10, around);
  EXPECT_EQ(history(store), (ItemNumbers{2, 3, 4}));
  store.add(kAnn, event(8, 3), 10, around);
  EXPECT_EQ(history(store), (ItemNumbers{3, 8, 4}));
  EXPECT_EQ(store.n_kept_events(), 3U);
}

TEST(UserStoreTest, TheNeighboursOfANewEventAreTold) {
  UserStore store(10);
  UserStore::Neighbourhood around;
  for (std::uint32_t n = 0; n < 4; ++n) store.add(kAnn, event(n, 10 * n), 2, around);
  EXPECT_EQ(items_of(around.before), (ItemNumbers{1, 2}));
  EXPECT_TRUE(around.after.empty());
  store.add(kAnn, event(7, 15), 1, around);
  EXPECT_EQ(items_of(around.before), (ItemNumbers{1}));
  EXPECT_EQ(items_of(around.after), (ItemNumbers{2}));
}

TEST(UserStoreTest, RemovingTellsTheSameNeighboursAsAdding) {
  UserStore store(10);
  UserStore::Neighbourhood around;
  for (std::uint32_t n = 0; n < 4; ++n) store.add(kAnn, event(n, 10 * n), 2, around);
  ASSERT_TRUE(store.remove(kAnn, event(1, 10), 1, around));
  EXPECT_EQ(items_of(around.before), (ItemNumbers{0}));
  EXPECT_EQ(items_of(around.after), (ItemNumbers{2}));
  EXPECT_FALSE(store.remove(kAnn, event(1, 10), 1, around));
  EXPECT_EQ(history(store), (ItemNumbers{0, 2, 3}));
  store.clear(kAnn);
  EXPECT_EQ(history(store), ItemNumbers());
  EXPECT_EQ(store.n_kept_events(), 0U);
}

// 16 bytes each, and at most a quarter more: a history is no doubling vector.
TEST(UserStoreTest, MemoryFollowsTheEvents) {
  UserStore store(1000);
  const std::size_t empty = store.size_bytes();
  UserStore::Neighbourhood around;
  for (std::uint32_t n = 0; n < 1000; ++n) store.add(kAnn, event(n, n), 2, around);
  EXPECT_LE(store.size_bytes() - empty, 1000 * 16 * 5 / 4 + 256);
}

}  // namespace
}  // namespace coseno
