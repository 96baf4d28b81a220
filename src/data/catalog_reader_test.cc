#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "data/interaction_readers.h"

namespace coseno {
namespace {

Result<Catalog> read_catalog_text(std::string_view text) {
  Progress silent;
  return read_catalog(TextSource::from_memory("in", text), silent);
}

std::string catalog_error(const Result<Catalog>& result) {
  return result ? std::string("no error") : result.error().message;
}

// A record in one line: "5 'Title' name=category name=#number name=[a,b] name=\"text\"".
std::string shown(const Record& record) {
  std::string text = record.id + " '" + record.title + "'";
  for (const Property& property : record.properties) {
    text += " " + property.name + "=";
    switch (property.kind) {
      case PropertyKind::number:
        text += fmt::format("#{}", std::get<double>(property.value));
        break;
      case PropertyKind::category:
        text += std::get<std::string>(property.value);
        break;
      case PropertyKind::text:
        text += "\"" + std::get<std::string>(property.value) + "\"";
        break;
      case PropertyKind::list:
        for (const std::string& value : std::get<std::vector<std::string>>(property.value)) {
          text += "[" + value + "]";
        }
        break;
    }
  }
  return text;
}

using Shown = std::vector<std::string>;

Shown shown(const Result<Catalog>& catalog) {
  if (!catalog) {
    ADD_FAILURE() << catalog.error().message;
    return {};
  }
  Shown all;
  for (const Record& record : catalog->records()) all.push_back(shown(record));
  return all;
}

TEST(ReadCatalogTest, ItemsOfMovieLens100K) {
  EXPECT_EQ(shown(read_catalog_text(
                "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
                "267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n")),
            (Shown{"1 'Toy Story (1995)' genres=[Animation][Children's][Comedy] year=1995",
                   "267 'unknown' genres=[unknown]"}));
}

// Line 543 of u.item is "Mis\xE9rables, Les (1995)" in Latin-1.
TEST(ReadCatalogTest, Latin1OfMovieLensBecomesUtf8) {
  const auto catalog = read_catalog_text("543::Mis\xE9rables, Les (1995)::Drama|Musical\n");
  EXPECT_EQ(shown(catalog),
            Shown{"543 'Mis\u00E9rables, Les (1995)' genres=[Drama][Musical] year=1995"});
  // One file has one encoding: what is valid UTF-8 by chance is Latin-1, too.
  EXPECT_EQ(shown(read_catalog_text("1::\xC3\xA9::Drama\n2::\xE9::Drama\n"))[0],
            "1 '\u00C3\u00A9' genres=[Drama]");
}

TEST(ReadCatalogTest, BrokenUtf8InOtherFilesIsRefused) {
  EXPECT_EQ(catalog_error(read_catalog_text("id,title\n1,Mis\xE9rables\n")),
            "in:2:6: not valid UTF-8");
}

TEST(ReadCatalogTest, UsersOfMovieLens100K) {
  EXPECT_EQ(shown(read_catalog_text("1|24|M|technician|85711\n2|53|F|other|V0R2H\n")),
            (Shown{"1 '' age=#24 gender=M occupation=technician zip_region=8",
                   "2 '' age=#53 gender=F occupation=other zip_region=V"}));
  EXPECT_EQ(catalog_error(read_catalog_text("1|old|M|technician|85711\n")),
            "in:1:3: the age 'old' is not a number");
}

// Age and occupation are numbers of groups there, not amounts.
TEST(ReadCatalogTest, UsersOfMovieLens1M) {
  EXPECT_EQ(shown(read_catalog_text("1::F::1::10::48067\n")),
            Shown{"1 '' gender=F age=1 occupation=10 zip_region=4"});
}

TEST(ReadCatalogTest, FilmsOfMovieLensInCsv) {
  EXPECT_EQ(
      shown(read_catalog_text("movieId,title,genres\r\n"
                              "1,Toy Story (1995),Adventure|Animation\r\n"
                              "11,\"American President, The (1995) \",(no genres listed)\r\n"
                              "12,Babylon 5,Sci-Fi\r\n")),
      (Shown{"1 'Toy Story (1995)' genres=[Adventure][Animation] year=1995",
             "11 'American President, The (1995) ' year=1995", "12 'Babylon 5' genres=[Sci-Fi]"}));
}

TEST(ReadCatalogTest, ItemsOfRecBole) {
  EXPECT_EQ(shown(read_catalog_text(
                "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\t"
                "price:float\tvector:float_seq\tdescription:token_seq\n"
                "1\tToy \"Story\"\t1995\tAnimation Comedy\t2.5\t1 2 3\tToys live\n"
                "2\tGoldenEye\t\tAction\t\t\t\n")),
            (Shown{"1 'Toy \"Story\"' release_year=1995 class=[Animation][Comedy] price=#2.5 "
                   "description=\"Toys live\"",
                   "2 'GoldenEye' class=[Action]"}));
  EXPECT_EQ(catalog_error(read_catalog_text("item_id:token\tprice:float\n1\t2\n2\tdear\n")),
            "in:3:3: price is 'dear', not a finite number");
}

TEST(ReadCatalogTest, AgeOfRecBoleIsANumberWhereAllAre) {
  EXPECT_EQ(
      shown(read_catalog_text("user_id:token\tage:token\tgender:token\n1\t24\tM\n2\t53\tF\n")),
      (Shown{"1 '' age=#24 gender=M", "2 '' age=#53 gender=F"}));
  EXPECT_EQ(shown(read_catalog_text("user_id:token\tage:token\n1\t24\n2\t50-60\n")),
            (Shown{"1 '' age=24", "2 '' age=50-60"}));
}

// price: numbers; tags: bars; shelf: few distinct values; note: all distinct.
TEST(ReadCatalogTest, ColumnsOfOtherTablesGoByTheirValues) {
  EXPECT_EQ(
      shown(read_catalog_text(",product_id,name,price,tags,shelf,note\n"
                              "0,tea,Green tea,2.5,hot|green,top,fine leaf\n"
                              "1,jam,Jam,3,sweet,top,red\n"
                              "2,ham,Ham,,,top,\n")),
      (Shown{"tea 'Green tea' price=#2.5 tags=[hot][green] shelf=top note=\"fine leaf\"",
             "jam 'Jam' price=#3 tags=[sweet] shelf=top note=\"red\"", "ham 'Ham' shelf=top"}));
}

TEST(ReadCatalogTest, JsonLines) {
  EXPECT_EQ(shown(read_catalog_text(
                "{\"id\": \"tea\", \"title\": \"Green tea\", \"price\": 2.5, \"hot\": true, "
                "\"tags\": [\"a\", \"b\"], \"description\": \"fine leaf\"}\n"
                "{\"item\": 7, \"price\": null, \"shelf\": \"top\", \"tags\": []}\n")),
            (Shown{"tea 'Green tea' price=#2.5 hot=true tags=[a][b] description=\"fine leaf\"",
                   "7 '' shelf=top"}));
}

TEST(ReadCatalogTest, JsonThatIsNoPropertyIsRefusedByName) {
  EXPECT_EQ(catalog_error(read_catalog_text("{\"id\": \"tea\", \"size\": {\"cm\": 3}}\n")),
            "in:1:16: 'size' must be a string, a number, true, false, or a list of strings, not an "
            "object or a list of other things than strings");
  EXPECT_TRUE(catalog_error(read_catalog_text("{\"id\": \"tea\", \"sizes\": [1, 2]}\n"))
                  .contains("'sizes' must be"));
  EXPECT_EQ(catalog_error(read_catalog_text(
                "{\"id\": \"a\", \"year\": 1995}\n{\"id\": \"b\", \"year\": \"1996\"}\n")),
            "in:2:14: 'year' is a category here, and a number in a line before");
  EXPECT_EQ(catalog_error(read_catalog_text("{\"id\": \"a\", \"id\": \"b\"}\n")),
            "in:1:16: duplicate key 'id'");
  EXPECT_TRUE(catalog_error(read_catalog_text("{\"price\": 3}\n"))
                  .starts_with("in:1:1: the object has no id"));
  EXPECT_TRUE(catalog_error(read_catalog_text("{\"id\": \"a\", \"price\": 1e999}\n"))
                  .contains("not a finite number"));
}

TEST(ReadCatalogTest, IdsThatStandTwiceAreRefused) {
  EXPECT_EQ(catalog_error(read_catalog_text("id,title\n1,Tea\n1,Jam\n")),
            "in:3:1: the id '1' stands twice");
  EXPECT_EQ(catalog_error(read_catalog_text("movieId,title,genres\n1,Tea,x\n1,Jam,x\n")),
            "in:3:1: the id '1' stands twice");
  EXPECT_EQ(catalog_error(read_catalog_text("1::Tea::x\n1::Jam::x\n")),
            "in:2:1: the id '1' stands twice");
  EXPECT_EQ(catalog_error(read_catalog_text("{\"id\": \"1\"}\n{\"id\": 1}\n")),
            "in:2:3: the id '1' stands twice");
}

TEST(ReadCatalogTest, WhatIsNoCatalogueIsRefused) {
  EXPECT_EQ(catalog_error(read_catalog_text("")), "in: the file is empty");
  EXPECT_EQ(catalog_error(read_catalog_text("id,title\n")), "in: no records in it");
  EXPECT_TRUE(catalog_error(read_catalog_text("just words\n"))
                  .contains("not a kind of catalogue that is known"));
  EXPECT_EQ(
      catalog_error(read_catalog_text("name,price\nTea,3\n")),
      "in:1:1: the header 'name, price' has no id column: it would be named id, item, itemId, "
      "movieId, product_id, asin, isbn, ...");
  EXPECT_EQ(catalog_error(read_catalog_text("id,title\n1,Tea\n2\n")),
            "in:3:1: 1 column where the header has 2");
  EXPECT_EQ(catalog_error(read_catalog_text("id,title\n,Tea\n")), "in:2:1: the id is empty");
  EXPECT_TRUE(catalog_error(read_catalog_text("1::2\n")).contains("2 columns between '::'"));
}

}  // namespace
}  // namespace coseno
