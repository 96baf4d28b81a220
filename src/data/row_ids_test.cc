#include "data/row_ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace coseno {
namespace {

struct Row {
  const char* user;
  const char* item;
  float value = 1;
  std::int64_t time = 0;
};

Interactions rows_of(std::initializer_list<Row> rows, bool has_times = true) {
  Interactions interactions;
  interactions.has_times = has_times;
  for (const Row& row : rows) {
    interactions.add(interactions.users.add(row.user),
                     {interactions.items.add(row.item), row.value, row.time});
  }
  return interactions;
}

// The expected ids are those of an independent implementation in Python, of ten lines.
TEST(RowIdsTest, IdsAreAsTheHeaderSays) {
  const Interactions rated =
      rows_of({{"ann", "tea", 4.5F, 881250949}, {"ann", "tea", 4.5F, 881250949}});
  const RowIds ids(rated, "rating");
  EXPECT_EQ(ids.id(0), "44d9057d4033c1355c442ab5f6083f26");
  EXPECT_EQ(ids.id(1), "44e079324c33c1355c442ab840e03097");
  const Interactions viewed = rows_of({{"ann", "tea"}}, /*has_times=*/false);
  EXPECT_EQ(RowIds(viewed, "view").id(0), "c7259749640c4cc25be7b993d55326b4");
}

TEST(RowIdsTest, EveryFieldTells) {
  const Interactions rows = rows_of({{"ann", "tea", 1, 1},
                                     {"bob", "tea", 1, 1},
                                     {"ann", "jam", 1, 1},
                                     {"ann", "tea", 2, 1},
                                     {"ann", "tea", 1, 2},
                                     {"an", "ntea", 1, 1},
                                     {"ann", "tea", 1, 1}});
  std::set<std::string> ids;
  for (const std::string_view type : {"view", "rating"}) {
    const RowIds of_type(rows, type);
    for (std::size_t n = 0; n < rows.size(); ++n) ids.insert(of_type.id(n));
  }
  EXPECT_EQ(ids.size(), 2 * rows.size());
}

// Where other rows stand, and what numbers users and items have, says nothing of a row.
TEST(RowIdsTest, IdsDoNotDependOnTheOrderOfOtherRows) {
  const Interactions rows = rows_of({{"ann", "tea"}, {"bob", "jam"}, {"ann", "tea"}});
  const Interactions other = rows_of({{"bob", "jam"}, {"ann", "tea"}, {"ann", "tea"}});
  const RowIds ids(rows, "view");
  const RowIds other_ids(other, "view");
  EXPECT_EQ(ids.id(0), other_ids.id(1));
  EXPECT_EQ(ids.id(1), other_ids.id(0));
  EXPECT_EQ(ids.id(2), other_ids.id(2));
}

}  // namespace
}  // namespace coseno
