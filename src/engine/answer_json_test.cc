#include "engine/answer_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <limits>

namespace coseno {
namespace {

template <class T>
std::string json_of(T value) {
  std::string text;
  append_json(value, text);
  return text;
}

TEST(AnswerJsonTest, TextsAreEscaped) {
  EXPECT_EQ(json_of(std::string_view("tea")), "\"tea\"");
  EXPECT_EQ(json_of(std::string_view("")), "\"\"");
  EXPECT_EQ(json_of(std::string_view("\"\\\n\r\t")), R"("\"\\\n\r\t")");
  EXPECT_EQ(json_of(std::string_view("\x01\x1f\x7f/\u00e9")), "\"\\u0001\\u001f\x7f/\u00e9\"");
}

// Every byte of ASCII comes back as it was.
TEST(AnswerJsonTest, TextsReadBackAsTheyWere) {
  std::string text;
  for (char letter = 0; letter < 127; ++letter) text += letter;
  EXPECT_EQ(boost::json::parse(json_of(std::string_view(text))).as_string(), text);
}

TEST(AnswerJsonTest, NumbersAreAsShortAsReadsBackToTheSame) {
  EXPECT_EQ(json_of(4.1F), "4.1");
  EXPECT_EQ(json_of(4.0F), "4");
  EXPECT_EQ(json_of(0.1), "0.1");
  EXPECT_EQ(json_of(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(
      boost::json::parse(json_of(std::numeric_limits<double>::denorm_min())).to_number<double>(),
      std::numeric_limits<double>::denorm_min());
}

TEST(AnswerJsonTest, AListHasItsParts) {
  const Recommendations list{.items = {{.item = "tea", .score = 1.5F},
                                       {.item = "jam",
                                        .score = 1,
                                        .sources = {{"ease", 0.5F}},
                                        .reasons = {{"ham", 0.25F}}}},
                             .position = 7,
                             .snapshot = 2};
  std::string text;
  append_list(list, {}, text);
  EXPECT_EQ(text, R"("items": [{"item": "tea", "score": 1.5}, {"item": "jam", "score": 1, )"
                  R"("sources": [{"name": "ease", "score": 0.5}], "reasons": [{"item": "ham", )"
                  R"("share": 0.25}]}], "position": 7, "snapshot": 2)");
}

TEST(AnswerJsonTest, TitlesAndPropensitiesStandWhereThereAreAny) {
  const std::vector<RecommendedItem> items = {{.item = "tea", .score = 1, .propensity = 0.5},
                                              {.item = "jam", .score = 1}};
  const std::vector<std::string> titles = {"", "Jam"};
  std::string text;
  append_items(items, titles, text);
  EXPECT_EQ(text, R"([{"item": "tea", "score": 1, "propensity": 0.5}, )"
                  R"({"item": "jam", "score": 1, "title": "Jam", "propensity": 1}])");
}

}  // namespace
}  // namespace coseno
