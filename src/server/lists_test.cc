#include "server/lists.h"

#include <set>

#include "server/api_testing.h"

namespace coseno::server {
namespace {

using Items = std::vector<std::string>;
using ListsTest = ApiTest;

TEST_F(ListsTest, ARecommendationReflectsWhatWasAcknowledged) {
  fill();
  const auto before = ask_get("/v1/users/dan/recommendations?k=3");
  EXPECT_EQ(items_of(before).size(), 3U);
  const auto acknowledged = ask_post("/v1/events", R"({"user": "dan", "item": "jam"})");
  const auto after = ask_get("/v1/users/dan/recommendations?k=3");
  EXPECT_EQ(items_of(after).front(), "tea");  // what came with jam
  EXPECT_EQ(after.at("position"), acknowledged.at("position"));
  EXPECT_EQ(after.at("snapshot"), 0);
  for (const std::string& item : items_of(after)) EXPECT_NE(item, "jam");
}

TEST_F(ListsTest, GetAndPostAnswerAlike) {
  fill(20);
  ASSERT_TRUE(engine_->put_item("tea", R"({"kind": "drink", "title": "Tea"})"));
  ASSERT_TRUE(engine_->put_item("jam", R"({"kind": "food"})"));
  const Reply by_get =
      get("/v1/users/eve/recommendations?k=4&filter=%7B%22exists%22%3A%22kind%22%7D&exclude=more1&"
          "exclude=ham&explain=true&titles=true&diversity=0.25&seed=3&exploration=0.1&"
          "caps=%5B%7B%22property%22%3A%22kind%22%2C%22at_most%22%3A1%7D%5D&"
          "boosts=%5B%7B%22filter%22%3A%7B%7D%2C%22amount%22%3A0.5%7D%5D");
  const Reply by_post = post("/v1/users/eve/recommendations", R"({
    "k": 4, "filter": {"exists": "kind"}, "exclude": ["more1", "ham"], "explain": true,
    "titles": true, "diversity": 0.25, "seed": 3, "exploration": 0.1,
    "caps": [{"property": "kind", "at_most": 1}], "boosts": [{"filter": {}, "amount": 0.5}]})");
  EXPECT_EQ(by_get.status, 200U) << by_get.body;
  EXPECT_EQ(by_get.body, by_post.body);
  const auto list = boost::json::parse(by_get.body);
  EXPECT_EQ(list.at("items").as_array().size(), 2U);
  EXPECT_TRUE(list.at("items").at(0).as_object().contains("sources"));
}

TEST_F(ListsTest, PagesHaveNoRepeats) {
  fill(97);  // 100 items
  std::set<std::string> seen;
  std::string cursor;
  int n_pages = 0;
  for (;; ++n_pages) {
    const auto page =
        ask_get("/v1/users/zoe/recommendations?k=7" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const std::string& item : items_of(page)) EXPECT_TRUE(seen.insert(item).second) << item;
    // The order changes between pages.
    ASSERT_TRUE(engine_->observe({.user = "yan", .item = "more" + std::to_string(n_pages)}));
    if (!page.as_object().contains("next")) break;
    cursor = page.at("next").as_string().c_str();
  }
  EXPECT_EQ(n_pages, 14);  // 14 of 7 items, and 2
  EXPECT_EQ(seen.size(), 100U);
}

TEST_F(ListsTest, PagesEndAtTheMostThatAListMayHave) {
  open({.max_k = 20});
  fill(97);
  const auto first = ask_get("/v1/users/zoe/recommendations?k=15");
  const std::string next = first.at("next").as_string().c_str();
  const auto second = ask_get("/v1/users/zoe/recommendations?k=15&cursor=" + next);
  EXPECT_EQ(items_of(second).size(), 5U);
  EXPECT_FALSE(second.as_object().contains("next"));
}

TEST_F(ListsTest, ACursorIsOfOneRequest) {
  fill(20);
  const std::string next =
      ask_get("/v1/users/zoe/recommendations?k=5").at("next").as_string().c_str();
  EXPECT_EQ(refusal({"GET", "/v1/users/yan/recommendations?cursor=" + next}),
            "422 invalid_cursor cursor: the cursor is of a request for another list");
  EXPECT_EQ(refusal({"GET", "/v1/users/zoe/recommendations?cursor=" + next.substr(1)}),
            "422 invalid_cursor cursor: the cursor is none of this server's");
  std::string wrong = next;
  wrong[10] = wrong[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal({"GET", "/v1/users/zoe/recommendations?cursor=" + wrong}),
            "422 invalid_cursor cursor: the cursor is none of this server's");
  // k may change from page to page.
  EXPECT_EQ(items_of(ask_get("/v1/users/zoe/recommendations?k=3&cursor=" + next)).size(), 3U);
  EXPECT_EQ(ask_post("/v1/users/zoe/recommendations", R"({"cursor": ")" + next + R"("})")
                .at("items")
                .as_array()
                .size(),
            10U);
}

TEST_F(ListsTest, ASessionNeedsNoUser) {
  fill();
  const auto list = ask_post("/v1/sessions/recommendations",
                             R"({"history": [{"item": "jam", "type": "like", "time": 1749999999}],
                                 "k": 2})");
  EXPECT_EQ(items_of(list), (Items{"tea", "ham"}));
  EXPECT_EQ(engine_->stats().n_users, 3U);
  EXPECT_EQ(refusal({"POST", "/v1/sessions/recommendations", R"({"history": [{"item": ""}]})"}),
            "400 invalid_argument /history/0/item: the item is empty");
  EXPECT_EQ(refusal({"POST", "/v1/sessions/recommendations", R"({"k": 2})"}),
            "400 invalid_argument /history: history is missing");
  EXPECT_EQ(refusal({"POST", "/v1/sessions/recommendations",
                     R"({"history": [{"item": "jam", "typ": "like"}]})"}),
            "400 unknown_field /history/0/typ: there is no field 'typ' here");
  EXPECT_EQ(refusal({"POST", "/v1/sessions/recommendations",
                     R"({"history": [{"item": "jam", "type": "sip"}]})"}),
            "422 invalid_argument /history: history[0]: there is no event type 'sip'");
}

TEST_F(ListsTest, SimilarAndTrendingAnswerLists) {
  fill();
  EXPECT_EQ(items_of(ask_get("/v1/items/jam/similar")), (Items{"tea"}));
  EXPECT_EQ(items_of(ask_get("/v1/trending?k=1")), (Items{"ham"}));
  EXPECT_EQ(refusal({"GET", "/v1/items/none/similar"}),
            "404 not_found item: there is no item 'none'");
  EXPECT_EQ(refusal({"GET", "/v1/trending?k=0"}),
            "400 invalid_argument k: k must be in [1, 1000], not 0");
}

TEST_F(ListsTest, IdsMayHaveAnyCharacter) {
  const std::string item = "a/b?c#d%20 \"\\\u00e9\n";
  ASSERT_TRUE(engine_->observe({.user = "x/y", .item = item}));
  ASSERT_TRUE(engine_->observe({.user = "x/y", .item = "tea"}));
  const auto list = ask_get("/v1/users/new/recommendations?k=1&exclude=tea");
  EXPECT_EQ(items_of(list), (Items{item}));
  EXPECT_EQ(items_of(ask_get("/v1/items/a%2Fb%3Fc%23d%2520%20%22%5C%C3%A9%0A/similar")),
            (Items{"tea"}));
  EXPECT_TRUE(items_of(ask_get("/v1/users/x%2fy/recommendations")).empty());
}

TEST_F(ListsTest, RefusesWithTheFieldsName) {
  fill();
  const auto said = [this](std::string_view query) {
    return refusal({"GET", "/v1/users/ann/recommendations?" + std::string(query)});
  };
  EXPECT_EQ(said("k=1001"), "400 invalid_argument k: k must be in [1, 1000], not 1001");
  EXPECT_EQ(said("k=ten"), "400 invalid_argument k: k must be a whole number, not 'ten'");
  EXPECT_EQ(said("k=-1"), "400 invalid_argument k: k must be a whole number, not '-1'");
  EXPECT_EQ(said("k=1&k=2"), "400 invalid_argument k: k stands twice in the query");
  EXPECT_EQ(said("kk=1"), "400 unknown_field kk: there is no query parameter 'kk' here");
  EXPECT_EQ(said("diversity=2").substr(0, 31), "422 invalid_argument diversity:");
  EXPECT_EQ(said("exploration=-1"),
            "422 invalid_argument exploration: exploration must be in [0, 1], not -1");
  EXPECT_EQ(said("explain=yes"),
            "400 invalid_argument explain: explain must be true or false, not 'yes'");
  EXPECT_EQ(said("filter=%7B%22near%22%3A1%7D").substr(0, 28), "422 invalid_argument filter:");
  EXPECT_EQ(said("filter=%7B%22equals%22%3A%7B%22a%22%3A1%7D%7D").substr(0, 28),
            "422 invalid_argument filter:");
  EXPECT_EQ(said("pinned=none"), "404 not_found pinned: pinned: there is no item 'none'");
  EXPECT_EQ(said("caps=7"), "400 invalid_argument caps: caps must be a list, not a number");
  EXPECT_EQ(said("caps=%5B").substr(0, 22), "400 invalid_json caps:");
  EXPECT_EQ(said("min_position=99").substr(0, 29), "503 unavailable min_position:");
  EXPECT_EQ(said("k=%zz"), "400 invalid_path k: k: % must be followed by two hexadecimal digits");
  EXPECT_EQ(said("k=%ff"), "400 invalid_path k: k: is not UTF-8");
  EXPECT_EQ(refusal({"GET", "/v1/users//recommendations"}),
            "400 invalid_argument user: the user is empty");
  EXPECT_EQ(refusal({"POST", "/v1/users/ann/recommendations", R"({"k": 0})"}),
            "400 invalid_argument /k: k must be in [1, 1000], not 0");
  EXPECT_EQ(refusal({"POST", "/v1/users/ann/recommendations", R"({"diversity": 2})"}).substr(0, 32),
            "422 invalid_argument /diversity:");
  EXPECT_EQ(refusal({"POST", "/v1/users/ann/recommendations", R"({"exclude": ["a", 7]})"}),
            "400 invalid_argument /exclude/1: exclude must be a list of strings, and has a number");
}

TEST_F(ListsTest, TellsOfPathsAndMethodsThatAreNot) {
  EXPECT_EQ(refusal({"GET", "/v2"}), "404 not_found: there is no such path");
  EXPECT_EQ(refusal({"GET", "/v1/users/a/b/c"}), "404 not_found: there is no such path");
  EXPECT_EQ(refusal({"PUT", "/v1/users/ann/recommendations"}),
            "405 method_not_allowed: this path knows GET, POST");
  const Reply reply = this->reply({"PUT", "/v1/trending"});
  ASSERT_EQ(reply.headers.size(), 1U);
  EXPECT_EQ(reply.headers[0].second, "GET");
}

TEST_F(ListsTest, HealthIsTold) {
  EXPECT_EQ(ask_get("/v1/health/live").at("status"), "live");
  EXPECT_EQ(ask_get("/v1/health/ready").at("status"), "ready");
}

}  // namespace
}  // namespace coseno::server
