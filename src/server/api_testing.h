// The interface on a data folder of its own, for tests.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "coseno/engine.h"
#include "server/api.h"
#include "storage/store_folder.h"

namespace coseno::server {

constexpr std::int64_t kTestNowMs = 1'750'000'000'000;

// A request whose parts may be temporaries.
struct TestRequest {
  std::string method;
  std::string target;
  std::string body = {};
  std::string content_type = "application/json";
  std::string idempotency_key = {};

  Request request() const {
    return {.method = method,
            .target = target,
            .body = body,
            .content_type = content_type,
            .idempotency_key = idempotency_key,
            .last_event_id = {},
            .request_id = "test-1"};
  }
};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() : folder_(TemporaryFolder::make().value()) { open({}); }

  void open(const ApiOptions& options) {
    handler_.reset();
    engine_.reset();
    engine_.emplace(
        Engine::open(folder_.path() + "/data", {.n_threads = 1, .clock = &clock_}).value());
    handler_ = make_api(*engine_, options);
  }

  Reply reply(const TestRequest& request) { return handler_->handle(request.request()); }
  Reply get(std::string target) { return reply({"GET", std::move(target)}); }
  Reply post(std::string target, std::string body) {
    return reply({"POST", std::move(target), std::move(body)});
  }

  // The body of what is answered with 200.
  boost::json::value ask(const TestRequest& request, unsigned status = 200) {
    const Reply answered = reply(request);
    EXPECT_EQ(answered.status, status) << request.method << " " << request.target << "\n"
                                       << answered.body;
    boost::system::error_code error;
    boost::json::value json = boost::json::parse(answered.body, error);
    EXPECT_FALSE(error) << answered.body;
    return json;
  }
  boost::json::value ask_get(std::string target, unsigned status = 200) {
    return ask({"GET", std::move(target)}, status);
  }
  boost::json::value ask_post(std::string target, std::string body, unsigned status = 200) {
    return ask({"POST", std::move(target), std::move(body)}, status);
  }

  // "400 invalid_argument /0/user: the user is empty", of a refusal.
  std::string refusal(const TestRequest& request) {
    const Reply answered = reply(request);
    EXPECT_GE(answered.status, 400U) << answered.body;
    EXPECT_EQ(answered.content_type, "application/problem+json");
    boost::system::error_code error;
    const boost::json::value json = boost::json::parse(answered.body, error);
    if (error || !json.is_object()) return "no JSON: " + answered.body;
    const boost::json::object& object = json.get_object();
    const auto text = [&object](std::string_view name) {
      const boost::json::value* const value = object.if_contains(name);
      return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
    };
    EXPECT_EQ(text("request_id"), "test-1");
    EXPECT_EQ(text("type"), "/docs#problem-" + text("code"));
    EXPECT_FALSE(text("title").empty());
    EXPECT_EQ(object.at("status").as_int64(), answered.status);
    std::string all = std::to_string(answered.status) + " " + text("code");
    if (!text("field").empty()) all += " " + text("field");
    return all + ": " + text("detail");
  }

  // The members `name` of a list of objects.
  static std::vector<std::string> names_of(const boost::json::value& list,
                                           std::string_view name = "item") {
    std::vector<std::string> names;
    for (const boost::json::value& element : list.as_array()) {
      names.emplace_back(element.at(name).as_string());
    }
    return names;
  }
  std::vector<std::string> items_of(const boost::json::value& answer) {
    return names_of(answer.at("items"));
  }

  // ann and ben like tea and jam; cat likes tea and ham; n more items that nobody has had.
  void fill(int n_more = 0) {
    ask_post("/v1/events", R"([
      {"user": "ann", "item": "tea", "type": "view", "id": "e1", "time": 1749000000},
      {"user": "ann", "item": "jam", "type": "like", "id": "e2", "time": "2025-06-05T00:00:00.5Z"},
      {"user": "ben", "item": "tea"}, {"user": "ben", "item": "jam"},
      {"user": "cat", "item": "tea"}, {"user": "cat", "item": "ham", "type": "purchase"}])");
    for (int n = 0; n < n_more; ++n) {
      EXPECT_TRUE(engine_->put_item("more" + std::to_string(n), "{}"));
    }
  }

  TemporaryFolder folder_;
  ManualClock clock_{kTestNowMs};
  std::optional<Engine> engine_;
  std::unique_ptr<Handler> handler_;
};

}  // namespace coseno::server
