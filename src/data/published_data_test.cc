// Published data sets, where they are at hand beside the repository: the numbers of users, items
// and rows that their publishers give must come out.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "data/readers.h"

namespace coseno {
namespace {

std::string path_of(const std::string& file) {
  const auto source_folder = std::filesystem::path(__FILE__).parent_path().parent_path();
  return (source_folder.parent_path().parent_path() / "shared" / "data" / file).string();
}

struct Published {
  std::string file;
  std::size_t n_users;
  std::size_t n_items;
  std::size_t n_rows;
  bool has_values;
  bool has_times;
};

void PrintTo(const Published& published, std::ostream* out) { *out << published.file; }

class PublishedDataTest : public testing::TestWithParam<Published> {};

TEST_P(PublishedDataTest, NumbersAreAsPublished) {
  const std::string path = path_of(GetParam().file);
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  Progress silent;
  const auto result = read_interactions(path, {}, silent);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->users.size(), GetParam().n_users);
  EXPECT_EQ(result->items.size(), GetParam().n_items);
  EXPECT_EQ(result->size(), GetParam().n_rows);
  EXPECT_EQ(result->has_values, GetParam().has_values);
  EXPECT_EQ(result->has_times, GetParam().has_times);
}

INSTANTIATE_TEST_SUITE_P(
    All, PublishedDataTest,
    testing::Values(Published{"ml-100k/u.data", 943, 1682, 100'000, true, true},
                    Published{"ml-latest-small/ratings.csv", 610, 9724, 100'836, true, true},
                    Published{"ml-1m/ge3-train.txt", 6039, 3583, 590'733, false, false},
                    Published{"gowalla/train.txt", 29'858, 40'981, 810'128, false, false},
                    Published{"s3rec-beauty/Beauty.txt", 22'363, 12'101, 198'502, false, false},
                    Published{"book-crossing/book_ratings.dat", 1295, 14'684, 62'656, true, false},
                    Published{"yoochoose-100k/yoochoose-clicks-100k_train_full.txt", 17'794, 2933,
                              70'278, false, true}));

struct PublishedCatalog {
  std::string file;
  std::size_t n_records;
  std::string id;
  std::string title;
};

void PrintTo(const PublishedCatalog& published, std::ostream* out) { *out << published.file; }

class PublishedCatalogTest : public testing::TestWithParam<PublishedCatalog> {};

TEST_P(PublishedCatalogTest, RecordsAreAsPublished) {
  const std::string path = path_of(GetParam().file);
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  Progress silent;
  const auto catalog = read_catalog(path, silent);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->size(), GetParam().n_records);
  EXPECT_EQ(catalog->title(GetParam().id), GetParam().title);
}

INSTANTIATE_TEST_SUITE_P(
    All, PublishedCatalogTest,
    testing::Values(PublishedCatalog{"ml-100k/u.item", 1682, "543", "Mis\u00E9rables, Les (1995)"},
                    PublishedCatalog{"ml-100k/u.user", 943, "1", ""},
                    PublishedCatalog{"ml-1m/movies.dat", 3883, "1", "Toy Story (1995)"},
                    PublishedCatalog{"ml-1m/users.dat", 6040, "1", ""},
                    PublishedCatalog{"ml-latest-small/movies.csv", 9742, "11",
                                     "American President, The (1995)"},
                    PublishedCatalog{"book-crossing/users_info.dat", 2946, "1", ""},
                    PublishedCatalog{"goodbooks-10k-metadata/books.csv", 10'000, "1",
                                     "The Hunger Games (The Hunger Games, #1)"}));

}  // namespace
}  // namespace coseno
