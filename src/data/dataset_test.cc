#include "data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace coseno {
namespace {

TEST(DatasetTest, ItsInteractionsMakeItAnew) {
  Interactions interactions;
  interactions.has_values = true;
  const UserIndex ann = interactions.users.add("ann");
  const UserIndex bob = interactions.users.add("bob");
  const ItemIndex tea = interactions.items.add("tea");
  const ItemIndex jam = interactions.items.add("jam");
  interactions.add(bob, {jam, 3, 30});
  interactions.add(ann, {tea, 4.5, 20});
  interactions.add(ann, {jam, 1, 10});
  interactions.items.add("rye");  // nobody has it
  const Dataset before = make_dataset(std::move(interactions), RepeatRule::last, {}, {});
  const Dataset after = make_dataset(interactions_of(before), RepeatRule::last, {}, {});
  EXPECT_TRUE(after.matrix.has_values());
  EXPECT_EQ(after.users.find("bob"), bob);
  EXPECT_EQ(after.items.find("jam"), jam);
  EXPECT_EQ(after.matrix.n_items(), 3U);
  EXPECT_EQ(after.matrix.n_entries(), 3U);
  for (const UserIndex user : {ann, bob}) {
    EXPECT_TRUE(std::ranges::equal(after.matrix.user(user), before.matrix.user(user)));
  }
}

}  // namespace
}  // namespace coseno
