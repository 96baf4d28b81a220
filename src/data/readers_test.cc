#include "data/readers.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "data/interaction_readers.h"

namespace coseno {
namespace {

// An interaction with its ids, as the test wrote it.
struct Line {
  std::string user;
  std::string item;
  float value = 1;
  std::int64_t time = 0;

  bool operator==(const Line&) const = default;
};
using Lines = std::vector<Line>;

void PrintTo(const Line& line, std::ostream* out) {
  *out << line.user << ' ' << line.item << ' ' << line.value << ' ' << line.time;
}

Result<Interactions> read(std::string_view text,
                          std::optional<InteractionFormat> format = std::nullopt) {
  Progress silent;
  return read_interactions(TextSource::from_memory("in", text), {.format = format}, silent);
}

Lines lines(const Result<Interactions>& result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    return {};
  }
  Lines all;
  for (std::size_t i = 0; i < result->size(); ++i) {
    const auto [user, interaction] = result->row(i);
    all.push_back({std::string(result->users.id(user)),
                   std::string(result->items.id(interaction.item)), interaction.value,
                   interaction.time});
  }
  return all;
}

std::string error_of(const auto& result) {
  return result ? std::string("no error") : result.error().message;
}

const Lines kRated = {{"ann", "tea", 4, 10}, {"ann", "jam", 2.5, 20}, {"bob", "tea", 1, 30}};

TEST(ReadDelimitedTest, CsvWithAHeader) {
  const auto result = read(
      "userId,movieId,rating,timestamp\n"
      "ann,tea,4,10\nann,jam,2.5,20\nbob,tea,1.0,30\n");
  EXPECT_EQ(lines(result), kRated);
  EXPECT_TRUE(result->has_values);
  EXPECT_TRUE(result->has_times);
}

TEST(ReadDelimitedTest, CsvAndTsvWithoutAHeader) {
  EXPECT_EQ(lines(read("ann,tea,4,10\nann,jam,2.5,20\nbob,tea,1,30\n")), kRated);
  EXPECT_EQ(lines(read("ann\ttea\t4\t10\nann\tjam\t2.5\t20\nbob\ttea\t1\t30\n")), kRated);
}

TEST(ReadDelimitedTest, DoubleColons) {
  EXPECT_EQ(lines(read("ann::tea::4::10\nann::jam::2.5::20\nbob::tea::1::30\n")), kRated);
}

TEST(ReadDelimitedTest, TypedHeaderOfRecBole) {
  EXPECT_EQ(lines(read("user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
                       "ann\ttea\t4\t10\nann\tjam\t2.5\t20\nbob\ttea\t1\t30\n")),
            kRated);
}

// As session-rec writes them: no values, times with a fraction.
TEST(ReadDelimitedTest, SessionsHaveTimesAndNoValues) {
  const auto result = read("SessionId\tItemId\tTime\n3\t214716935\t1396437466.94\n");
  EXPECT_EQ(lines(result), (Lines{{"3", "214716935", 1, 1396437466}}));
  EXPECT_FALSE(result->has_values);
  EXPECT_TRUE(result->has_times);
}

TEST(ReadDelimitedTest, TwoColumnsArePlainActs) {
  const auto result = read("ann,tea\nbob,jam\n");
  EXPECT_EQ(lines(result), (Lines{{"ann", "tea"}, {"bob", "jam"}}));
  EXPECT_FALSE(result->has_values);
  EXPECT_FALSE(result->has_times);
}

TEST(ReadDelimitedTest, ColumnsMayStandInAnyOrderAmongOthers) {
  EXPECT_EQ(lines(read("when,date,ISBN,stars,User-ID\nx,1970-01-02,tea,4,ann\n")),
            (Lines{{"ann", "tea", 4, 86400}}));
}

// A header of ids that happen to be known names would be a guess; numbers decide.
TEST(ReadDelimitedTest, AFirstRowWithNumbersIsDataWhateverItsIds) {
  EXPECT_EQ(lines(read("count,tea,4\nann,score,3\n")),
            (Lines{{"count", "tea", 4}, {"ann", "score", 3}}));
}

TEST(ReadDelimitedTest, MarkCrlfBlankLinesAndOpenEndAreFine) {
  EXPECT_EQ(lines(read("\xEF\xBB\xBFuser,item,rating\r\nann,tea,4\r\n\r\nann,jam,2\r\n\r\n")),
            (Lines{{"ann", "tea", 4}, {"ann", "jam", 2}}));
  EXPECT_EQ(lines(read("ann,tea,4\nann,jam,2")), (Lines{{"ann", "tea", 4}, {"ann", "jam", 2}}));
}

TEST(ReadDelimitedTest, QuotedFieldsHoldCommasQuotesAndLineEnds) {
  EXPECT_EQ(lines(read("user,item,rating\n"
                       "\"ann\",\"tea, \"\"green\"\"\",4\n"
                       "ann,\"two\r\nlines\",2\n"
                       "ann,\"\"\"\",1\n")),
            (Lines{{"ann", "tea, \"green\"", 4}, {"ann", "two\nlines", 2}, {"ann", "\"", 1}}));
}

TEST(ReadDelimitedTest, BlanksAroundFieldsOfCsvAreDropped) {
  EXPECT_EQ(lines(read("user, item, rating\nann, green tea , 4\nbob, \" tea, jam\", 2 \n")),
            (Lines{{"ann", "green tea", 4}, {"bob", " tea, jam", 2}}));
  EXPECT_EQ(error_of(read("ann, tea, 4\nann,  , 2\n")), "in:2:7: the item id is empty");
  EXPECT_EQ(lines(read("ann\t tea\t4\n")), (Lines{{"ann", " tea", 4}}));
}

// Only CSV quotes: a quote in a tab separated file is a part of the id.
TEST(ReadDelimitedTest, QuotesInTsvArePlain) {
  EXPECT_EQ(lines(read("ann\t\"tea\"\t4\n")), (Lines{{"ann", "\"tea\"", 4}}));
}

TEST(ReadDelimitedTest, BrokenQuotesAreRefused) {
  EXPECT_EQ(error_of(read("user,item\nann,\"tea\nbob,jam\n")),
            "in:2:5: the quote that opens here is not closed");
  EXPECT_EQ(error_of(read("user,item\nann,\"tea\"x\n")), "in:2:10: text behind a closing quote");
}

TEST(ReadDelimitedTest, RatingsThatAreNoFiniteNumbersAreRefused) {
  const std::string header = "user,item,rating\nann,tea,4\n";
  EXPECT_EQ(error_of(read(header + "ann,jam,abc\n")), "in:3:9: rating 'abc' is not a number");
  EXPECT_EQ(error_of(read(header + "ann,jam,\n")), "in:3:9: the rating is empty");
  for (const std::string rating : {"nan", "inf", "1e999"}) {
    EXPECT_EQ(error_of(read(header + "ann,jam," + rating + "\n")),
              "in:3:9: rating '" + rating + "' is not a finite number of 32 bits (at most 3.4e38)");
  }
}

TEST(ReadDelimitedTest, AMissingColumnIsNamed) {
  EXPECT_EQ(error_of(read("userId,rating\nann,4\n")),
            "in:1:1: the header 'userId, rating' has no item column: it would be named item, "
            "itemId, movieId, product_id, asin, isbn, ...");
  EXPECT_EQ(error_of(read("who,item,rating\nann,tea,4\n")),
            "in:1:1: the header 'who, item, rating' has no user column: it would be named user, "
            "userId, user_id, customer, session, ...");
  EXPECT_EQ(error_of(read("user,item,rating,rating\nann,tea,4,4\n")),
            "in:1:18: the header has column 'rating' twice");
}

TEST(ReadDelimitedTest, AFirstRowThatIsNeitherHeaderNorDataIsRefused) {
  EXPECT_EQ(error_of(read("wer,was,wie\nann,tea,4\n")),
            "in:1:9: rating 'wie' is not a number: without a header, rows are user, item, rating, "
            "time (the last two may be absent)");
  EXPECT_EQ(error_of(read("ann,tea,4,10,x\n")),
            "in:1:1: 5 columns, and none is known by name: without a header, rows are user, item, "
            "rating, time (the last two may be absent)");
}

TEST(ReadDelimitedTest, TwoWordsAboveNumbersAreAnUnknownHeader) {
  EXPECT_EQ(error_of(read("who,what\n1,tea\n2,jam\n")),
            "in:1:1: the header 'who, what' has no user column: it would be named user, userId, "
            "user_id, customer, session, ...");
  EXPECT_EQ(lines(read("who,what\nann,tea\n")).size(), 2U);         // no numbers
  EXPECT_EQ(lines(read("who,what\n1,tea\nwho,jam\n")).size(), 3U);  // an id
  EXPECT_EQ(lines(read("ann,u2\n1,tea\n2,jam\n")).size(), 3U);      // no word
  EXPECT_EQ(lines(read("ann,tea\n")).size(), 1U);
}

TEST(ReadDelimitedTest, ARowWithoutAllColumnsIsRefused) {
  EXPECT_EQ(error_of(read("ann,tea,4\nann,jam\nbob,tea,1\n")),
            "in:2:1: 2 columns where the first line has 3");
  EXPECT_EQ(error_of(read("user,item,rating\nann,tea,4\nann,jam")),
            "in:3:1: 2 columns where the header has 3 (the file may be cut short)");
}

// Book-Crossing's users_info.dat has a tab behind the last column.
TEST(ReadDelimitedTest, ADelimiterAtTheEndOfALineIsFine) {
  EXPECT_EQ(lines(read("user,item,rating\nann,tea,4,\n")), (Lines{{"ann", "tea", 4}}));
  EXPECT_EQ(error_of(read("user,item,rating\nann,tea,4,,\n")),
            "in:2:1: 5 columns where the header has 3");
}

// A number with leading zeros is another id than the number.
TEST(ReadDelimitedTest, NumbersAreIdsAsTheyAreWritten) {
  const auto result = read("0,007\n00,7\n4194304,12345678\n4194303,99999999999\n0,7\n1,7\n");
  EXPECT_EQ(lines(result), (Lines{{"0", "007"},
                                  {"00", "7"},
                                  {"4194304", "12345678"},
                                  {"4194303", "99999999999"},
                                  {"0", "7"},
                                  {"1", "7"}}));
  EXPECT_EQ(result->users.size(), 5U);
  EXPECT_EQ(result->items.size(), 4U);
}

TEST(ReadDelimitedTest, BadIdsAreRefused) {
  EXPECT_EQ(error_of(read("ann,tea,4\n,jam,2\n")), "in:2:1: the user id is empty");
  EXPECT_EQ(error_of(read("ann,tea,4\nann,,2\n")), "in:2:5: the item id is empty");
  EXPECT_EQ(error_of(read("ann,tea,4\nann," + std::string(513, 'x') + ",2\n")),
            "in:2:5: the item id '" + std::string(40, 'x') + "...' is 513 bytes long: at most 512");
  EXPECT_EQ(lines(read("ann," + std::string(512, 'x') + ",2\n")).size(), 1U);
  EXPECT_EQ(error_of(read("ann,tea,4\nb\xFF,tea,2\n")), "in:2:2: not valid UTF-8");
}

TEST(ReadDelimitedTest, BadTimesAreRefused) {
  EXPECT_EQ(error_of(read("ann,tea,4,10\nann,jam,2,soon\n")),
            "in:2:11: time 'soon' is neither Unix seconds nor like 2026-02-28T23:59:59Z");
}

TEST(ReadDelimitedTest, AHeaderAloneHoldsNoInteractions) {
  EXPECT_EQ(error_of(read("user,item,rating\n")), "in: no interactions in it");
}

TEST(ReadJsonMatrixTest, UsersAndTheirRatings) {
  const auto result = read(R"({"ann": {"tea": 4, "jam": 2.5}, "bob": {"tea": 1}, "eve": {}})");
  EXPECT_EQ(lines(result), (Lines{{"ann", "tea", 4}, {"ann", "jam", 2.5}, {"bob", "tea", 1}}));
  EXPECT_TRUE(result->has_values);
  EXPECT_FALSE(result->has_times);
  EXPECT_TRUE(result->users.find("eve").has_value());
}

TEST(ReadJsonMatrixTest, EscapesInIds) {
  EXPECT_EQ(lines(read(R"({"a\"n\u006e": {"th\u00e9": 4}})")), (Lines{{"a\"nn", "th\u00E9", 4}}));
}

// A text of several blocks: keys and numbers are cut at their edges, wherever these fall.
TEST(ReadJsonMatrixTest, LongFilesAreReadInPieces) {
  std::string text = "{\n";
  Lines expected;
  for (int user = 0; user < 300; ++user) {
    text += (user == 0 ? "" : ",\n") + ("\"user \\\"" + std::to_string(user) + "\": {");
    for (int item = 0; item < 100; ++item) {
      const float value = static_cast<float>(item) + 0.125F;
      text += (item == 0 ? "" : ", ") + ("\"item" + std::to_string(item) + "\": ") +
              std::to_string(value);
      expected.push_back({"user \"" + std::to_string(user), "item" + std::to_string(item), value});
    }
    text += "}";
  }
  text += "}\n";
  ASSERT_GT(text.size(), 500'000U);
  EXPECT_EQ(lines(read(text)), expected);
}

TEST(ReadJsonMatrixTest, DuplicateKeysAreRefused) {
  EXPECT_EQ(error_of(read("{\"ann\": {\"tea\": 4},\n \"ann\": {\"jam\": 2}}")),
            "in:2:6: duplicate key: user 'ann' stands twice");
  EXPECT_EQ(error_of(read("{\"ann\": {\"tea\": 4,\n \"jam\": 2, \"tea\": 1}}")),
            "in:2:16: duplicate key: item 'tea' stands twice with its user");
  // The same item with two users is no duplicate; escapes do not hide one.
  EXPECT_EQ(lines(read(R"({"ann": {"tea": 4}, "bob": {"tea": 4}})")).size(), 2U);
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": 4, "t\u0065a": 4}})")).contains("duplicate key"));
}

// Ids that were there before the file do not count as its keys.
TEST(ReadJsonMatrixTest, KnownIdsAreNoDuplicates) {
  UserIds users;
  ItemIds items;
  users.add("bob");
  items.add("jam");
  Progress silent;
  const auto result =
      read_interactions(TextSource::from_memory("in", R"({"ann": {"jam": 1}, "bob": {"jam": 2}})"),
                        {}, silent, users, items);
  EXPECT_EQ(lines(result), (Lines{{"ann", "jam", 1}, {"bob", "jam", 2}}));
  EXPECT_EQ(result->users.find("bob"), UserIndex{0});
}

TEST(ReadJsonMatrixTest, ACutFileIsRefused) {
  const std::string text = "{\"ann\": {\"tea\": 4, \"jam\": 2.5}}";
  for (std::size_t n = 1; n < text.size(); ++n) {
    EXPECT_EQ(
        error_of(read(text.substr(0, n), InteractionFormat::json_matrix)),
        "in:1:" + std::to_string(n + 1) + ": the JSON ends too early: the file may be cut short");
  }
}

TEST(ReadJsonMatrixTest, WrongKindsAreRefused) {
  EXPECT_EQ(error_of(read(R"({"ann": {"tea": "4"}})")),
            "in:1:19: the rating of item 'tea' must be a number, not a string");
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": null}})")).ends_with("a number, not null"));
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": [4]}})")).ends_with("a number, not an array"));
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": {"x": 4}}})")).ends_with("not an object"));
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": 1}, "bob": 4})"))
                  .contains("user 'bob' must have an object of ratings by item, not a number"));
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": 1e999}})")).contains("is not a finite number"));
  EXPECT_TRUE(error_of(read(R"({"ann": {"tea": nan}})")).contains("not valid JSON"));
}

TEST(ReadJsonMatrixTest, BadIdsAreRefused) {
  EXPECT_TRUE(error_of(read(R"({"": {"tea": 1}})")).contains("the user id is empty"));
  EXPECT_TRUE(error_of(read(R"({"ann": {"": 1}})")).contains("the item id is empty"));
  EXPECT_TRUE(error_of(read("{\"ann\": {\"" + std::string(513, 'x') + "\": 1}}"))
                  .ends_with("is 513 bytes long: at most 512"));
  EXPECT_EQ(error_of(read("{\"ann\":\n{\"t\xFF\": 1}}")), "in:2:4: not valid UTF-8");
  EXPECT_TRUE(error_of(read(R"({"a\ud800": {"tea": 1}})")).contains("not valid JSON"));
}

TEST(ReadJsonMatrixTest, TextBehindTheObjectIsRefused) {
  EXPECT_EQ(error_of(read("{\"ann\": {\"tea\": 4}}\n\nann,tea,4\n")),
            "in:3:1: more text behind the end of the JSON object");
  EXPECT_EQ(lines(read("{\"ann\": {\"tea\": 4}}\n\n \n")).size(), 1U);
}

TEST(ReadJsonMatrixTest, NobodyIsNoInteractions) {
  EXPECT_EQ(error_of(read("{}")), "in: no interactions in it");
}

TEST(ReadJsonLinesTest, KnownNamesInAnyOrder) {
  const auto result = read(
      "{\"user\": \"ann\", \"item\": \"tea\", \"value\": 4, \"time\": 10}\n"
      "{\"time\": 20.5, \"item_id\": \"jam\", \"rating\": 2.5, \"userId\": \"ann\"}\n"
      "{\"user\": \"bob\", \"item\": \"tea\", \"value\": 1e0, \"time\": \"1970-01-01T00:00:30Z\"}");
  EXPECT_EQ(lines(result), kRated);
  EXPECT_TRUE(result->has_values);
  EXPECT_TRUE(result->has_times);
}

TEST(ReadJsonLinesTest, NumbersAreIdsAndOtherFieldsAreSkipped) {
  const auto result = read(
      "{\"user\": 7, \"tags\": [\"x\", {\"user\": 9}], \"item\": -12, \"style\": {\"a\": [1]}}\n");
  EXPECT_EQ(lines(result), (Lines{{"7", "-12"}}));
  EXPECT_FALSE(result->has_values);
}

TEST(ReadJsonLinesTest, MissingAndWrongFieldsAreRefused) {
  EXPECT_EQ(error_of(read("{\"item\": \"tea\"}\n")),
            "in:1:1: the object has no user: it would be named user, userId, user_id, customer, "
            "session, ...");
  EXPECT_TRUE(
      error_of(read("{\"user\": \"ann\"}\n")).starts_with("in:1:1: the object has no item"));
  const std::string good = "{\"user\": \"ann\", \"item\": \"tea\", \"value\": 4}\n";
  EXPECT_EQ(error_of(read(good + "{\"user\": \"ann\", \"item\": \"jam\"}\n")),
            "in:2:1: the object has no value, and those before have one");
  EXPECT_EQ(error_of(read("{\"user\": \"ann\", \"item\": \"jam\"}\n" + good)),
            "in:2:1: the object has a value, and those before have none");
  EXPECT_EQ(error_of(read(good + "{\"user\": \"ann\", \"item\": \"jam\", \"value\": \"4\"}\n")),
            "in:2:33: 'value' must be a number, not a string");
  EXPECT_EQ(error_of(read(good + "{\"user\": 1.5, \"item\": \"jam\", \"value\": 4}\n")),
            "in:2:3: 'user' must be a string or a whole number, not a number");
  EXPECT_TRUE(error_of(read(good + "{\"user\": \"\", \"item\": \"jam\", \"value\": 4}\n"))
                  .contains("the user id is empty"));
  EXPECT_TRUE(error_of(read(good + "{\"user\": \"ann\", \"item\": \"jam\", \"value\": 1e999}\n"))
                  .contains("is not a finite number"));
}

TEST(ReadJsonLinesTest, DuplicateKeysAreRefused) {
  EXPECT_EQ(error_of(read("{\"user\": \"ann\", \"user\": \"bob\", \"item\": \"tea\"}\n")),
            "in:1:22: duplicate key 'user'");
}

TEST(ReadJsonLinesTest, CutAndBrokenLinesAreRefused) {
  const std::string good = "{\"user\": \"ann\", \"item\": \"tea\"}\n";
  EXPECT_EQ(error_of(read(good + "{\"user\": \"bob\", \"it")),
            "in:2:20: the JSON ends too early: the file may be cut short");
  EXPECT_EQ(error_of(read(good + "{\"user\": \"bob\" \"item\"}\n")),
            "in:2:16: not valid JSON (syntax error)");
  EXPECT_EQ(error_of(read(good + "{\"user\": \"bob\", \"item\": \"tea\"} x\n")),
            "in:2:32: more text behind the end of the JSON object");
  EXPECT_EQ(error_of(read(good + "[1]\n")), "in:2:1: expected a JSON object, {...}");
}

TEST(ReadJsonLinesTest, AnObjectOverSeveralLinesIsRefused) {
  EXPECT_EQ(error_of(read("{\n  \"user\": \"ann\",\n  \"item\": \"tea\"\n}\n")),
            "in:1:2: the JSON ends in this line; JSON Lines needs one object a line");
}

TEST(ReadUserLinesTest, ItemsFollowTheirUser) {
  const auto result = read("0 12 7 9\n1 7\n");
  EXPECT_EQ(lines(result), (Lines{{"0", "12"}, {"0", "7"}, {"0", "9"}, {"1", "7"}}));
  EXPECT_FALSE(result->has_values);
  EXPECT_FALSE(result->has_times);
}

TEST(ReadUserLinesTest, AUserMayHaveNoItems) {
  const auto result = read("ann tea\nbob\n");
  EXPECT_EQ(lines(result), (Lines{{"ann", "tea"}}));
  EXPECT_EQ(result->users.size(), 2U);
}

TEST(ReadUserLinesTest, BlanksMayBeManyAndAtTheEnds) {
  EXPECT_EQ(lines(read(" ann  tea jam \r\n\r\n")), (Lines{{"ann", "tea"}, {"ann", "jam"}}));
}

TEST(ReadUserLinesTest, BadIdsAreRefused) {
  EXPECT_EQ(error_of(read("ann tea " + std::string(513, 'x') + "\n")),
            "in:1:9: the item id '" + std::string(40, 'x') + "...' is 513 bytes long: at most 512");
}

TEST(ReadUserLinesTest, RatingsBetweenBlanksAreRefusedUnlessForced) {
  const std::string rated = "196 242 3 881250949\n186 302 3 891717742\n";
  EXPECT_EQ(error_of(read(rated)),
            "in:1:1: the lines look like a user, an item and a rating between blanks ('196 242 3 "
            "881250949'): separate them by tabs or commas, or say --format user-lines where all "
            "behind the user are items");
  EXPECT_EQ(lines(read(rated, InteractionFormat::user_lines)).size(), 6U);
  EXPECT_TRUE(error_of(read("ann tea 4\nbob  jam 2.5\n")).contains("between blanks"));
  EXPECT_TRUE(error_of(read("user_id item_id rating\nann tea 4\n")).contains("is a header"));
  EXPECT_EQ(lines(read("1 2 3 4\n5 6 7 8\n")).size(), 6U);
  EXPECT_EQ(lines(read("1 2000 3000\n5 6000 7000\n")).size(), 4U);
}

// Each beginning with each other ending: nothing is read as what it is not.
TEST(ReadInteractionsTest, AFileThatChangesItsKindIsRefused) {
  const std::vector<std::string> kinds = {
      "ann,tea,4,10\nbob,jam,2,20\n",
      "ann\ttea\t4\t10\nbob\tjam\t2\t20\n",
      "ann::tea::4::10\nbob::jam::2::20\n",
      "ann tea jam\nbob jam\n",
      "{\"ann\": {\"tea\": 4}}\n",
      "{\"user\": \"ann\", \"item\": \"tea\", \"value\": 4}\n",
  };
  for (const std::string& first : kinds) {
    EXPECT_TRUE(read(first)) << first;
    for (const std::string& second : kinds) {
      if (first == second) continue;
      const auto result = read(first + second);
      ASSERT_FALSE(result) << first << second;
      EXPECT_TRUE(result.error().message.starts_with("in:")) << result.error().message;
    }
  }
}

TEST(ReadInteractionsTest, RowsOfAnotherKindWithAsManyFieldsAreRefused) {
  EXPECT_EQ(error_of(read("ann,tea\n{\"user\": \"bob\", \"item\": \"jam\"}\n")),
            "in:2:1: '{\"user\": \"bob\", \"item\": \"jam\"}' is JSON, not a row of fields");
  EXPECT_EQ(lines(read("user,item\n{3F-25},tea\n")), (Lines{{"{3F-25}", "tea"}}));
  EXPECT_EQ(
      error_of(read("ann tea jam\nbob tea, jam\n")),
      "in:2:8: 'bob tea, jam' is not of the kind 'user item item ...' (where the comma belongs "
      "to an id, say --format user-lines)");
  EXPECT_TRUE(error_of(read("ann tea jam\nbob tea::4 jam\n")).starts_with("in:2:8:"));
}

TEST(ReadInteractionsTest, AForcedFormatIsHeldTo) {
  EXPECT_EQ(lines(read("a,b c,d\n", InteractionFormat::user_lines)), (Lines{{"a,b", "c,d"}}));
  EXPECT_EQ(lines(read("a\tb,tea\n", InteractionFormat::csv)), (Lines{{"a\tb", "tea"}}));
  EXPECT_EQ(error_of(read("ann,tea,4\n", InteractionFormat::tsv)),
            "in:1:1: 1 column, and none is known by name: without a header, rows are user, item, "
            "rating, time (the last two may be absent)");
  EXPECT_EQ(error_of(read("ann,tea,4\n", InteractionFormat::json_matrix)),
            "in:1:1: not valid JSON (syntax error)");
  EXPECT_EQ(error_of(read("[1]", InteractionFormat::json_matrix)),
            "in:1:1: expected an object of users, not an array");
}

TEST(ReadInteractionsTest, OneColumnIsRefusedWithItsCause) {
  EXPECT_EQ(error_of(read("user;item;rating\nann;green tea;4\n")),
            "in:1:1: one column; is the separator ';'? Columns are separated by tabs, commas or "
            "'::'");
  EXPECT_TRUE(
      error_of(read("ann|tea|4\n")).starts_with("in:1:1: one column; is the separator '|'"));
  for (const std::string text : {"ann\nbob\n", "5", "null"}) {
    EXPECT_EQ(error_of(read(text)),
              "in:1:1: one column: no line has an item behind its user, and no separator is known "
              "(tab, comma, '::')");
  }
  EXPECT_EQ(error_of(read("{\"ann\": {}}")), "in:1:1: no user has a rating");
}

TEST(ReadInteractionsTest, AJsonArrayIsRefusedWithAdvice) {
  EXPECT_TRUE(error_of(read("[{\"user\": \"ann\"}]")).contains("JSON array"));
}

TEST(ReadInteractionsTest, EmptyAndBinaryFilesAreRefused) {
  EXPECT_EQ(error_of(read("")), "in: the file is empty");
  EXPECT_EQ(error_of(read("", InteractionFormat::csv)), "in: the file is empty");
  EXPECT_TRUE(error_of(read(std::string_view("\x7F"
                                             "ELF\0\0",
                                             6)))
                  .contains("binary file"));
}

TEST(ReadInteractionsTest, Bzip2IsKnownByMoreThanThreeLetters) {
  EXPECT_EQ(error_of(read("BZh91AY&SY\x12")),
            "in: is packed with bzip2: unpack it first (gzip and zstd are read as they are)");
  EXPECT_EQ(lines(read("BZh9,tea\n")), (Lines{{"BZh9", "tea"}}));
}

TEST(ReadInteractionsTest, KnownIdsKeepTheirNumbers) {
  const auto train = read("ann,tea,4\nbob,jam,2\n");
  ASSERT_TRUE(train);
  Progress silent;
  const auto test = read_interactions(TextSource::from_memory("in", "bob,tea,1\neve,tea,1\n"), {},
                                      silent, train->users, train->items);
  ASSERT_TRUE(test);
  EXPECT_EQ(test->row(0).user, UserIndex{1});
  EXPECT_EQ(test->row(0).interaction.item, ItemIndex{0});
  EXPECT_EQ(test->row(1).user, UserIndex{2});
}

TEST(InteractionFormatTest, ByName) {
  EXPECT_EQ(interaction_format("double-colon"), InteractionFormat::double_colon);
  EXPECT_EQ(interaction_format("xml"), std::nullopt);
}

TEST(ReadIdsTest, OneALine) {
  const std::string path = testing::TempDir() + "/read_ids_test.txt";
  std::ofstream(path, std::ios::binary) << "ann\r\n\r\nbob smith";
  EXPECT_EQ(read_ids(path).value(), (std::vector<std::string>{"ann", "bob smith"}));
  std::ofstream(path, std::ios::binary) << "ann\n" << std::string(513, 'x') << "\n";
  EXPECT_TRUE(error_of(read_ids(path)).ends_with("is 513 bytes long: at most 512"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace coseno
