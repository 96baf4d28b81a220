#include "data/features.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coseno {
namespace {

Property number(const char* name, double value) { return {name, PropertyKind::number, value}; }
Property category(const char* name, const char* value) {
  return {name, PropertyKind::category, std::string(value)};
}
Property list(const char* name, std::vector<std::string> values) {
  return {name, PropertyKind::list, std::move(values)};
}
Property text(const char* name, const char* value) {
  return {name, PropertyKind::text, std::string(value)};
}

Catalog catalog_of(std::vector<Record> records) {
  Catalog catalog;
  for (Record& record : records) EXPECT_TRUE(catalog.add(std::move(record)));
  return catalog;
}

// "genre=Drama 1, word:toy 1"
std::string told(const FeatureEncoder& encoder, const Record& record) {
  std::string text;
  for (const Feature& feature : encoder.encode(record)) {
    text += fmt::format("{}{} {:.3g}", text.empty() ? "" : ", ", encoder.name(feature.index),
                        feature.weight);
  }
  return text;
}

TEST(FeatureEncoderTest, CategoriesAndListsGiveOneFeatureAValue) {
  const Record toys = {"1", "", {category("kind", "film"), list("genre", {"Comedy", "Drama"})}};
  const Record heat = {"2", "", {category("kind", "film"), list("genre", {"Drama", "Comedy"})}};
  const auto encoder = FeatureEncoder::learn(catalog_of({toys, heat}), {});
  EXPECT_EQ(told(encoder, toys), "genre=Comedy 0.707, genre=Drama 0.707, kind=film 1");
  EXPECT_EQ(told(encoder, heat), told(encoder, toys));
}

TEST(FeatureEncoderTest, WhatOnlyOneRecordHasIsLeftOut) {
  const Record a = {"1", "Toy Story", {category("url", "http://a"), category("year", "1995")}};
  const Record b = {"2", "Toy Soldiers", {category("url", "http://b"), category("year", "1995")}};
  const auto encoder = FeatureEncoder::learn(catalog_of({a, b}), {.words = true});
  EXPECT_EQ(told(encoder, a), "word:toy 1, year=1995 1");
  EXPECT_EQ(encoder.n_features(), 2U);
}

TEST(FeatureEncoderTest, ValuesTwiceInOneListCountOnce) {
  const Record a = {"1", "", {list("genre", {"War", "War"})}};
  const Record b = {"2", "", {list("genre", {"War"})}};
  const auto encoder = FeatureEncoder::learn(catalog_of({a, b}), {});
  EXPECT_EQ(told(encoder, a), "genre=War 1");
}

TEST(FeatureEncoderTest, WordsAreLowerCaseAndSplitAtOtherSigns) {
  const Record a = {"1", "Am\u00e9lie: 2nd-Life", {text("plot", "amore! LIFE, life")}};
  const Record b = {"2", "am\u00e9lie 2nd life", {}};
  const auto encoder = FeatureEncoder::learn(catalog_of({a, b}), {.words = true});
  EXPECT_EQ(told(encoder, a), "word:2nd 1, word:am\u00e9lie 1, word:life 1");
  EXPECT_EQ(told(encoder, a), told(encoder, b));
}

TEST(FeatureEncoderTest, WordsOnlyWhereAskedFor) {
  const Record a = {"1", "Toy", {text("plot", "toy")}};
  const Record b = {"2", "Toy", {text("plot", "toy")}};
  EXPECT_EQ(FeatureEncoder::learn(catalog_of({a, b}), {}).n_features(), 0U);
}

TEST(FeatureEncoderTest, FewNumbersGetABinEach) {
  std::vector<Record> records;
  for (const double age : {20, 30, 20}) {
    records.push_back({std::to_string(records.size()), "", {number("age", age)}});
  }
  const auto encoder = FeatureEncoder::learn(catalog_of(records), {});
  EXPECT_EQ(told(encoder, records[0]), "age<25 1");
  EXPECT_EQ(told(encoder, records[1]), "age>=25 1");
  EXPECT_EQ(told(encoder, {"", "", {number("age", -1e300)}}), "age<25 1");
  EXPECT_EQ(told(encoder, {"", "", {number("age", 25)}}), "age>=25 1");
  EXPECT_EQ(told(encoder, {"", "", {number("age", 1e300)}}), "age>=25 1");
  EXPECT_EQ(told(encoder, {"", "", {number("age", std::nan(""))}}), "");
}

// 0 .. 99: ten bins of ten, whatever number occurs how often.
TEST(FeatureEncoderTest, ManyNumbersGetBinsOfEqualCount) {
  std::vector<Record> records;
  for (int i = 0; i < 300; ++i) {
    records.push_back({std::to_string(i), "", {number("age", i < 200 ? 5 : i - 200)}});
  }
  const auto encoder = FeatureEncoder::learn(catalog_of(records), {});
  EXPECT_EQ(encoder.n_features(), 10U);
  EXPECT_EQ(told(encoder, {"", "", {number("age", 9)}}), "age<9.5 1");
  EXPECT_EQ(told(encoder, {"", "", {number("age", 10)}}), "age<19.5 1");
  EXPECT_EQ(told(encoder, {"", "", {number("age", 95)}}), "age>=89.5 1");
}

// Between neighbours there is no middle: the edge is the upper one, and both keep their bins.
TEST(FeatureEncoderTest, NeighbouringNumbersStayApart) {
  const double low = 1;
  const double high = std::nextafter(low, 2);
  const Record a = {"1", "", {number("x", low)}};
  const Record b = {"2", "", {number("x", high)}};
  const auto encoder = FeatureEncoder::learn(catalog_of({a, b}), {});
  EXPECT_NE(encoder.encode(a), encoder.encode(b));
}

TEST(FeatureEncoderTest, UnknownValuesAndPropertiesAreSkipped) {
  const Record a = {"1", "", {category("kind", "film")}};
  const Record b = {"2", "", {category("kind", "film")}};
  const auto encoder = FeatureEncoder::learn(catalog_of({a, b}), {});
  EXPECT_EQ(told(encoder, {"", "", {category("kind", "book"), number("age", 3)}}), "");
}

TEST(FeatureEncoderTest, RowsFollowTheIds) {
  const Record a = {"a", "", {category("kind", "film")}};
  const Record b = {"b", "", {category("kind", "film")}};
  const Catalog catalog = catalog_of({a, b});
  ItemIds ids;
  ids.add("unheard");
  ids.add("b");
  const auto encoder = FeatureEncoder::learn(catalog, {});
  const FeatureMatrix rows = encoder.encode_all(catalog, ids);
  EXPECT_TRUE(rows.row(0).empty());
  ASSERT_EQ(rows.row(1).size(), 1U);
  EXPECT_EQ(rows.row(1)[0], (Feature{0, 1}));
  EXPECT_TRUE(rows.row(2).empty());
  EXPECT_EQ(rows.n_features(), 1U);
  EXPECT_FALSE(rows.empty());
  EXPECT_TRUE(FeatureMatrix().empty());
}

TEST(FeatureEncoderTest, JsonGivesAnEqualEncoder) {
  std::vector<Record> records;
  for (int i = 0; i < 40; ++i) {
    records.push_back(
        {std::to_string(i), "Toy \"Story\"", {number("x", i / 3.0), number("same", 7)}});
  }
  const auto encoder = FeatureEncoder::learn(catalog_of(records), {.words = true});
  const auto read = FeatureEncoder::from_json(encoder.to_json());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->to_json(), encoder.to_json());
  EXPECT_EQ(read->n_features(), encoder.n_features());
  for (const Record& record : records) EXPECT_EQ(told(*read, record), told(encoder, record));
  EXPECT_EQ(FeatureEncoder::from_json(FeatureEncoder().to_json())->n_features(), 0U);
}

TEST(FeatureEncoderTest, OtherJsonIsRefused) {
  const auto refusal = [](const char* json) {
    const auto read = FeatureEncoder::from_json(json);
    if (read) return std::string("accepted");
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
    return read.error().message;
  };
  EXPECT_EQ(refusal(R"({"words":true,"terms":["a"],"bins":[]})"), "accepted");
  EXPECT_NE(refusal("{").find("is no JSON"), std::string::npos);
  EXPECT_EQ(refusal("[]"), "an encoder is no JSON object");
  EXPECT_EQ(refusal(R"({"terms":[],"bins":[]})"), "an encoder has no 'words' of the right type");
  EXPECT_EQ(refusal(R"({"words":true,"terms":{},"bins":[]})"),
            "an encoder has no 'terms' of the right type");
  EXPECT_EQ(refusal(R"({"words":true,"terms":[1],"bins":[]})"), "a term is no string");
  EXPECT_EQ(refusal(R"({"words":true,"terms":["a","a"],"bins":[]})"), "the term 'a' stands twice");
  EXPECT_EQ(refusal(R"({"words":true,"terms":[],"bins":[3]})"), "bins are no object");
  const auto with_edges = [&](const char* edges) {
    return refusal(
        fmt::format(R"({{"words":true,"terms":[],"bins":[{{"property":"x","upper":{}}}]}})", edges)
            .c_str());
  };
  EXPECT_EQ(with_edges(R"(["1","2"])"), "accepted");
  EXPECT_EQ(with_edges(R"(["2","2"])"), "the edges of bins do not rise");
  EXPECT_EQ(with_edges(R"(["nan"])"), "an edge is no finite number: 'nan'");
  EXPECT_EQ(with_edges(R"([1])"), "an edge is no string");
}

}  // namespace
}  // namespace coseno
