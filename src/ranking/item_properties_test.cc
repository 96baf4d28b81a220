#include "ranking/item_properties.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"

namespace coseno {
namespace {

Properties parsed(std::string_view json) {
  const auto properties = Properties::parse(json);
  EXPECT_TRUE(properties.has_value()) << properties.error().message;
  return properties.value_or(Properties());
}

ItemProperties table_with(const std::vector<std::string_view>& items) {
  ItemProperties table;
  std::uint32_t number = 0;
  for (const std::string_view json : items) table.put(ItemIndex{number++}, parsed(json));
  return table;
}

using Keys = std::vector<std::uint64_t>;

Keys keys_of(const ItemProperties& table, std::uint32_t item, std::string_view name) {
  Keys keys;
  table.append_keys(ItemIndex{item}, name, keys);
  return keys;
}

TEST(ItemPropertiesTest, GivesBackWhatWasPut) {
  const ItemProperties table = table_with(
      {R"({"genre":["Drama","War","Drama"],"title":"Ran","year":1985})", "{}",
       R"({"at":{"lat":1,"lon":2},"day":"2026-02-28","empty":[],"genre":"Drama","seen":[true,2]})"});
  EXPECT_EQ(table.get(ItemIndex{0}).json(),
            R"({"genre":["Drama","War","Drama"],"title":"Ran","year":1985})");
  EXPECT_TRUE(table.get(ItemIndex{1}).empty());
  EXPECT_EQ(
      table.get(ItemIndex{2}).json(),
      R"({"at":{"lat":1,"lon":2},"day":"2026-02-28","empty":[],"genre":"Drama","seen":[true,2]})");
  EXPECT_TRUE(table.get(ItemIndex{99}).empty());
  EXPECT_EQ(table.n_items(), 2U);
}

TEST(ItemPropertiesTest, NamesGoWithTheirLastItem) {
  ItemProperties table = table_with({R"({"a":1,"b":2})", R"({"b":"x"})"});
  EXPECT_EQ(table.names(), (std::vector<std::string_view>{"a", "b"}));
  table.remove(ItemIndex{0});
  EXPECT_EQ(table.names(), (std::vector<std::string_view>{"b"}));
  EXPECT_EQ(table.find("a"), nullptr);
  table.put(ItemIndex{1}, parsed(R"({"c":1})"));
  EXPECT_EQ(table.names(), (std::vector<std::string_view>{"c"}));
  EXPECT_EQ(table.n_items(), 1U);
}

// Every kind turns into every other, values are shared and forgotten, lists repeat their elements.
TEST(ItemPropertiesTest, IsAsAPlainMapWhateverComesAndGoes) {
  Rng rng(7);
  ItemProperties table;
  std::map<std::uint32_t, Properties> plain;
  const std::vector<std::string_view> values = {"1",
                                                "2.5",
                                                "\"x\"",
                                                "\"2026-02-28\"",
                                                "true",
                                                "[]",
                                                "[1,2.5,1]",
                                                "[\"x\",\"2026-02-28\",\"x\",true]",
                                                "null",
                                                "false",
                                                "\"2026-03-01T00:00:00Z\"",
                                                R"({"lat":1,"lon":2})"};
  for (int step = 0; step < 20'000; ++step) {
    const auto item = static_cast<std::uint32_t>(rng.below(60));
    std::string json = "{";
    for (const char name : std::string_view("abcd")) {
      if (rng.below(3) == 0) continue;
      if (json.size() > 1) json += ',';
      json += fmt::format("\"{}\":{}", name, values[rng.below(values.size())]);
    }
    json += "}";
    const auto wanted = rng.below(2) == 0 ? Properties::parse(json) : plain[item].patched(json);
    ASSERT_TRUE(wanted.has_value());
    table.put(ItemIndex{item}, *wanted);
    plain[item] = *wanted;
    const auto other = static_cast<std::uint32_t>(rng.below(60));
    ASSERT_EQ(table.get(ItemIndex{other}), plain[other]);
  }
  for (const auto& [item, properties] : plain) {
    ASSERT_EQ(table.get(ItemIndex{item}), properties);
    table.remove(ItemIndex{item});
  }
  EXPECT_EQ(table.n_items(), 0U);
  EXPECT_TRUE(table.names().empty());
}

TEST(ItemPropertiesTest, EqualValuesHaveEqualKeys) {
  const ItemProperties table = table_with(
      {R"({"d":"Lynch"})", R"({"d":["Lynch","Frost"]})", R"({"d":7})", R"({"d":["7",7]})",
       R"({"d":{"lat":1,"lon":1}})", R"({"d":true})", R"({"d":[]})"});
  const Keys lynch = keys_of(table, 0, "d");
  ASSERT_EQ(lynch.size(), 1U);
  const Keys both = keys_of(table, 1, "d");
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0], lynch[0]);
  EXPECT_NE(both[1], lynch[0]);
  const Keys seven = keys_of(table, 2, "d");
  const Keys text_and_number = keys_of(table, 3, "d");
  ASSERT_EQ(text_and_number.size(), 2U);
  EXPECT_NE(text_and_number[0], seven[0]);
  EXPECT_EQ(text_and_number[1], seven[0]);
  EXPECT_EQ(keys_of(table, 5, "d").size(), 1U);
  for (const std::uint32_t item : {4, 6, 99}) EXPECT_TRUE(keys_of(table, item, "d").empty());
  EXPECT_TRUE(keys_of(table, 0, "unknown").empty());
}

TEST(ItemPropertiesTest, ABatchOfTooManyNamesIsRefused) {
  ItemProperties table;
  for (std::uint32_t i = 0; i < 998; ++i) {
    table.put(ItemIndex{i}, parsed(fmt::format(R"({{"n{}":1}})", i)));
  }
  const std::vector<Properties> two = {parsed(R"({"x":1,"n5":2})"), parsed(R"({"x":1,"y":1})")};
  EXPECT_TRUE(table.check_room(two).has_value());
  const std::vector<Properties> three = {two[0], two[1], parsed(R"({"z":1})")};
  const auto refused = table.check_room(three);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "/z: items have properties of more than 1000 names");
}

TEST(ItemPropertiesTest, VersionTellsOfEveryChange) {
  ItemProperties table;
  const std::uint64_t empty = table.version();
  table.put(ItemIndex{0}, parsed(R"({"a":1})"));
  const std::uint64_t one = table.version();
  EXPECT_NE(one, empty);
  table.remove(ItemIndex{0});
  EXPECT_NE(table.version(), one);
  EXPECT_NE(table.version(), empty);
}

TEST(ItemPropertiesTest, MemoryIsGivenBackWithTheValues) {
  ItemProperties table;
  const std::size_t empty = table.memory_bytes();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    table.put(ItemIndex{i}, parsed(fmt::format(R"({{"title":"a title of its own, {}"}})", i)));
  }
  const std::size_t full = table.memory_bytes();
  // A title's text is 40 bytes on the heap; value, cell and row are as large again and more.
  EXPECT_GT(full, empty + 2000 * 100);
  EXPECT_LT(full, empty + 2000 * 400);
  // Titles that come and go leave nothing behind.
  for (int round = 0; round < 20; ++round) {
    for (std::uint32_t i = 0; i < 2000; ++i) {
      table.put(ItemIndex{i}, parsed(fmt::format(R"({{"title":"title {} of {}"}})", round, i)));
    }
  }
  EXPECT_LT(table.memory_bytes(), full + full / 4);
  for (std::uint32_t i = 0; i < 2000; ++i) table.remove(ItemIndex{i});
  EXPECT_LT(table.memory_bytes(), 2000 * 20U);  // the rows
}

}  // namespace
}  // namespace coseno
