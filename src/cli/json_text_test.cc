#include "cli/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace coseno::cli {
namespace {

namespace json = boost::json;

TEST(JsonTextTest, MembersKeepTheirOrder) {
  const json::value value{{"user", "ann"}, {"items", {{{"item", "tea"}, {"score", 2}}}}};
  EXPECT_EQ(json_text(value), R"({"user": "ann", "items": [{"item": "tea", "score": 2}]})");
}

TEST(JsonTextTest, DoublesAreShortAndReadBackTheSame) {
  for (const double number : {4.5, 0.1, 1.0 / 3, 1e300, 5e-324, -0.25}) {
    const std::string text = json_text(number);
    EXPECT_EQ(json::parse(text).to_number<double>(), number) << text;
  }
  EXPECT_EQ(json_text(4.5), "4.5");
  EXPECT_EQ(json_text(3.0), "3");
}

TEST(JsonTextTest, FloatsPrintAsFloats) {
  EXPECT_EQ(json_text(shortest(4.1F)), "4.1");
  EXPECT_EQ(static_cast<float>(shortest(4.1F)), 4.1F);
}

TEST(JsonTextTest, TextIsEscaped) {
  EXPECT_EQ(json_text(json::value{{"a\"b", "line\nend\x01"}}),
            "{\"a\\\"b\": \"line\\nend\\u0001\"}");
}

TEST(JsonTextTest, EmptyAndNullAreThemselves) {
  EXPECT_EQ(json_text(json::array{}), "[]");
  EXPECT_EQ(json_text(json::object{}), "{}");
  EXPECT_EQ(json_text(json::value{{"known", false}, {"rmse", nullptr}}),
            R"({"known": false, "rmse": null})");
}

}  // namespace
}  // namespace coseno::cli
