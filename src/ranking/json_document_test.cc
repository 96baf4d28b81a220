#include "ranking/json_document.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

namespace coseno {
namespace {

std::string document_trouble(std::string_view text) {
  const auto value = parse_json_document(text, 200, 4);
  return value ? "none" : value.error().message;
}

double number_of(std::string_view text) {
  const auto value = parse_json_document(text, 200, 4);
  return value && value->is_double() ? value->get_double() : NAN;
}

TEST(JsonDocumentTest, ReadsEveryKindOfValue) {
  const auto value =
      parse_json_document(R"( {"a": [1, 2.5, "\u00e4\n", true, null], "": {"b": {}}} )", 200, 4);
  ASSERT_TRUE(value.has_value()) << value.error().message;
  EXPECT_EQ(boost::json::serialize(*value),
            "{\"a\":[1E0,2.5E0,\"ä\\n\",true,null],\"\":{\"b\":{}}}");
}

// Boost 1.81 reads one number of 17 digits in ten to the double beside it, these among them.
TEST(JsonDocumentTest, NumbersAreTheNearestDoubles) {
  EXPECT_EQ(number_of("0.1"), 0.1);
  EXPECT_EQ(number_of("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(number_of("30385619207.529438"), 30385619207.529438);
  EXPECT_EQ(number_of("266839784391.70306"), 266839784391.70306);
  EXPECT_EQ(number_of("1118118646.5475867"), 1118118646.5475867);
  EXPECT_EQ(number_of("9007199254740992"), 0x1p53);
  EXPECT_EQ(number_of("18446744073709551616"), 0x1p64);
  EXPECT_FALSE(std::signbit(number_of("-0")));
  EXPECT_FALSE(std::signbit(number_of("-0.0")));
}

TEST(JsonDocumentTest, NumbersThatNoDoubleHoldsAreRefused) {
  EXPECT_EQ(document_trouble(R"({"id": [0, 9007199254740993]})"),
            "/id/1: '9007199254740993' has more digits than a double keeps: write it as a string");
  EXPECT_EQ(document_trouble("123456789012345678901234567890"),
            "'123456789012345678901234567890' has more digits than a double keeps: write it as a "
            "string");
  EXPECT_NE(document_trouble("1e999"), "none");
  EXPECT_NE(document_trouble("NaN"), "none");
  EXPECT_NE(document_trouble("Infinity"), "none");
}

TEST(JsonDocumentTest, ANameTwiceIsRefusedWhereItStands) {
  EXPECT_EQ(document_trouble(R"({"a": 1, "b": 2, "a": 3})"), "'a' stands twice in one object");
  EXPECT_EQ(document_trouble(R"({"x": [0, {"y": {"a": 1, "\u0061": 2}}]})"),
            "/x/1/y: 'a' stands twice in one object");
  EXPECT_EQ(document_trouble(R"([{"a": 1}, {"a": 1}])"), "none");
}

TEST(JsonDocumentTest, BrokenTextIsRefused) {
  EXPECT_EQ(document_trouble(""), "the JSON ends too early");
  EXPECT_EQ(document_trouble(R"({"a": [1, )"), "the JSON ends too early");
  EXPECT_EQ(document_trouble("{} x"), "more text behind the end of the JSON, at byte 4");
  EXPECT_TRUE(document_trouble("{\"a\": }").starts_with("not valid JSON at byte 7"))
      << document_trouble("{\"a\": }");
  EXPECT_NE(document_trouble("\"\xFF\""), "none");
  EXPECT_NE(document_trouble(R"("\ud800")"), "none");
  EXPECT_NE(document_trouble("{'a': 1}"), "none");
  EXPECT_NE(document_trouble("[1,]"), "none");
  EXPECT_NE(document_trouble("// x\n1"), "none");
}

TEST(JsonDocumentTest, DepthAndLengthAreBounded) {
  EXPECT_EQ(document_trouble("[[[[1]]]]"), "none");
  EXPECT_EQ(document_trouble("[[[[[1]]]]]"), "the JSON is nested deeper than 4 levels");
  EXPECT_EQ(document_trouble('"' + std::string(198, 'x') + '"'), "none");
  EXPECT_EQ(document_trouble('"' + std::string(199, 'x') + '"'),
            "the JSON is 201 bytes long: at most 200");
}

TEST(JsonDocumentTest, PointersEscapeWhatHasAMeaningInThem) {
  EXPECT_EQ(json_pointer("/any", 1), "/any/1");
  EXPECT_EQ(json_pointer("/range", "a/b~c"), "/range/a~1b~0c");
  EXPECT_EQ(json_pointer("", "line\nbreak"), "/line?break");
  EXPECT_LT(json_pointer("", std::string(1000, 'x')).size(), 60U);
}

}  // namespace
}  // namespace coseno
