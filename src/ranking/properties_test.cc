#include "ranking/properties.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace coseno {
namespace {

Properties properties_of(std::string_view json) {
  const auto properties = Properties::parse(json);
  EXPECT_TRUE(properties.has_value()) << properties.error().message;
  return properties.value_or(Properties());
}

std::string trouble_of(std::string_view json) {
  const auto properties = Properties::parse(json);
  return properties ? "none" : properties.error().message;
}

std::string patched(std::string_view json, std::string_view patch) {
  const auto result = properties_of(json).patched(patch);
  return result ? result->json() : result.error().message;
}

TEST(PropertiesTest, EveryKindComesBackCanonical) {
  EXPECT_EQ(properties_of(R"({ "year" : 1994.0, "new": true, "tags": ["b", 2, false], "empty": [],
                        "shop": {"lon": -0.5, "lat": 52}, "title": "Pulp \"Fiction\"\n\u00e4",
                        "at": "2026-02-28T12:00:00+01:00", "big": 1e300 })")
                .json(),
            R"({"at":"2026-02-28T12:00:00+01:00","big":1e+300,"empty":[],"new":true,)"
            R"("shop":{"lat":52,"lon":-0.5},"tags":["b",2,false],"title":"Pulp \"Fiction\"\nä",)"
            R"("year":1994})");
  EXPECT_EQ(properties_of("{}").json(), "{}");
}

TEST(PropertiesTest, ValuesAreFoundByName) {
  const Properties properties = properties_of(R"({"b": 2, "a": "x", "c": null})");
  ASSERT_EQ(properties.values().size(), 2U);
  EXPECT_EQ(properties.values()[0].name, "a");
  ASSERT_NE(properties.find("b"), nullptr);
  EXPECT_EQ(std::get<Scalar>(properties.find("b")->value), Scalar(2.0));
  EXPECT_EQ(properties.find("c"), nullptr);
  EXPECT_EQ(properties.find(""), nullptr);
}

TEST(PropertiesTest, CanonicalTextReadsBackTheSame) {
  Rng rng(1);
  for (int round = 0; round < 500; ++round) {
    const auto number =
        static_cast<double>(rng()) * std::pow(10, static_cast<int>(rng.below(40)) - 30);
    const std::string json = fmt::format(R"({{"a":{},"b":[{}]}})", number, -number);
    const Properties properties = properties_of(json);
    EXPECT_EQ(properties.json(), json);
    EXPECT_EQ(properties_of(properties.json()), properties);
  }
}

TEST(PropertiesTest, PatchReplacesAddsAndTakesAway) {
  constexpr std::string_view kOld = R"({"a":1,"b":[1,2],"p":{"lat":1,"lon":2}})";
  EXPECT_EQ(patched(kOld, "{}"), kOld);
  EXPECT_EQ(patched(kOld, R"({"b":null,"z":"new","A":true})"),
            R"({"A":true,"a":1,"p":{"lat":1,"lon":2},"z":"new"})");
  EXPECT_EQ(patched(kOld, R"({"b":[3]})"), R"({"a":1,"b":[3],"p":{"lat":1,"lon":2}})");
  EXPECT_EQ(patched(kOld, R"({"unknown":null})"), kOld);
  EXPECT_EQ(patched(kOld, R"({"a":null,"b":null,"p":null})"), "{}");
  // A point is one value, not an object to be merged.
  EXPECT_EQ(patched(kOld, R"({"p":{"lat":5}})"), "/p/lon must be a number from -180 to 180");
}

TEST(PropertiesTest, WhatIsNoPropertyIsRefusedWithItsPlace) {
  EXPECT_EQ(trouble_of("[1]"), "properties must be a JSON object, not a list");
  EXPECT_EQ(trouble_of(R"({"a": [1, [2]]})"),
            "/a/1 must be a string, a number, true or false, not a list");
  EXPECT_EQ(trouble_of(R"({"a": [null]})"),
            "/a/0 must be a string, a number, true or false, not null");
  EXPECT_EQ(trouble_of(R"({"a": {"b": 1}})"),
            R"(/a/b: an object must be a point, {"lat": ..., "lon": ...})");
  EXPECT_EQ(trouble_of(R"({"a": {"lat": 91, "lon": 0}})"),
            "/a/lat must be a number from -90 to 90");
  EXPECT_EQ(trouble_of(R"({"a": {"lat": 0, "lon": "1"}})"),
            "/a/lon must be a number from -180 to 180");
  EXPECT_EQ(trouble_of(R"({"a": {}})"), "/a/lat must be a number from -90 to 90");
  EXPECT_EQ(trouble_of(R"({"": 1})"), "/: a property's name is 1 to 128 bytes long, not 0");
  EXPECT_EQ(trouble_of(R"({"a": 1, "a": 2})"), "'a' stands twice in one object");
}

TEST(PropertiesTest, BoundsAreHeld) {
  const auto with_names = [](int n) {
    std::string json;
    for (int i = 0; i < n; ++i) json += fmt::format("{}\"n{}\": 1", i == 0 ? "{" : ",", i);
    return json + "}";
  };
  EXPECT_EQ(trouble_of(with_names(100)), "none");
  EXPECT_EQ(trouble_of(with_names(101)), "101 properties: at most 100");
  const auto full = Properties::parse(with_names(100));
  EXPECT_FALSE(full->patched(R"({"one_more": 1})").has_value());
  EXPECT_TRUE(full->patched(R"({"one_more": 1, "n7": null})").has_value());

  EXPECT_EQ(trouble_of("{\"" + std::string(128, 'n') + "\": 1}"), "none");
  EXPECT_NE(trouble_of("{\"" + std::string(129, 'n') + "\": 1}"), "none");

  EXPECT_EQ(trouble_of("{\"a\":\"" + std::string(65'528, 'x') + "\"}"), "none");
  EXPECT_EQ(trouble_of("{\"a\":\"" + std::string(65'529, 'x') + "\"}"),
            "the JSON is 65537 bytes long: at most 65536");
  // 6 bytes of text, 17 of canonical JSON.
  std::string grows = "{\"a\":[1";
  for (int i = 0; i < 9000; ++i) grows += ",1e15";
  EXPECT_EQ(trouble_of(grows + "]}"),
            "the properties are 153009 bytes long as JSON: at most 65536");
}

TEST(PropertiesTest, TimesAreTextsOfTheCalendarOnly) {
  EXPECT_EQ(property_time("1970-01-02"), 86'400);
  EXPECT_EQ(property_time("1970-01-01T01:00:00.999+01:00"), 0);
  EXPECT_EQ(property_time("2026-02-30"), std::nullopt);
  EXPECT_EQ(property_time("1994"), std::nullopt);
  EXPECT_EQ(property_time("1234567890"), std::nullopt);
  EXPECT_EQ(property_time("1994-01-01 and more"), std::nullopt);
  EXPECT_EQ(property_time(""), std::nullopt);
}

}  // namespace
}  // namespace coseno
