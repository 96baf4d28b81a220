#include "server/http_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "server/http_client_testing.h"

namespace coseno::server {
namespace {

// A door that a test opens.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++n_arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_for_arrivals(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this, n] { return n_arrived_ >= n; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  int n_arrived_ = 0;
};

class CountDown final : public ReplyStream {
 public:
  explicit CountDown(int from) : left_(from) {}
  State next(std::string& piece) override {
    if (left_ == 0) return State::end;
    piece = "piece " + std::to_string(left_--) + "\n";
    return State::more;
  }

 private:
  int left_;
};

class Endless final : public ReplyStream {
 public:
  State next(std::string& piece) override {
    piece.assign(100'000, 'x');
    return State::more;
  }
};

class Failing final : public ReplyStream {
 public:
  State next(std::string& piece) override {
    if (was_asked_) throw std::runtime_error("the disk is gone");
    was_asked_ = true;
    piece = "half";
    return State::more;
  }

 private:
  bool was_asked_ = false;
};

// Says the number of posts whenever it has changed.
class Watch final : public ReplyStream {
 public:
  Watch(const std::atomic<int>& n_posts, std::atomic<int>& n_watches)
      : n_posts_(n_posts), n_watches_(n_watches) {
    ++n_watches_;
  }
  ~Watch() override { --n_watches_; }
  State next(std::string& piece) override {
    const int now = n_posts_;
    if (now != said_) piece = "data: " + std::to_string(now) + "\n\n";
    said_ = now;
    return State::idle;
  }

 private:
  const std::atomic<int>& n_posts_;
  std::atomic<int>& n_watches_;
  int said_ = -1;
};

class CountingUpload final : public Upload {
 public:
  CountingUpload(std::size_t limit, std::atomic<int>& n_abandoned)
      : limit_(limit), n_abandoned_(n_abandoned) {}
  ~CountingUpload() override {
    if (!is_finished_) ++n_abandoned_;
  }
  bool write(std::string_view piece) override {
    n_bytes_ += piece.size();
    return n_bytes_ < limit_;
  }
  Reply finish() override {
    is_finished_ = true;
    Reply reply;
    reply.body = std::to_string(n_bytes_);
    return reply;
  }

 private:
  std::size_t n_bytes_ = 0;
  const std::size_t limit_;
  std::atomic<int>& n_abandoned_;
  bool is_finished_ = false;
};

class TestHandler final : public Handler {
 public:
  Route route(std::string_view /*method*/, std::string_view target) const override {
    if (target == "/slow") return {.name = "slow", .slow = true};
    if (target == "/export") return {.name = "export", .slow = true};
    if (target.starts_with("/upload")) {
      return {.name = "upload", .scope = Scope::admin, .upload = true};
    }
    if (target == "/echo") return {.name = "echo", .scope = Scope::write_events};
    if (target == "/live") return {.name = "live", .scope = Scope::none};
    return {.name = "hello"};
  }

  Reply handle(const Request& request) override {
    Reply reply;
    reply.content_type = "text/plain";
    if (request.target == "/slow" || request.target == "/hold") gate.pass();
    if (request.target == "/work") work();
    if (request.target == "/throw") throw std::runtime_error("what a library says");
    if (request.target == "/export") reply.stream = std::make_unique<CountDown>(3);
    if (request.target == "/pieces") reply.stream = std::make_unique<CountDown>(2);
    if (request.target == "/endless") reply.stream = std::make_unique<Endless>();
    if (request.target == "/failing") reply.stream = std::make_unique<Failing>();
    if (request.target == "/watch") reply.stream = std::make_unique<Watch>(n_posts, n_watches);
    if (request.target == "/nothing") reply.status = 204;
    if (request.target == "/big") reply.body.assign(3'000'000, 'b');
    if (request.target == "/split") reply.headers.emplace_back("X-Note", "a\r\nX-Evil: b");
    if (request.target == "/echo") {
      reply.body = request.body;
      ++n_posts;
    }
    if (request.target == "/hello") reply.body = "hello";
    if (request.target == "/fields") {
      reply.body = std::string(request.method) + "|" + std::string(request.content_type) + "|" +
                   std::string(request.idempotency_key) + "|" + std::string(request.last_event_id) +
                   "|" + std::string(request.request_id);
    }
    return reply;
  }

  std::unique_ptr<Upload> begin_upload(const Request& head) override {
    return std::make_unique<CountingUpload>(head.target == "/upload/some" ? 300'000 : 1'000'000'000,
                                            n_abandoned);
  }

  Reply problem(unsigned status, std::string_view code, std::string_view detail,
                std::string_view /*request_id*/) const override {
    Reply reply;
    reply.status = status;
    reply.content_type = "application/problem+json";
    reply.body = std::string(code) + ": " + std::string(detail);
    return reply;
  }

  // Keeps the thread for 2 milliseconds.
  static void work() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < end) continue;
  }

  Gate gate;
  std::atomic<int> n_posts = 0;
  std::atomic<int> n_watches = 0;
  std::atomic<int> n_abandoned = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    options_.listen = "127.0.0.1:0";
    options_.n_threads = 2;
    options_.n_slow_threads = 2;
    std::string name = testing::TempDir() + "coseno_http_XXXXXX";
    folder_ = mkdtemp(name.data());
    log_file_ = ::open((folder_ + "/log").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  ~HttpServerTest() override {
    handler_.gate.open();
    server_.reset();
    log_.reset();
    ::close(log_file_);
    std::filesystem::remove_all(folder_);
  }

  void start() {
    keys_ = KeyRing::open(folder_).value();
    metrics_ = std::make_unique<ServerMetrics>(n_serving_threads(options_));
    log_ = std::make_unique<Log>(log_file_, LogFormat::text);
    auto server = HttpServer::start(
        options_, {.handler = handler_, .keys = *keys_, .metrics = *metrics_, .log = *log_});
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  std::unique_ptr<TestClient> client() { return std::make_unique<TestClient>(server_->address()); }

  // What has been logged when everything has ended.
  std::string logged() {
    server_.reset();
    log_.reset();
    std::string text(1 << 20, '\0');
    const ssize_t n = pread(log_file_, text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

  HttpOptions options_;
  std::string folder_;
  int log_file_ = -1;
  TestHandler handler_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<ServerMetrics> metrics_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ConnectionAnswersRequestAfterRequest) {
  start();
  const auto client = this->client();
  for (int i = 0; i < 3; ++i) {
    const TestReply reply = client->get("/hello");
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.body, "hello");
    EXPECT_EQ(reply.headers.at("content-type"), "text/plain");
    EXPECT_EQ(reply.headers.at("x-request-id").size(), 16U);
    EXPECT_TRUE(reply.headers.at("date").ends_with(" GMT"));
    EXPECT_FALSE(reply.headers.contains("connection"));
  }
  EXPECT_EQ(metrics_->n_connections, 1);
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  const auto client = this->client();
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    const std::string body = std::to_string(i);
    requests +=
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
  }
  client->send(requests);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client->read_reply().body, std::to_string(i));
}

TEST_F(HttpServerTest, RequestMayComeByteByByte) {
  start();
  const auto client = this->client();
  const std::string request =
      "\r\nPOST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;note=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
  for (const char byte : request) client->send(std::string_view(&byte, 1));
  EXPECT_EQ(client->read_reply().body, "abcde");
  EXPECT_EQ(client->get("/hello").body, "hello");
}

TEST_F(HttpServerTest, FieldsReachTheHandler) {
  start();
  const auto client = this->client();
  const TestReply reply = client->get("/fields",
                                      "content-type: a/b\r\nIDEMPOTENCY-KEY: k\r\n"
                                      "Last-Event-ID: 7\r\nX-Request-ID: my-id.1\r\n");
  EXPECT_EQ(reply.body, "GET|a/b|k|7|my-id.1");
  EXPECT_EQ(reply.headers.at("x-request-id"), "my-id.1");
  // What would not be one word in a log is replaced.
  EXPECT_EQ(client->get("/hello", "X-Request-Id: a b\r\n").headers.at("x-request-id").size(), 16U);
}

TEST_F(HttpServerTest, HeadHasTheHeadOfGet) {
  start();
  const auto client = this->client();
  client->send("HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const TestReply reply = client->read_reply(false);
  EXPECT_EQ(reply.status, 200U);
  EXPECT_EQ(reply.headers.at("content-length"), "5");
  EXPECT_EQ(client->get("/hello").body, "hello");
}

TEST_F(HttpServerTest, StatusWithoutBodyHasNone) {
  start();
  const auto client = this->client();
  const TestReply reply = client->get("/nothing");
  EXPECT_EQ(reply.status, 204U);
  EXPECT_FALSE(reply.headers.contains("content-length"));
  EXPECT_EQ(client->get("/hello").body, "hello");
}

TEST_F(HttpServerTest, AbsoluteTargetIsItsPath) {
  start();
  EXPECT_EQ(client()->get("http://localhost/hello").body, "hello");
}

TEST_F(HttpServerTest, ClientThatClosesIsClosed) {
  start();
  const auto client = this->client();
  const TestReply reply = client->get("/hello", "Connection: close\r\n");
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(client->has_ended());
}

TEST_F(HttpServerTest, Http10ClosesUnlessAsked) {
  start();
  const auto client = this->client();
  client->send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client->read_reply().headers.at("connection"), "keep-alive");
  client->send("GET /pieces HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(client->read_head().headers.contains("transfer-encoding"));
  EXPECT_EQ(client->read_through("(never)"), "piece 2\npiece 1\n");
}

TEST_F(HttpServerTest, BigAnswerIsWhole) {
  start();
  EXPECT_EQ(client()->get("/big").body, std::string(3'000'000, 'b'));
}

TEST_F(HttpServerTest, HeaderCannotBeSplit) {
  start();
  const TestReply reply = client()->get("/split");
  EXPECT_FALSE(reply.headers.contains("x-evil"));
  EXPECT_EQ(reply.headers.at("x-note"), "a  X-Evil: b");
}

TEST_F(HttpServerTest, ExceptionIsAnAnswer) {
  start();
  const auto client = this->client();
  const TestReply reply = client->get("/throw");
  EXPECT_EQ(reply.status, 500U);
  EXPECT_EQ(reply.body.find("what a library says"), std::string::npos);
  EXPECT_EQ(client->get("/hello").body, "hello");
  EXPECT_NE(logged().find("what a library says"), std::string::npos);
}

// --- what is not HTTP ----------------------------------------------------------------------------

struct Malformed {
  const char* what;
  const char* request;
  unsigned status;
};

class MalformedTest : public HttpServerTest, public testing::WithParamInterface<Malformed> {};

TEST_P(MalformedTest, IsRefusedAndClosed) {
  start();
  const auto client = this->client();
  const TestReply reply = client->ask(GetParam().request);
  EXPECT_EQ(reply.status, GetParam().status) << GetParam().what << reply.body;
  EXPECT_EQ(reply.headers.at("connection"), "close");
  client->stop_sending();
  EXPECT_TRUE(client->has_ended());
  EXPECT_EQ(this->client()->get("/hello").body, "hello");
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedTest,
    testing::Values(
        Malformed{"no HTTP", "hello\r\n\r\n", 400},
        Malformed{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
        Malformed{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        Malformed{"no Host", "GET /hello HTTP/1.1\r\n\r\n", 400},
        Malformed{"two Hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        // What a proxy may take for the end of a request and we do not, or the other way round.
        Malformed{"length and chunks",
                  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  400},
        Malformed{"two lengths",
                  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n"
                  "\r\nabcd",
                  400},
        Malformed{"length of words",
                  "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400},
        Malformed{"another encoding",
                  "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        Malformed{"chunks twice",
                  "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
                  501},
        Malformed{"space before the colon", "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        Malformed{"bad chunk",
                  "POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "zz\r\n\r\n",
                  400}));

// --- streams and uploads -------------------------------------------------------------------------

TEST_F(HttpServerTest, StreamsAreChunked) {
  start();
  const auto client = this->client();
  EXPECT_EQ(client->get("/export").body, "piece 3\npiece 2\npiece 1\n");
  EXPECT_EQ(client->get("/pieces").body, "piece 2\npiece 1\n");
  EXPECT_EQ(client->get("/hello").body, "hello");
}

TEST_F(HttpServerTest, FailedStreamIsNotTakenForWhole) {
  start();
  const auto client = this->client();
  client->send("GET /failing HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client->read_head().status, 200U);
  EXPECT_EQ(client->read_chunk(), "half");
  EXPECT_EQ(client->read_through("(never)"), "");
}

TEST_F(HttpServerTest, WriteWakesIdleStreams) {
  start();
  const auto watcher = client();
  watcher->send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(watcher->read_head().headers.at("transfer-encoding"), "chunked");
  EXPECT_EQ(watcher->read_chunk(), "data: 0\n\n");
  const auto writer = client();
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(writer->post("/echo", "x").status, 200U);
    EXPECT_EQ(watcher->read_chunk(), "data: " + std::to_string(i) + "\n\n");
  }
}

TEST_F(HttpServerTest, StreamEndsWhenItsClientGoes) {
  start();
  {
    const auto watcher = client();
    watcher->send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
    watcher->read_head();
    EXPECT_EQ(handler_.n_watches, 1);
  }
  // The next to open one finds the place free, in the end.
  while (handler_.n_watches != 0) std::this_thread::yield();
  EXPECT_EQ(client()->get("/hello").body, "hello");
}

TEST_F(HttpServerTest, StreamsHaveABound) {
  options_.max_streams = 1;
  start();
  const auto watcher = client();
  watcher->send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(watcher->read_head().status, 200U);
  const TestReply refused = client()->get("/watch");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
}

TEST_F(HttpServerTest, StreamToNobodyIsDropped) {
  options_.answer_seconds = 0.2;
  start();
  const auto client = this->client();
  client->send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // Never reads; the server gives up, which the metrics tell.
  while (metrics_->text().find("refusals_total{reason=\"timeout\"} 1") == std::string::npos) {
    std::this_thread::yield();
  }
  EXPECT_EQ(this->client()->get("/hello").body, "hello");
}

TEST_F(HttpServerTest, UploadIsHandedOnInPieces) {
  options_.max_body_bytes = 100;
  start();
  const auto client = this->client();
  const std::string megabytes(5'000'000, 'u');
  EXPECT_EQ(client->post("/upload", megabytes).body, "5000000");
  EXPECT_EQ(client->post("/upload", "").body, "0");
  EXPECT_EQ(client
                ->ask("POST /upload HTTP/1.1\r\nHost: localhost\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n")
                .body,
            "4");
  EXPECT_EQ(handler_.n_abandoned, 0);
}

TEST_F(HttpServerTest, UploadMayHaveEnough) {
  start();
  const auto client = this->client();
  const TestReply reply = client->post("/upload/some", std::string(3'000'000, 'u'));
  EXPECT_EQ(reply.status, 200U);
  EXPECT_LT(std::stoi(reply.body), 1'000'000);
  EXPECT_EQ(reply.headers.at("connection"), "close");
}

TEST_F(HttpServerTest, UploadOfWhoGoesIsDropped) {
  start();
  {
    const auto client = this->client();
    client->send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n" +
                 std::string(400'000, 'u'));
  }
  while (handler_.n_abandoned == 0) std::this_thread::yield();
  while (metrics_->n_in_flight != 0) std::this_thread::yield();
}

TEST_F(HttpServerTest, UploadThatIsTooLargeIsRefused) {
  options_.max_upload_bytes = 1000;
  start();
  EXPECT_EQ(client()->post("/upload", std::string(1001, 'u')).status, 413U);
  const TestReply reply = client()->ask(
      "POST /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
      std::string(1001, 'u') + "\r\n0\r\n\r\n");
  EXPECT_EQ(reply.status, 413U);
}

TEST_F(HttpServerTest, ContinueIsSaidBeforeTheBody) {
  start();
  const auto client = this->client();
  client->send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client->read_through("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client->send("abc");
  EXPECT_EQ(client->read_reply().body, "abc");
  // Where the body is not wanted, its absence is not waited for.
  const TestReply reply = client->ask(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(reply.status, 413U);
  EXPECT_EQ(this->client()->get("/hello", "Expect: tea\r\n").status, 417U);
}

// --- limits --------------------------------------------------------------------------------------

TEST_F(HttpServerTest, LargeBodyIsRefused) {
  options_.max_body_bytes = 10;
  start();
  const auto client = this->client();
  EXPECT_EQ(client->post("/echo", "0123456789").body, "0123456789");
  // A short one is read, so the connection goes on.
  EXPECT_EQ(client->post("/echo", "0123456789a").status, 413U);
  EXPECT_EQ(client->get("/hello").body, "hello");
  const TestReply reply = client->post("/echo", std::string(3'000'000, 'b'));
  EXPECT_EQ(reply.status, 413U);
  EXPECT_EQ(reply.headers.at("connection"), "close");
  const TestReply chunked = this->client()->ask(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.status, 413U);
}

TEST_F(HttpServerTest, LargeHeadIsRefused) {
  options_.max_header_bytes = 1000;
  start();
  EXPECT_EQ(client()->get("/hello", "X-Long: " + std::string(900, 'x') + "\r\n").status, 200U);
  EXPECT_EQ(client()->get("/hello", "X-Long: " + std::string(1000, 'x') + "\r\n").status, 431U);
  EXPECT_EQ(client()->get("/" + std::string(5000, 'x')).status, 431U);
  // Many short lines, one by one, are as long as one long line.
  const auto client = this->client();
  client->send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  for (int i = 0; i < 200 && client->send("X-Short: 1\r\n"); ++i) continue;
  EXPECT_EQ(client->read_reply().status, 431U);
}

TEST_F(HttpServerTest, LongChunkLineIsRefused) {
  start();
  const auto client = this->client();
  client->send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;a=");
  client->send(std::string(200'000, 'x'));
  EXPECT_EQ(client->read_reply().status, 400U);
}

TEST_F(HttpServerTest, BodiesHaveABoundTogether) {
  // A string that grows may have room for twice what is in it.
  options_.body_memory_bytes = 2 << 20;
  start();
  const auto first = client();
  first->send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 700001\r\n\r\n" +
              std::string(700'000, 'a'));
  while (metrics_->body_bytes < 700'000) std::this_thread::yield();
  EXPECT_EQ(client()->post("/echo", std::string(1'900'000, 'b')).status, 503U);
  first->send("a");
  EXPECT_EQ(first->read_reply().body.size(), 700'001U);
  EXPECT_EQ(first->get("/hello").body, "hello");
  while (metrics_->body_bytes != 0) std::this_thread::yield();
  EXPECT_EQ(client()->post("/echo", std::string(500'000, 'b')).status, 200U);
}

TEST_F(HttpServerTest, ConnectionsTooManyAreTold) {
  options_.max_connections = 2;
  start();
  const auto first = client();
  EXPECT_EQ(first->get("/hello").status, 200U);
  {
    const auto second = client();
    EXPECT_EQ(second->get("/hello").status, 200U);
    const auto third = client();
    const TestReply reply = third->get("/hello");
    EXPECT_EQ(reply.status, 503U);
    EXPECT_EQ(reply.headers.at("retry-after"), "1");
    third->stop_sending();
    EXPECT_TRUE(third->has_ended());
  }
  while (metrics_->n_connections != 1) std::this_thread::yield();
  EXPECT_EQ(client()->get("/hello").status, 200U);
}

TEST_F(HttpServerTest, SlowHeadEnds) {
  options_.header_seconds = 0.2;
  start();
  const auto client = this->client();
  client->send("GET /hello HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(client->read_reply().status, 408U);
  client->stop_sending();
  EXPECT_TRUE(client->has_ended());
}

TEST_F(HttpServerTest, SlowBodyEnds) {
  options_.body_seconds = 0.2;
  start();
  for (const char* const path : {"/echo", "/upload"}) {
    const auto client = this->client();
    client->send("POST " + std::string(path) +
                 " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(client->read_reply().status, 408U) << path;
  }
}

TEST_F(HttpServerTest, IdleConnectionIsClosedWithoutAWord) {
  options_.idle_seconds = 0.2;
  start();
  const auto client = this->client();
  EXPECT_EQ(client->get("/hello").status, 200U);
  EXPECT_TRUE(client->has_ended());
}

TEST_F(HttpServerTest, SlowRequestsHaveABoundAndHoldNobodyUp) {
  options_.max_in_flight = 3;
  start();
  std::vector<std::unique_ptr<TestClient>> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(client());
    waiting.back()->send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  handler_.gate.wait_for_arrivals(2);
  while (metrics_->n_in_flight != 3) std::this_thread::yield();
  const TestReply refused = client()->get("/slow");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client()->get("/hello").body, "hello");
  handler_.gate.open();
  for (const auto& client : waiting) EXPECT_EQ(client->read_reply().status, 200U);
  EXPECT_EQ(client()->get("/slow").status, 200U);
}

// 300 clients want 10 ms each of one thread: the last would wait 3 s.
TEST_F(HttpServerTest, OverloadIsRefusedAndEnds) {
  options_.n_threads = 1;
  options_.max_wait_seconds = 0.05;
  start();
  std::string five;
  for (int i = 0; i < 5; ++i) five += "GET /work HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 300; ++i) clients.push_back(client());
  EXPECT_EQ(clients.back()->get("/hello").status, 200U);
  // While the thread is held, all of them come.
  const auto holder = client();
  holder->send("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
  handler_.gate.wait_for_arrivals(1);
  for (const auto& client : clients) client->send(five);
  handler_.gate.open();
  int n_refused = 0;
  for (const auto& client : clients) {
    for (int i = 0; i < 5; ++i) {
      const TestReply reply = client->read_reply();
      if (reply.status == 200) continue;
      EXPECT_EQ(reply.status, 503U);
      EXPECT_EQ(reply.headers.at("retry-after"), "1");
      ++n_refused;
    }
  }
  EXPECT_GT(n_refused, 300);
  EXPECT_LT(n_refused, 1500);
  while (client()->get("/hello").status != 200U) std::this_thread::yield();
}

// --- keys and pages ------------------------------------------------------------------------------

TEST_F(HttpServerTest, KeysAreAskedForWhereThereAreAny) {
  const std::string reader = create_key(folder_, "reader", *Scopes::parse("read"), 0)->secret;
  const std::string shop = create_key(folder_, "shop", *Scopes::parse("read,events"), 0)->secret;
  const std::string admin = create_key(folder_, "boss", *Scopes::parse("admin"), 0)->secret;
  start();
  const auto client = this->client();
  const TestReply refused = client->get("/hello");
  EXPECT_EQ(refused.status, 401U);
  EXPECT_EQ(refused.headers.at("www-authenticate"), "Bearer");
  EXPECT_EQ(client->get("/live").status, 200U);
  EXPECT_EQ(client->get("/metrics").status, 401U);
  EXPECT_EQ(client->get("/hello", "Authorization: Bearer " + reader + "\r\n").status, 200U);
  EXPECT_EQ(client->get("/hello", "authorization: bearer " + reader + "\r\n").status, 200U);
  EXPECT_EQ(client->get("/hello", "X-API-Key: " + reader + "\r\n").status, 200U);
  EXPECT_EQ(client->get("/hello", "X-API-Key: " + reader + "0\r\n").status, 401U);
  EXPECT_EQ(client->get("/hello", "Authorization: Basic " + reader + "\r\n").status, 401U);
  EXPECT_EQ(client->post("/echo", "x", "X-API-Key: " + reader + "\r\n").status, 403U);
  EXPECT_EQ(client->post("/echo", "x", "X-API-Key: " + shop + "\r\n").status, 200U);
  EXPECT_EQ(client->post("/upload", "x", "X-API-Key: " + shop + "\r\n").status, 403U);
  EXPECT_EQ(client->post("/upload", "x", "X-API-Key: " + admin + "\r\n").status, 200U);
  EXPECT_EQ(client->post("/echo", "x", "X-API-Key: " + admin + "\r\n").status, 200U);
  EXPECT_EQ(client->get("/metrics", "X-API-Key: " + reader + "\r\n").status, 200U);
  const std::string log = logged();
  EXPECT_NE(log.find("route=echo status=200 ms="), std::string::npos) << log;
  EXPECT_NE(log.find(" key=shop\n"), std::string::npos) << log;
  EXPECT_EQ(log.find(shop), std::string::npos);
}

TEST_F(HttpServerTest, KeysChangeLive) {
  start();
  EXPECT_EQ(client()->get("/hello").status, 200U);
  const NewKey made = *create_key(folder_, "first", *Scopes::parse("read"), 0);
  while (client()->get("/hello").status != 401U) std::this_thread::yield();
  EXPECT_EQ(client()->get("/hello", "X-API-Key: " + made.secret + "\r\n").status, 200U);
  EXPECT_TRUE(revoke_key(folder_, "first").has_value());
  while (client()->get("/hello", "X-API-Key: " + made.secret + "\r\n").status != 401U) {
    std::this_thread::yield();
  }
  // The last key has gone, and with it nobody's need of one.
  EXPECT_EQ(client()->get("/hello").status, 401U);
}

TEST_F(HttpServerTest, KeyHasARate) {
  options_.rate = 0.01;
  options_.burst = 2;
  const std::string one = create_key(folder_, "one", *Scopes::parse("read"), 0)->secret;
  const std::string two = create_key(folder_, "two", *Scopes::parse("read"), 0)->secret;
  start();
  const auto client = this->client();
  const auto ask = [&client](const std::string& key) {
    return client->get("/hello", "X-API-Key: " + key + "\r\n");
  };
  EXPECT_EQ(ask(one).status, 200U);
  EXPECT_EQ(ask(one).status, 200U);
  const TestReply refused = ask(one);
  EXPECT_EQ(refused.status, 429U);
  EXPECT_GT(std::stoi(refused.headers.at("retry-after")), 90);
  EXPECT_EQ(ask(two).status, 200U);
}

TEST_F(HttpServerTest, PagesOfOthersAreRefusedWithoutKeys) {
  start();
  const auto client = this->client();
  const auto ask = [&client](const std::string& host, const std::string& fields) {
    return client->ask("GET /hello HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n").status;
  };
  EXPECT_EQ(ask("localhost:8088", ""), 200U);
  EXPECT_EQ(ask("127.0.0.1:8088", ""), 200U);
  EXPECT_EQ(ask("[::1]:8088", ""), 200U);
  EXPECT_EQ(ask("rebound.example", ""), 403U);
  EXPECT_EQ(ask("localhost:8088", "Origin: http://localhost:8088\r\n"), 200U);
  EXPECT_EQ(ask("localhost:8088", "Origin: https://evil.example\r\n"), 403U);
}

TEST_F(HttpServerTest, CorsIsForThoseThatAreNamed) {
  options_.cors_origins = {"https://shop.example"};
  start();
  const auto client = this->client();
  const TestReply good = client->get("/hello", "Origin: https://shop.example\r\n");
  EXPECT_EQ(good.headers.at("access-control-allow-origin"), "https://shop.example");
  EXPECT_EQ(good.headers.at("vary"), "Origin");
  EXPECT_FALSE(client->get("/hello", "Origin: https://evil.example\r\n")
                   .headers.contains("access-control-allow-origin"));
  const auto preflight = [&client](const std::string& origin) {
    return client->ask("OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin +
                       "\r\nAccess-Control-Request-Method: POST\r\n\r\n");
  };
  EXPECT_EQ(preflight("https://shop.example").status, 204U);
  EXPECT_TRUE(preflight("https://shop.example").headers.contains("access-control-allow-methods"));
  EXPECT_FALSE(preflight("https://evil.example").headers.contains("access-control-allow-methods"));
}

// --- metrics, shutdown ---------------------------------------------------------------------------

TEST_F(HttpServerTest, MetricsCount) {
  start();
  metrics_->add_source([] { return metric_line("coseno_events", "gauge", "Events", 7); });
  const auto client = this->client();
  client->get("/hello");
  client->get("/hello");
  client->post("/echo", "x");
  this->client()->ask("rubbish\r\n\r\n");
  const TestReply reply = client->get("/metrics");
  EXPECT_EQ(reply.status, 200U);
  EXPECT_TRUE(reply.headers.at("content-type").starts_with("text/plain; version=0.0.4"));
  const auto has = [&reply](std::string_view line) {
    return reply.body.find(std::string(line) + "\n") != std::string::npos;
  };
  EXPECT_TRUE(has("coseno_requests_total{route=\"hello\",status=\"200\"} 2")) << reply.body;
  EXPECT_TRUE(has("coseno_requests_total{route=\"echo\",status=\"200\"} 1"));
  EXPECT_TRUE(has("coseno_request_seconds_count{route=\"hello\"} 2"));
  EXPECT_TRUE(has("coseno_refusals_total{reason=\"malformed\"} 1"));
  EXPECT_TRUE(has("coseno_events 7"));
}

TEST_F(HttpServerTest, ShutdownFinishesWhatRuns) {
  start();
  const auto idle = client();
  EXPECT_EQ(idle->get("/hello").status, 200U);
  const auto slow = client();
  slow->send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto watcher = client();
  watcher->send("GET /watch HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(watcher->read_head().status, 200U);
  watcher->read_chunk();
  handler_.gate.wait_for_arrivals(1);
  bool was_clean = false;
  std::thread ending([this, &was_clean] { was_clean = server_->shut_down(20); });
  EXPECT_TRUE(idle->has_ended());
  EXPECT_EQ(watcher->read_chunk(), "");
  EXPECT_TRUE(watcher->has_ended());
  handler_.gate.open();
  const TestReply reply = slow->read_reply();
  EXPECT_EQ(reply.status, 200U);
  EXPECT_TRUE(slow->has_ended());
  ending.join();
  EXPECT_TRUE(was_clean);
}

TEST_F(HttpServerTest, ShutdownCutsOffWhatWillNotEnd) {
  start();
  const auto client = this->client();
  client->send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client->read_head().status, 200U);
  EXPECT_FALSE(server_->shut_down(0.2));
}

TEST_F(HttpServerTest, TakenAddressIsAnError) {
  start();
  HttpOptions options = options_;
  options.listen = server_->address();
  const auto second = HttpServer::start(
      options, {.handler = handler_, .keys = *keys_, .metrics = *metrics_, .log = *log_});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::io);
  EXPECT_TRUE(second.error().message.starts_with("cannot listen on 127.0.0.1:"));
}

TEST_F(HttpServerTest, ListenIsAnAddress) {
  for (const char* const wrong :
       {"", "8088", "shop.example:80", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:80"}) {
    EXPECT_FALSE(is_loopback(wrong).has_value()) << wrong;
  }
  EXPECT_TRUE(*is_loopback("localhost:1"));
  EXPECT_TRUE(*is_loopback("127.0.0.1:1"));
  EXPECT_TRUE(*is_loopback("[::1]:1"));
  EXPECT_FALSE(*is_loopback("0.0.0.0:1"));
  EXPECT_FALSE(*is_loopback("[::]:1"));
}

}  // namespace
}  // namespace coseno::server
