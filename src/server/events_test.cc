#include "server/events.h"

#include "server/api_testing.h"

namespace coseno::server {
namespace {

using EventsTest = ApiTest;

TEST_F(EventsTest, OneEventAnswersItsPosition) {
  const auto answer = ask_post("/v1/events", R"({"user": "ann", "item": "tea"})");
  EXPECT_EQ(answer.at("new"), 1);
  EXPECT_EQ(answer.at("repeated"), 0);
  EXPECT_EQ(answer.at("position").to_number<std::uint64_t>(), engine_->position());
  const std::vector<PastEvent> history = engine_->history("ann");
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].item, "tea");
  EXPECT_EQ(history[0].type, "view");
  EXPECT_EQ(history[0].value, 1);
  EXPECT_EQ(history[0].time_ms, kTestNowMs);
}

TEST_F(EventsTest, TimesAreUnixSecondsOrRfc3339WithFractions) {
  ask_post("/v1/events", R"([
    {"user": "ann", "item": "a", "time": 1700000000},
    {"user": "ann", "item": "b", "time": 1700000000.123},
    {"user": "ann", "item": "c", "time": "2023-11-14T22:13:20.5Z"},
    {"user": "ann", "item": "d", "time": "2023-11-15T00:13:21.123456+02:00"}])");
  const std::vector<PastEvent> history = engine_->history("ann");
  ASSERT_EQ(history.size(), 4U);
  EXPECT_EQ(history[0].time_ms, 1'700'000'000'000);
  EXPECT_EQ(history[1].time_ms, 1'700'000'000'123);
  EXPECT_EQ(history[2].time_ms, 1'700'000'000'500);
  EXPECT_EQ(history[3].time_ms, 1'700'000'001'123);
}

TEST_F(EventsTest, EventIdsMakeRepeatsHarmless) {
  const std::string body = R"({"user": "ann", "item": "tea", "id": "e1"})";
  ask_post("/v1/events", body);
  const auto again = ask_post("/v1/events", body);
  EXPECT_EQ(again.at("new"), 0);
  EXPECT_EQ(again.at("repeated"), 1);
  EXPECT_EQ(engine_->history("ann").size(), 1U);
}

TEST_F(EventsTest, AnIdempotencyKeyMakesRepeatsHarmless) {
  TestRequest request{"POST", "/v1/events",
                      R"([{"user": "ann", "item": "tea"}, {"user": "ann", "item": "tea"}])"};
  request.idempotency_key = "order-17";
  EXPECT_EQ(ask(request).at("new"), 2);
  EXPECT_EQ(ask(request).at("repeated"), 2);
  request.idempotency_key = "order-18";
  EXPECT_EQ(ask(request).at("new"), 2);
  EXPECT_EQ(engine_->history("ann").size(), 4U);
}

TEST_F(EventsTest, ATakenBackEventIsGone) {
  ask_post("/v1/events", R"({"user": "ann", "item": "tea", "id": "a/b c"})");
  EXPECT_EQ(ask({"DELETE", "/v1/events/a%2Fb%20c"}).at("new"), 1);
  EXPECT_TRUE(engine_->history("ann").empty());
  EXPECT_EQ(ask({"DELETE", "/v1/events/a%2Fb%20c"}).at("repeated"), 1);
  EXPECT_EQ(refusal({"DELETE", "/v1/events/none"}), "404 not_found: there is no event 'none'");
}

TEST_F(EventsTest, RefusesWithTheFieldsName) {
  const auto said = [this](std::string body) {
    return refusal({"POST", "/v1/events", std::move(body)});
  };
  EXPECT_EQ(said(R"({"item": "tea"})"), "400 invalid_argument /user: user is missing");
  EXPECT_EQ(said(R"({"user": "ann", "item": ""})"),
            "400 invalid_argument /item: the item is empty");
  EXPECT_EQ(said(R"({"user": "ann", "item": 5})"),
            "400 invalid_argument /item: item must be a string, not a number");
  EXPECT_EQ(said(R"([{"user": "ann", "item": "tea"}, {"user": "ann", "item": "tea", "typ": "x"}])"),
            "400 unknown_field /1/typ: there is no field 'typ' here");
  EXPECT_EQ(said(R"({"user": "ann", "user": "ben", "item": "tea"})"),
            "400 invalid_json: 'user' stands twice in one object");
  EXPECT_EQ(said(R"({"user": "ann", "item": "tea", "type": "sip"})"),
            "422 invalid_argument /type: there is no event type 'sip'");
  EXPECT_EQ(said(R"([{"user": "ann", "item": "tea"}, {"user": "a", "item": "b", "type": "sip"}])"),
            "422 invalid_argument /1/type: event 2 of 2: there is no event type 'sip'");
  EXPECT_EQ(said(R"({"user": "ann", "item": "tea", "value": 1e39})"),
            "400 invalid_argument /value: value must be at most 3.4028235e+38 in size, not 1e+39");
  EXPECT_EQ(said(R"({"user": "ann", "item": "tea", "time": "yesterday"})"),
            "400 invalid_argument /time: time 'yesterday' is neither Unix seconds nor like "
            "2026-02-28T23:59:59Z");
  EXPECT_EQ(said(R"({"user": "ann", "item": "tea", "time": 1750200000})").substr(0, 27),
            "422 invalid_argument /time:");
  EXPECT_EQ(said(R"({"user": "ann", "item": "tea", "time": 253402300800})"),
            "400 invalid_argument /time: time must be Unix seconds within the years 1 to 9999, not "
            "253402300800");
  EXPECT_EQ(said(R"({"user": "ann", "item": "tea", "value": 9007199254740993})").substr(0, 17),
            "422 invalid_json:");
  EXPECT_EQ(said("7"), "400 invalid_argument: the body must be an object, not a number");
  EXPECT_EQ(said("[7]"), "400 invalid_argument /0: /0 must be an object, not a number");
  EXPECT_EQ(said("{").substr(0, 17), "400 invalid_json:");
  EXPECT_EQ(said("").substr(0, 17), "400 invalid_json:");
  EXPECT_EQ(said(std::string(40, '[')),
            "400 invalid_json: the JSON is nested deeper than 32 levels");
  EXPECT_EQ(engine_->stats().n_events, 0U);
}

TEST_F(EventsTest, RefusesBodiesOfOtherKinds) {
  TestRequest request{"POST", "/v1/events", R"({"user": "ann", "item": "tea"})"};
  request.content_type = "text/plain";
  EXPECT_EQ(refusal(request),
            "415 unsupported_media_type: the body must be application/json, not 'text/plain'");
  request.content_type = "Application/JSON; charset=utf-8";
  EXPECT_EQ(reply(request).status, 200U);
  request.content_type = "";
  EXPECT_EQ(reply(request).status, 200U);
}

TEST_F(EventsTest, BatchesHaveABound) {
  open({.max_batch = 2});
  const std::string event = R"({"user": "ann", "item": "tea"})";
  EXPECT_EQ(ask_post("/v1/events", "[" + event + "," + event + "]").at("new"), 2);
  EXPECT_EQ(refusal({"POST", "/v1/events", "[" + event + "," + event + "," + event + "]"}),
            "413 batch_too_long: a batch has at most 2 events, not 3");
}

}  // namespace
}  // namespace coseno::server
