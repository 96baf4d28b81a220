// What the end-to-end test (tests/server_api_test.py) does not see from outside: limits, threads,
// what becomes of files and jobs.
#include "server/api.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "server/api_testing.h"
#include "server/cursor.h"
#include "server/jobs.h"
#include "server/problem.h"
#include "server/routes.h"

namespace coseno::server {
namespace {

namespace fs = std::filesystem;

TEST(RoutesTest, EachPathHasItsOperation) {
  EXPECT_EQ(match("GET", "/v1/users/a%2Fb/recommendations?k=3").operation, Operation::recommend);
  EXPECT_EQ(match("GET", "/v1/users/a%2Fb/recommendations?k=3").id, "a%2Fb");
  EXPECT_EQ(match("GET", "/v1/users/a%2Fb/recommendations?k=3").query, "k=3");
  EXPECT_EQ(match("GET", "/v1/users/stream/recommendations/stream").operation,
            Operation::recommend_stream);
  EXPECT_EQ(match("GET", "/v1/users/similar").operation, Operation::get_user);
  EXPECT_EQ(match("GET", "/v1/users/a/similar").operation, Operation::similar_users);
  EXPECT_EQ(match("POST", "/v1/trending").operation, Operation::wrong_method);
  for (const char* const none : {"", "/", "/v1", "/v1/", "/v1/users/a/", "/v1/users/a/b",
                                 "v1/items", "/v1//trending", "/v1/events/a/b", "*"}) {
    EXPECT_EQ(match("GET", none).operation, Operation::unknown) << none;
  }
}

TEST(RoutesTest, WhatChangesThingsNeedsMoreThanReading) {
  EXPECT_EQ(match("POST", "/v1/events").route.scope, Scope::write_events);
  EXPECT_EQ(match("DELETE", "/v1/events/x").route.scope, Scope::write_events);
  EXPECT_EQ(match("POST", "/v1/users/a/recommendations").route.scope, Scope::read);
  EXPECT_EQ(match("GET", "/v1/health/live").route.scope, Scope::none);
  for (const char* const method : {"PUT", "PATCH", "DELETE"}) {
    EXPECT_EQ(match(method, "/v1/items/a").route.scope, Scope::admin) << method;
    EXPECT_EQ(match(method, "/v1/users/a").route.scope, Scope::admin) << method;
  }
  EXPECT_EQ(match("GET", "/v1/exports/events").route.scope, Scope::admin);
  EXPECT_TRUE(match("POST", "/v1/imports").route.upload);
}

TEST(CursorTest, BytesComeBack) {
  for (std::size_t n = 0; n < 20; ++n) {
    std::string bytes;
    for (std::size_t i = 0; i < n; ++i) bytes += static_cast<char>(37 * i + 200);
    const std::string cursor = make_cursor(CursorKind::items, bytes);
    const Answer<std::string> read = read_cursor(CursorKind::items, cursor);
    ASSERT_TRUE(read) << n;
    EXPECT_EQ(*read, bytes);
    EXPECT_FALSE(read_cursor(CursorKind::users, cursor));
  }
}

TEST(CursorTest, EveryChangeIsNoticed) {
  const std::string cursor = make_cursor(CursorKind::items, "12345678");
  for (std::size_t at = 0; at < cursor.size(); ++at) {
    std::string changed = cursor;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(read_cursor(CursorKind::items, changed)) << at;
    EXPECT_FALSE(read_cursor(CursorKind::items, cursor.substr(0, at))) << at;
  }
  EXPECT_FALSE(read_cursor(CursorKind::items, cursor + "A"));
  EXPECT_FALSE(read_cursor(CursorKind::items, "a b"));
}

TEST(ProblemTest, IsUtf8WhateverIsRepeatedInIt) {
  const Reply reply = problem_reply({400, "invalid_argument", "no \xff here", "\xc3"}, "r\"1");
  const auto json = boost::json::parse(reply.body);
  EXPECT_EQ(json.at("detail").as_string(), "no ? here");
  EXPECT_EQ(json.at("field").as_string(), "?");
  EXPECT_EQ(json.at("request_id").as_string(), "r\"1");
}

TEST(ProblemTest, AnErrorHasItsStatus) {
  EXPECT_EQ(Problem(Error{ErrorCode::invalid_argument, ""}).status, 422U);
  EXPECT_EQ(Problem(Error{ErrorCode::not_found, ""}).status, 404U);
  EXPECT_EQ(Problem(Error{ErrorCode::conflict, ""}).status, 409U);
  EXPECT_EQ(Problem(Error{ErrorCode::io, ""}).status, 500U);
  const Problem unavailable(Error{ErrorCode::unavailable, ""});
  EXPECT_EQ(unavailable.status, 503U);
  ASSERT_EQ(unavailable.headers.size(), 1U);
  EXPECT_EQ(unavailable.headers[0].first, "Retry-After");
}

// --- jobs

// Holds a job until it is let go.
class TrainingGate {
 public:
  Jobs::Work work() {
    return [this](Progress& progress) -> Result<std::string> {
      progress.report("waiting", 1, 4, "");
      while (!is_open_) {
        if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
        std::this_thread::yield();
      }
      return std::string("{}");
    };
  }
  void open() { is_open_ = true; }

 private:
  std::atomic<bool> is_open_ = false;
};

JobState ended(const Jobs& jobs, std::uint64_t id) {
  for (;;) {
    const JobState state = jobs.find(id)->state;
    if (state != JobState::waiting && state != JobState::running) return state;
    std::this_thread::yield();
  }
}

void wait_until_running(const Jobs& jobs, std::uint64_t id) {
  while (jobs.find(id)->share == 0) std::this_thread::yield();
}

TEST(JobsTest, OneAfterAnother) {
  TrainingGate gate;
  Jobs jobs(1);
  const auto first = jobs.start(gate.work());
  ASSERT_TRUE(first);
  wait_until_running(jobs, first->id);
  EXPECT_EQ(jobs.find(first->id)->stage, "waiting");
  EXPECT_EQ(jobs.find(first->id)->share, 0.25);
  const auto second = jobs.start(gate.work());
  ASSERT_TRUE(second);
  EXPECT_EQ(jobs.find(second->id)->state, JobState::waiting);
  EXPECT_FALSE(jobs.start(gate.work()));
  gate.open();
  EXPECT_EQ(ended(jobs, first->id), JobState::done);
  EXPECT_EQ(ended(jobs, second->id), JobState::done);
  EXPECT_EQ(jobs.all().front().id, second->id);
  EXPECT_FALSE(jobs.find(99));
}

TEST(JobsTest, AJobCanBeRemovedBeforeAndWhileItRuns) {
  TrainingGate gate;
  Jobs jobs(1);
  const auto first = jobs.start(gate.work());
  wait_until_running(jobs, first->id);
  const auto second = jobs.start(gate.work());
  EXPECT_EQ(jobs.remove(second->id)->state, JobState::waiting);
  EXPECT_FALSE(jobs.find(second->id));
  const auto third = jobs.start(gate.work());  // in its place
  ASSERT_TRUE(third);
  EXPECT_EQ(jobs.remove(first->id)->state, JobState::running);
  wait_until_running(jobs, third->id);
  EXPECT_FALSE(jobs.remove(99));
}  // and the end cancels the third

TEST(JobsTest, WhatFailedIsTold) {
  Jobs jobs(0);
  const auto job = jobs.start([](Progress&) -> Result<std::string> {
    return make_error(ErrorCode::io, "the disk is full");
  });
  EXPECT_EQ(ended(jobs, job->id), JobState::failed);
  EXPECT_EQ(job_json(*jobs.find(job->id)),
            R"({"id": "1", "state": "failed", "stage": "", "progress": 0, )"
            R"("problem": {"code": "io", "detail": "the disk is full"}})");
}

// --- the handler

TEST_F(ApiTest, LimitsAreThoseOfTheOptions) {
  open({.max_k = 5, .max_json_depth = 3, .max_page = 2, .are_writes_slow = true});
  fill();
  EXPECT_EQ(refusal({"GET", "/v1/trending?k=6"}),
            "400 invalid_argument k: k must be in [1, 5], not 6");
  EXPECT_EQ(refusal({"GET", "/v1/items?limit=3"}),
            "400 invalid_argument limit: limit must be in [1, 2], not 3");
  EXPECT_EQ(ask_get("/v1/items").at("items").as_array().size(), 2U);
  EXPECT_EQ(ask_get("/v1/users/ann/events").at("events").as_array().size(), 2U);
  EXPECT_EQ(refusal({"POST", "/v1/users/ann/recommendations",
                     R"({"filter": {"not": {"not": {"exists": "a"}}}})"}),
            "400 invalid_json: the JSON is nested deeper than 3 levels");
  EXPECT_EQ(refusal({"POST", "/v1/sessions/recommendations", R"({"history": [], "k": 6})"}),
            "400 invalid_argument /k: k must be in [1, 5], not 6");
  EXPECT_TRUE(handler_->route("POST", "/v1/events").slow);
  open({});
  EXPECT_FALSE(handler_->route("POST", "/v1/events").slow);
}

TEST_F(ApiTest, PagesOfEventsStayAsNewOnesCome) {
  for (int n = 0; n < 6; ++n) {  // two each of three times
    ASSERT_TRUE(engine_->observe({.user = "ann",
                                  .item = "i" + std::to_string(n),
                                  .time_ms = kTestNowMs - 1000 * (6 - n / 2)}));
  }
  std::vector<std::string> found;
  std::string cursor;
  for (int n_new = 0;; ++n_new) {
    const auto page =
        ask_get("/v1/users/ann/events?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const std::string& item : names_of(page.at("events"))) found.push_back(item);
    if (!page.as_object().contains("next")) break;
    cursor = page.at("next").as_string().c_str();
    // One that is newer, and one of the same time as a page's end.
    ASSERT_TRUE(engine_->observe({.user = "ann", .item = "new"}));
    ASSERT_TRUE(
        engine_->observe({.user = "ann", .item = "late", .time_ms = kTestNowMs - 1000 * 6}));
    if (n_new > 20) break;
  }
  // Those that came late stand between, where a later page begins before them.
  std::erase(found, "late");
  EXPECT_EQ(found, (std::vector<std::string>{"i5", "i4", "i3", "i2", "i1", "i0"}));
}

TEST_F(ApiTest, ManyRecordsAreCheckedWholeBeforeTheFirstIsPut) {
  EXPECT_EQ(refusal({"POST", "/v1/items",
                     R"([{"item": "a"}, {"item": "b", "properties": {"p": {"x": 1}}}])"})
                .substr(0, 41),
            "422 invalid_argument /1/properties/p/x: /");
  EXPECT_EQ(refusal({"POST", "/v1/items", R"([{"item": "a"}, {"item": ""}])"}),
            "400 invalid_argument /1/item: the item is empty");
  EXPECT_EQ(refusal({"POST", "/v1/users", R"({"user": "a"})"}),
            "400 invalid_argument: the body must be a list, not an object");
  EXPECT_EQ(engine_->stats().n_items, 0U);
}

std::string all_of(ReplyStream& stream) {
  std::string all;
  for (auto state = ReplyStream::State::more; state == ReplyStream::State::more;) {
    std::string piece;
    state = stream.next(piece);
    all += piece;
  }
  return all;
}

// An export does not run after events that come while it is read.
TEST_F(ApiTest, AnExportEndsWhereTheLogEndedWhenItBegan) {
  fill();
  const Reply reply = get("/v1/exports/events");
  ASSERT_NE(reply.stream, nullptr);
  ASSERT_TRUE(engine_->observe({.user = "late", .item = "tea"}));
  const std::string all = all_of(*reply.stream);
  EXPECT_EQ(std::ranges::count(all, '\n'), 6);
  EXPECT_EQ(all.substr(0, all.find('\n')),
            R"({"user": "ann", "item": "tea", "type": "view", "value": 1, )"
            R"("time": "2025-06-04T01:20:00.000Z"})");
}

TEST_F(ApiTest, ALongExportComesInPieces) {
  std::vector<Event> events(20000, {.user = "ann", .item = "tea"});
  ASSERT_TRUE(engine_->observe(events));
  const Reply reply = get("/v1/exports/events");
  std::string piece;
  EXPECT_EQ(reply.stream->next(piece), ReplyStream::State::more);
  EXPECT_LT(piece.size(), 300'000U);
  EXPECT_EQ(std::ranges::count(piece + all_of(*reply.stream), '\n'), 20000);
}

TEST_F(ApiTest, AStreamTellsChangesOnly) {
  fill(10);
  const Reply reply = get("/v1/users/dan/recommendations/stream?k=2");
  ASSERT_NE(reply.stream, nullptr);
  std::string piece;
  EXPECT_EQ(reply.stream->next(piece), ReplyStream::State::idle);
  EXPECT_TRUE(piece.starts_with("id: ")) << piece;
  EXPECT_TRUE(piece.ends_with("}\n\n")) << piece;
  piece.clear();
  EXPECT_EQ(reply.stream->next(piece), ReplyStream::State::idle);
  EXPECT_EQ(piece, "");
  ASSERT_TRUE(engine_->put_item("another", "{}"));  // the log grows, the list stays
  EXPECT_EQ(reply.stream->next(piece), ReplyStream::State::idle);
  EXPECT_EQ(piece, "");
  ASSERT_TRUE(engine_->observe({.user = "dan", .item = "jam"}));
  EXPECT_EQ(reply.stream->next(piece), ReplyStream::State::idle);
  EXPECT_NE(piece.find("\nevent: list\ndata: {\"items\": [{\"item\": \"tea\""), std::string::npos)
      << piece;
}

// --- imports

class ImportTest : public ApiTest {
 protected:
  std::size_t n_files() const {
    std::size_t n = 0;
    for (const auto& entry : fs::directory_iterator(folder_.path() + "/data/imports")) {
      n += entry.is_regular_file() ? 1 : 0;
    }
    return n;
  }
  std::unique_ptr<Upload> begin(std::string target) {
    return handler_->begin_upload(TestRequest{"POST", std::move(target)}.request());
  }
  boost::json::value wait(const Reply& started) {
    EXPECT_EQ(started.status, 202U) << started.body;
    for (;;) {
      auto job = ask_get(started.headers.at(0).second);
      const std::string_view state = job.at("state").as_string();
      if (state != "waiting" && state != "running") return job;
      std::this_thread::yield();
    }
  }
};

TEST_F(ImportTest, AFileComesInPiecesAndIsGoneInTheEnd) {
  auto upload = begin("/v1/imports?type=click");
  EXPECT_TRUE(upload->write("user,item,time\nann,t"));
  EXPECT_TRUE(upload->write("ea,1700000000\nben,jam,1700000000\n"));
  EXPECT_EQ(n_files(), 1U);
  const auto job = wait(upload->finish());
  EXPECT_EQ(job.at("state"), "done");
  EXPECT_EQ(job.at("result").at("new"), 2);
  EXPECT_EQ(engine_->history("ann").at(0).type, "click");
  upload.reset();
  handler_.reset();  // waits for the thread
  EXPECT_EQ(n_files(), 0U);
}

TEST_F(ImportTest, WhoGoesAwayLeavesNothing) {
  auto upload = begin("/v1/imports");
  EXPECT_TRUE(upload->write("user,item\n"));
  upload.reset();
  EXPECT_EQ(n_files(), 0U);
}

TEST_F(ImportTest, WhatAnEndedServerLeftIsRemoved) {
  fs::create_directories(folder_.path() + "/data/imports");
  std::ofstream(folder_.path() + "/data/imports/0") << "left";
  handler_ = make_api(*engine_, {});
  EXPECT_FALSE(fs::exists(folder_.path() + "/data/imports/0"));
}

TEST_F(ImportTest, RefusesBeforeItReads) {
  auto upload = begin("/v1/imports?what=all");
  EXPECT_FALSE(upload->write("x"));
  EXPECT_EQ(upload->finish().status, 400U);
}

// --- settings

TEST_F(ApiTest, DefaultsThatAreNoneAreGoneWithout) {
  EXPECT_EQ(ask({"PATCH", "/v1/settings", R"({"defaults": {"k": 7}})"}).at("defaults").at("k"), 7);
  open({});
  EXPECT_EQ(ask_get("/v1/settings").at("defaults").at("k"), 7);
  ASSERT_TRUE(engine_->set_note("list_defaults", R"({"k": 0})"));
  open({});
  EXPECT_EQ(ask_get("/v1/settings").at("defaults").at("k"), 10);
}

// A refused change changes nothing.
TEST_F(ApiTest, SettingsChangeWholeOrNotAtAll) {
  const auto before = ask_get("/v1/settings");
  refusal({"PATCH", "/v1/settings",
           R"({"defaults": {"k": 7}, "event_types": {"view": {"weight": -1}}})"});
  refusal({"PATCH", "/v1/settings",
           R"({"event_types": {"view": {"weight": 2}}, "defaults": {"k": 0}})"});
  refusal({"PATCH", "/v1/settings", R"({"event_types": {"view": {"weight": 2}}, "more": 1})"});
  EXPECT_EQ(ask_get("/v1/settings"), before);
}

}  // namespace
}  // namespace coseno::server
