// One connection: requests in, answers out, in a coroutine on the connection's thread.
//
// Requests that a client has sent one after another (pipelining) are answered in one write. A
// deadline is a number that the thread looks at ten times a second: it costs a request nothing.

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/http_parser.h"
#include "server/reply_head.h"
#include "server/serving.h"

namespace coseno::server {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using TlsSocket = asio::ssl::stream<Socket>;

// What an idle connection keeps; enough for the requests of most.
constexpr std::size_t kSmallInputBytes = 2 * 1024;
constexpr std::size_t kLargeInputBytes = 64 * 1024;
// Answers go out when so much is there, or so many.
constexpr std::size_t kFlushBytes = 64 * 1024;
constexpr int kMaxBatch = 64;
// Buffers that are larger are given back after use.
constexpr std::size_t kKeptBytes = 64 * 1024;
// Bodies up to this are not counted: 10,000 connections hold 160 MB of them.
constexpr std::size_t kFreeBodyBytes = 16 * 1024;
// The body of a refused request is read up to this, so that the connection can go on.
constexpr std::uint64_t kDroppedBodyBytes = 64 * 1024;
constexpr std::size_t kUploadPieceBytes = 256 * 1024;
constexpr std::uint64_t kUploadStepBytes = 1 << 20;  // for each of which body_seconds count anew
constexpr int kMaxLingering = 256;
constexpr double kLingerSeconds = 2;
constexpr std::size_t kMaxRequestIdBytes = 128;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdBytes &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' ||
                  letter == '-';
         });
}

// Path and query of "http://host/path?query", which a proxy may send.
std::string_view path_and_query(std::string_view target) {
  if (target.starts_with('/') || target == "*") return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

// Bytes that were read and not yet looked at.
class Input {
 public:
  std::string_view text() const { return {bytes_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least one byte more; a buffer of `wanted` where there is nothing in it.
  asio::mutable_buffer room(std::size_t wanted) {
    if (empty() && bytes_.size() != wanted) std::vector<char>(wanted).swap(bytes_);
    if (end_ == bytes_.size()) {
      if (begin_ > 0) {
        std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), bytes_.end(),
                  bytes_.begin());
        end_ -= begin_;
        begin_ = 0;
      } else {
        bytes_.resize(std::max(wanted, 2 * bytes_.size()));
      }
    }
    return asio::buffer(bytes_.data() + end_, bytes_.size() - end_);
  }
  void add(std::size_t n) { end_ += n; }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// One of what there may be a bounded number of, for as long as this lives.
class Slot {
 public:
  static std::optional<Slot> take(std::atomic<std::int64_t>& count, std::size_t limit) {
    if (count.fetch_add(1) >= static_cast<std::int64_t>(limit)) {
      count.fetch_sub(1);
      return std::nullopt;
    }
    return Slot(count);
  }
  Slot(Slot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (count_ != nullptr) count_->fetch_sub(1);
  }

 private:
  explicit Slot(std::atomic<std::int64_t>& count) : count_(&count) {}
  std::atomic<std::int64_t>* count_;
};

template <class Stream>
class Connection final : public ConnectionBase {
 public:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsSocket>;

  Connection(ServingThread& thread, Stream stream)
      : thread_(thread), state_(thread.state), stream_(std::move(stream)) {
    thread_.connections.push_back(*this);
    ++state_.metrics.n_connections;
  }
  ~Connection() override {
    count_body(0);
    thread_.connections.erase(thread_.connections.iterator_to(*this));
    --thread_.n_connections;
    --state_.n_connections;
    --state_.metrics.n_connections;
  }

  Task<void> run();

  void cancel() override {
    error_code ignored;
    socket().cancel(ignored);
  }
  void cut_off() override {
    is_cut_off_ = true;
    error_code ignored;
    socket().close(ignored);
    wake_stream();
  }
  void wake_stream() override {
    if (!idle_hook.is_linked()) return;
    thread_.idle_streams.erase(thread_.idle_streams.iterator_to(*this));
    asio::post(thread_.context, std::exchange(resume_, nullptr));
  }

 private:
  // --- bytes
  Socket& socket() {
    if constexpr (kIsTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  Task<bool> handshake();
  Task<bool> fill(std::size_t wanted);
  bool flush_now();
  Task<bool> flush();
  Task<void> end();
  Task<void> drain();

  // --- requests
  Task<bool> read_head();
  bool skip_empty_lines();
  Task<bool> answer();
  Task<bool> read_body();
  Task<bool> answer_upload();
  Task<bool> receive_upload(Upload& upload);
  Task<bool> write_piece(Upload& upload, bool& wants_more);
  Task<bool> send_stream(Reply& reply);
  Task<bool> refuse(const Refusal& refusal);
  std::optional<Refusal> admit();
  error_code parse();

  // --- answers
  Reply handle(const Request& request);
  Reply metrics_reply() const;
  Reply preflight_reply() const;
  Reply refusal_reply(const Refusal& refusal) const;
  void refuse_unparsed(error_code error);
  void refuse_late(std::string_view what);
  bool append(Reply& reply);
  void append_head_of(const Reply& reply, std::optional<std::uint64_t> n_bytes);
  void finish(unsigned status, std::size_t n_bytes, TimePoint answered_at);

  // --- elsewhere
  template <class Work>
  Task<void> on_pool(Work& work);
  Task<void> yield();
  Task<void> wait_for_news();
  bool count_body(std::size_t n_bytes);
  void wait_until(double seconds) { deadline = Clock::now() + seconds_of(seconds); }
  bool is_gone();

  ServingThread& thread_;
  ServerState& state_;
  Stream stream_;
  Input input_;
  std::string output_;
  RequestHead head_;
  std::string body_;
  std::string piece_;
  std::optional<HttpParser> parser_;
  std::move_only_function<void()> resume_;  // of an idle stream
  std::size_t counted_body_bytes_ = 0;
  bool is_cut_off_ = false;

  // Of the request that is answered.
  TimePoint started_;
  Route route_;
  std::string request_id_;
  const Key* caller_ = nullptr;
  bool is_head_request_ = false;
  bool keeps_alive_ = true;
  bool is_http_10_ = false;
  bool lingers_ = false;  // something of the client may be under way that nobody reads
};

// --- bytes
// ----------------------------------------------------------------------------------------

template <class Stream>
Task<bool> Connection<Stream>::handshake() {
  if constexpr (kIsTls) {
    wait_until(state_.options.header_seconds);
    const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kUseTask);
    deadline = TimePoint::max();
    co_return !error;
  }
  co_return true;
}

// Reads what there is; false where the client is gone or the deadline has passed.
template <class Stream>
Task<bool> Connection<Stream>::fill(std::size_t wanted) {
  is_timed_out = false;
  const asio::mutable_buffer room = input_.room(wanted);
  const auto [error, n] = co_await stream_.async_read_some(room, kUseTask);
  input_.add(n);
  if (!error) is_timed_out = false;
  co_return !error && !is_cut_off_;
}

// What the kernel takes without waiting; true where that is all.
template <class Stream>
bool Connection<Stream>::flush_now() {
  if (output_.empty()) return true;
  if constexpr (!kIsTls) {
    error_code error;
    const std::size_t n = stream_.write_some(asio::buffer(output_), error);
    if (n == output_.size()) {
      output_.clear();
      return true;
    }
    output_.erase(0, n);
  }
  return false;
}

template <class Stream>
Task<bool> Connection<Stream>::flush() {
  if (!flush_now()) {
    is_timed_out = false;
    wait_until(state_.options.answer_seconds);
    const auto [error, n] = co_await asio::async_write(stream_, asio::buffer(output_), kUseTask);
    deadline = TimePoint::max();
    output_.clear();
    if (error) {
      if (is_timed_out) thread_.metrics.count_refusal(RefusalKind::timeout);
      co_return false;
    }
  }
  if (output_.capacity() > kKeptBytes) output_.shrink_to_fit();
  co_return !is_cut_off_;
}

// Closes so that the client sees the last answer: where unread bytes of it are left in the socket,
// closing at once would send a reset, which may overtake the answer.
template <class Stream>
Task<void> Connection<Stream>::end() {
  if (is_cut_off_) co_return;
  wait_until(kLingerSeconds);
  if constexpr (kIsTls) {
    if (!lingers_) co_await stream_.async_shutdown(kUseTask);
  }
  error_code ignored;
  socket().shutdown(asio::socket_base::shutdown_send, ignored);
  if (lingers_ && thread_.n_lingering < kMaxLingering) {
    ++thread_.n_lingering;
    co_await drain();
    --thread_.n_lingering;
  }
}

template <class Stream>
Task<void> Connection<Stream>::drain() {
  piece_.resize(kLargeInputBytes);
  for (;;) {
    const asio::mutable_buffer room = asio::buffer(piece_);
    const auto [error, n] = co_await socket().async_read_some(room, kUseTask);
    if (error || Clock::now() > deadline) co_return;
  }
}

// --- requests
// -------------------------------------------------------------------------------------

template <class Stream>
Task<void> Connection<Stream>::run() {
  if (!co_await handshake()) co_return;
  int n_answered = 0;
  while (co_await read_head()) {
    if (!co_await answer()) break;
    ++n_answered;
    if (output_.size() < kFlushBytes && n_answered % kMaxBatch != 0) continue;
    if (!co_await flush()) co_return;
    co_await yield();
  }
  if (co_await flush()) co_await end();
}

// Empty lines before a request are none of it (RFC 9112, 2.2). True where a request begins.
template <class Stream>
bool Connection<Stream>::skip_empty_lines() {
  while (!input_.empty() && (input_.text().front() == '\r' || input_.text().front() == '\n')) {
    input_.consume(1);
  }
  return !input_.empty();
}

// Gives the parser what there is.
template <class Stream>
error_code Connection<Stream>::parse() {
  error_code error;
  const std::string_view text = input_.text();
  const std::size_t n = parser_->put(asio::const_buffer(text.data(), text.size()), error);
  input_.consume(n);
  return error;
}

template <class Stream>
Task<bool> Connection<Stream>::read_head() {
  body_.clear();
  if (body_.capacity() > kFreeBodyBytes) {
    body_.shrink_to_fit();
    count_body(0);
  }
  parser_.emplace(head_, body_, state_.options.max_header_bytes);
  deadline = TimePoint::max();
  bool has_begun = false;
  for (;;) {
    if (has_begun ? !input_.empty() : skip_empty_lines()) {
      if (!has_begun) started_ = Clock::now();
      has_begun = true;
      const error_code error = parse();
      if (error && error != http::error::need_more) {
        refuse_unparsed(error);
        co_return false;
      }
      if (parser_->is_header_done()) co_return true;
    }
    if (!flush_now() && !co_await flush()) co_return false;
    if (!has_begun && state_.is_draining) co_return false;
    is_waiting = !has_begun;
    if (!has_begun) {
      wait_until(state_.options.idle_seconds);
    } else {
      deadline = started_ + seconds_of(state_.options.header_seconds);
    }
    const bool has_more = co_await fill(kSmallInputBytes);
    is_waiting = false;
    if (!has_more) {
      if (is_timed_out && has_begun) refuse_late("head");
      co_return false;
    }
  }
}

// What may not be answered, with the reason.
template <class Stream>
std::optional<Refusal> Connection<Stream>::admit() {
  const auto refusal = state_.admission.check(
      head_, route_.scope, thread_.keys(), state_.keys.is_open(), nanoseconds(started_), &caller_);
  if (refusal) return refusal;
  const std::string_view expect = head_[RequestHead::expect];
  if (!expect.empty() && !boost::beast::iequals(expect, "100-continue")) {
    return Refusal{RefusalKind::malformed, 417, "expectation_failed",
                   "the only expectation that is understood is 100-continue"};
  }
  const std::uint64_t limit =
      route_.upload ? state_.options.max_upload_bytes : state_.options.max_body_bytes;
  if (const auto length = parser_->content_length(); length && *length > limit) {
    return Refusal{RefusalKind::body_size, 413, "body_too_large",
                   fmt::format("the body may have {} bytes, not {}", limit, *length)};
  }
  parser_->limit_body(limit);
  const double max_wait = state_.options.max_wait_seconds;
  if (max_wait > 0 && route_.scope != Scope::none && thread_.wait > seconds_of(max_wait)) {
    return Refusal{RefusalKind::overload, 503, "overloaded",
                   "more requests come than can be answered in time", 1};
  }
  return std::nullopt;
}

// Answers the request whose head is there; false where the connection ends with it.
template <class Stream>
Task<bool> Connection<Stream>::answer() {
  started_ = Clock::now();
  caller_ = nullptr;
  is_http_10_ = !parser_->is_http_11();
  keeps_alive_ = parser_->keep_alive() && !state_.is_draining.load(std::memory_order_relaxed);
  is_head_request_ = head_[RequestHead::method] == "HEAD";
  const std::string_view sent_id = head_[RequestHead::request_id];
  request_id_ = is_request_id(sent_id) ? std::string(sent_id) : thread_.request_id();

  const std::string_view target = path_and_query(head_[RequestHead::target]);
  const std::string_view method = is_head_request_ ? "GET" : head_[RequestHead::method];
  const std::string_view path = target.substr(0, target.find('?'));
  const bool is_preflight = method == "OPTIONS" && head_.has(RequestHead::preflight_method) &&
                            state_.admission.has_cors();
  const bool is_metrics = path == "/metrics" && method == "GET";
  if (is_preflight) {
    route_ = {.name = "preflight", .scope = Scope::none};
  } else if (is_metrics) {
    route_ = {.name = "metrics", .scope = Scope::read};
  } else {
    route_ = state_.handler.route(method, target);
  }
  if (const std::optional<Refusal> refusal = admit()) co_return co_await refuse(*refusal);
  if (route_.upload) co_return co_await answer_upload();

  if (!parser_->is_done()) {
    if (!co_await read_body()) co_return false;
  }
  const Request request = {.method = method,
                           .target = path_and_query(head_[RequestHead::target]),
                           .body = body_,
                           .content_type = head_[RequestHead::content_type],
                           .idempotency_key = head_[RequestHead::idempotency_key],
                           .last_event_id = head_[RequestHead::last_event_id],
                           .request_id = request_id_};
  Reply reply;
  if (is_preflight) {
    reply = preflight_reply();
  } else if (is_metrics) {
    reply = metrics_reply();
  } else if (route_.slow) {
    std::optional<Slot> slot = Slot::take(state_.metrics.n_in_flight, state_.options.max_in_flight);
    if (!slot) {
      const Refusal refusal = {RefusalKind::overload, 503, "overloaded",
                               "too many slow requests are under way", 1};
      co_return co_await refuse(refusal);
    }
    auto work = [this, &reply, &request] { reply = handle(request); };
    co_await on_pool(work);
    if (reply.stream && !is_head_request_) co_return co_await send_stream(reply);
  } else {
    reply = handle(request);
  }
  if (method != "GET" && route_.scope != Scope::read && route_.scope != Scope::none) {
    state_.n_writes.fetch_add(1, std::memory_order_relaxed);
  }
  if (reply.stream && !is_head_request_) {
    std::optional<Slot> slot = Slot::take(state_.metrics.n_streams, state_.options.max_streams);
    if (!slot) {
      const Refusal refusal = {RefusalKind::overload, 503, "overloaded",
                               "too many streams are open", 1};
      co_return co_await refuse(refusal);
    }
    co_return co_await send_stream(reply);
  }
  co_return append(reply);
}

// The whole body; false where it does not come, and then the client has been told.
template <class Stream>
Task<bool> Connection<Stream>::read_body() {
  parser_->eager(true);
  if (!head_[RequestHead::expect].empty() && input_.empty()) {
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  deadline = Clock::now() + seconds_of(state_.options.body_seconds);
  const TimePoint body_deadline = deadline;
  for (;;) {
    if (!input_.empty()) {
      const error_code error = parse();
      if (error && error != http::error::need_more) {
        refuse_unparsed(error);
        co_return false;
      }
      if (!count_body(body_.capacity())) {
        Reply reply = refusal_reply(
            {RefusalKind::overload, 503, "overloaded", "there is no memory left for the body", 1});
        thread_.metrics.count_refusal(RefusalKind::overload);
        body_ = {};
        count_body(0);
        keeps_alive_ = false;
        lingers_ = true;
        append(reply);
        co_return false;
      }
      if (parser_->is_done()) break;
      // A line within a chunked body that is longer than any good one.
      if (input_.size() >= kLargeInputBytes) {
        refuse_unparsed(http::error::bad_chunk);
        co_return false;
      }
    }
    if (!flush_now() && !co_await flush()) co_return false;
    deadline = body_deadline;
    if (!co_await fill(kLargeInputBytes)) {
      if (is_timed_out) refuse_late("body");
      co_return false;
    }
  }
  deadline = TimePoint::max();
  co_return true;
}

// --- uploads
// --------------------------------------------------------------------------------------

template <class Stream>
Task<bool> Connection<Stream>::answer_upload() {
  std::optional<Slot> slot = Slot::take(state_.metrics.n_in_flight, state_.options.max_in_flight);
  if (!slot) {
    const Refusal refusal = {RefusalKind::overload, 503, "overloaded",
                             "too many slow requests are under way", 1};
    co_return co_await refuse(refusal);
  }
  const Request request = {.method = head_[RequestHead::method],
                           .target = path_and_query(head_[RequestHead::target]),
                           .body = {},
                           .content_type = head_[RequestHead::content_type],
                           .idempotency_key = head_[RequestHead::idempotency_key],
                           .last_event_id = head_[RequestHead::last_event_id],
                           .request_id = request_id_};
  std::unique_ptr<Upload> upload;
  std::string trouble;
  auto begin = [this, &upload, &request, &trouble] {
    try {
      upload = state_.handler.begin_upload(request);
    } catch (const std::exception& error) {
      trouble = error.what();
    }
  };
  co_await on_pool(begin);
  bool is_received = false;
  if (upload) is_received = co_await receive_upload(*upload);

  Reply reply;
  auto finish_it = [this, &upload, &reply, &trouble, is_received] {
    try {
      if (is_received) reply = upload->finish();
      upload.reset();
    } catch (const std::exception& error) {
      trouble = error.what();
    }
  };
  const bool was_begun = upload != nullptr;
  co_await on_pool(finish_it);
  if (was_begun && !is_received) co_return false;
  if (!was_begun || !trouble.empty()) {
    state_.log.write(LogLevel::error, "upload failed",
                     {{"id", request_id_}, {"route", route_.name}, {"what", trouble}});
    reply =
        state_.handler.problem(500, "internal", "the upload failed inside the server", request_id_);
  }
  if (!parser_->is_done()) {
    keeps_alive_ = false;
    lingers_ = true;
  }
  state_.n_writes.fetch_add(1, std::memory_order_relaxed);
  co_return append(reply);
}

// Hands what has come to `upload`.
template <class Stream>
Task<bool> Connection<Stream>::write_piece(Upload& upload, bool& wants_more) {
  deadline = TimePoint::max();
  bool has_failed = false;
  auto write = [this, &upload, &wants_more, &has_failed] {
    try {
      wants_more = upload.write(body_);
    } catch (const std::exception& error) {
      has_failed = true;
      state_.log.write(LogLevel::error, "upload failed",
                       {{"id", request_id_}, {"route", route_.name}, {"what", error.what()}});
    }
  };
  co_await on_pool(write);
  body_.clear();
  co_return !has_failed;
}

// True where all of it has come, or `upload` has had enough. Else the client is told, if it is
// there.
template <class Stream>
Task<bool> Connection<Stream>::receive_upload(Upload& upload) {
  parser_->eager(true);
  if (!head_[RequestHead::expect].empty() && input_.empty()) {
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  TimePoint step_deadline = Clock::now() + seconds_of(state_.options.body_seconds);
  std::uint64_t step_end = kUploadStepBytes;
  bool wants_more = true;
  while (wants_more && !parser_->is_done()) {
    if (!input_.empty()) {
      const error_code error = parse();
      if (error && error != http::error::need_more) {
        refuse_unparsed(error);
        co_return false;
      }
      if (body_.size() >= kUploadPieceBytes || (parser_->is_done() && !body_.empty())) {
        if (!co_await write_piece(upload, wants_more)) co_return false;
      }
      if (parser_->n_body_bytes() >= step_end) {
        step_deadline = Clock::now() + seconds_of(state_.options.body_seconds);
        step_end = parser_->n_body_bytes() + kUploadStepBytes;
      }
      if (input_.size() >= kLargeInputBytes) {
        refuse_unparsed(http::error::bad_chunk);
        co_return false;
      }
    }
    if (!wants_more || parser_->is_done()) break;
    if (!flush_now() && !co_await flush()) co_return false;
    deadline = step_deadline;
    if (!co_await fill(kLargeInputBytes)) {
      if (is_timed_out) refuse_late("body");
      co_return false;
    }
  }
  deadline = TimePoint::max();
  co_return true;
}

// --- answers
// --------------------------------------------------------------------------------------

template <class Stream>
Reply Connection<Stream>::handle(const Request& request) {
  try {
    return state_.handler.handle(request);
  } catch (const std::exception& error) {
    state_.log.write(LogLevel::error, "request failed",
                     {{"id", request_id_}, {"route", route_.name}, {"what", error.what()}});
    return state_.handler.problem(500, "internal", "the request failed inside the server",
                                  request_id_);
  }
}

template <class Stream>
Reply Connection<Stream>::metrics_reply() const {
  Reply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = state_.metrics.text();
  return reply;
}

template <class Stream>
Reply Connection<Stream>::preflight_reply() const {
  Reply reply;
  reply.status = 204;
  if (!state_.admission.allowed_origin(head_[RequestHead::origin]).empty()) {
    reply.headers = {
        {"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"},
        {"Access-Control-Allow-Headers",
         "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-API-Key, X-Request-Id"},
        {"Access-Control-Max-Age", "600"}};
  }
  return reply;
}

template <class Stream>
Reply Connection<Stream>::refusal_reply(const Refusal& refusal) const {
  Reply reply = state_.handler.problem(refusal.status, refusal.code, refusal.detail, request_id_);
  if (refusal.retry_after_s > 0) {
    reply.headers.emplace_back("Retry-After", fmt::format("{}", refusal.retry_after_s));
  }
  if (refusal.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

// A short body is read, so that the connection can go on; else it ends.
template <class Stream>
Task<bool> Connection<Stream>::refuse(const Refusal& refusal) {
  thread_.metrics.count_refusal(refusal.kind);
  if (!parser_->is_done()) {
    const auto length = parser_->content_length();
    if (length && *length <= kDroppedBodyBytes && head_[RequestHead::expect].empty()) {
      parser_->drop_body();
      if (!co_await read_body()) co_return false;
    } else {
      keeps_alive_ = false;
      lingers_ = true;
    }
  }
  Reply reply = refusal_reply(refusal);
  co_return append(reply);
}

// The request cannot be understood, so neither can what follows it.
template <class Stream>
void Connection<Stream>::refuse_unparsed(error_code error) {
  const unsigned status = parser_->status_of(error);
  keeps_alive_ = false;
  lingers_ = true;
  Refusal refusal = {RefusalKind::malformed, status, "malformed_request",
                     fmt::format("the request is not HTTP/1.1: {}", error.message())};
  if (status == 431) {
    refusal = {RefusalKind::header_size, status, "header_too_large",
               fmt::format("the head may have {} bytes", state_.options.max_header_bytes)};
  } else if (status == 413) {
    refusal = {
        RefusalKind::body_size, status, "body_too_large",
        fmt::format("the body may have {} bytes", route_.upload ? state_.options.max_upload_bytes
                                                                : state_.options.max_body_bytes)};
  } else if (status == 501) {
    refusal.code = "transfer_encoding";
    refusal.detail = "the only transfer encoding that is understood is chunked";
  }
  thread_.metrics.count_refusal(refusal.kind);
  if (!parser_->is_header_done()) {
    route_ = {.name = "unknown"};
    request_id_ = thread_.request_id();
    caller_ = nullptr;
    is_head_request_ = false;
  }
  Reply reply = refusal_reply(refusal);
  append(reply);
}

template <class Stream>
void Connection<Stream>::refuse_late(std::string_view what) {
  const double seconds =
      what == "head" ? state_.options.header_seconds : state_.options.body_seconds;
  keeps_alive_ = false;
  lingers_ = true;
  thread_.metrics.count_refusal(RefusalKind::timeout);
  if (!parser_->is_header_done()) {
    route_ = {.name = "unknown"};
    request_id_ = thread_.request_id();
    caller_ = nullptr;
    is_head_request_ = false;
  }
  Reply reply = refusal_reply({RefusalKind::timeout, 408, "too_slow",
                               fmt::format("the {} must come within {} seconds", what, seconds)});
  append(reply);
}

template <class Stream>
void Connection<Stream>::append_head_of(const Reply& reply, std::optional<std::uint64_t> n_bytes) {
  const ReplyHead head = {
      .request_id = request_id_,
      .date = thread_.date(),
      .allowed_origin = state_.admission.allowed_origin(head_[RequestHead::origin]),
      .varies_by_origin = state_.admission.has_cors(),
      .keeps_alive = keeps_alive_,
      .is_http_10 = is_http_10_,
      .n_bytes = n_bytes};
  append_head(output_, reply, head);
}

// The whole answer; returns whether the connection goes on.
template <class Stream>
bool Connection<Stream>::append(Reply& reply) {
  // Of a stream that only its head was asked for, nobody knows the length.
  append_head_of(reply, reply.stream ? std::nullopt : std::optional(reply.body.size()));
  const bool has_body = !is_head_request_ && !is_bodiless(reply.status);
  if (has_body) output_ += reply.body;
  finish(reply.status, has_body ? reply.body.size() : 0, Clock::now());
  return keeps_alive_;
}

template <class Stream>
void Connection<Stream>::finish(unsigned status, std::size_t n_bytes, TimePoint answered_at) {
  const double seconds = std::chrono::duration<double>(answered_at - started_).count();
  thread_.metrics.count_request(route_.name, status, seconds);
  std::string_view method = head_[RequestHead::method];
  if (method.empty() || method.size() > 16) method = "other";
  thread_.access_log.write({.request_id = request_id_,
                            .method = method,
                            .route = route_.name,
                            .key = caller_ == nullptr ? std::string_view() : caller_->name,
                            .status = status,
                            .seconds = seconds,
                            .body_bytes = n_bytes});
}

template <class Stream>
Task<bool> Connection<Stream>::send_stream(Reply& reply) {
  // To a client of HTTP/1.0 the end of the connection is the end of the answer.
  if (is_http_10_) keeps_alive_ = false;
  append_head_of(reply, std::nullopt);
  const TimePoint answered_at = Clock::now();
  std::size_t n_bytes = 0;
  ReplyStream::State stream_state = ReplyStream::State::more;
  bool is_good = true;
  auto next = [this, &reply, &stream_state, &is_good] {
    piece_.clear();
    try {
      stream_state = reply.stream->next(piece_);
    } catch (const std::exception& error) {
      is_good = false;
      state_.log.write(LogLevel::error, "stream failed",
                       {{"id", request_id_}, {"route", route_.name}, {"what", error.what()}});
    }
  };
  while (is_good) {
    n_writes_seen = state_.n_writes.load(std::memory_order_relaxed);
    if (route_.slow) {
      co_await on_pool(next);
    } else {
      const TimePoint before = Clock::now();
      next();
      const double seconds = std::chrono::duration<double>(Clock::now() - before).count();
      thread_.stream_seconds += 0.1 * (seconds - thread_.stream_seconds);
    }
    if (!is_good) break;
    if (!piece_.empty()) {
      n_bytes += piece_.size();
      if (!is_http_10_) fmt::format_to(std::back_inserter(output_), "{:x}\r\n", piece_.size());
      output_ += piece_;
      if (!is_http_10_) output_ += "\r\n";
    }
    if (stream_state == ReplyStream::State::end) break;
    if (stream_state == ReplyStream::State::idle || output_.size() >= kFlushBytes) {
      is_good = co_await flush();
    }
    if (!is_good) break;
    if (stream_state == ReplyStream::State::idle) {
      if (state_.is_draining || is_gone()) break;
      co_await wait_for_news();
      is_good = !is_cut_off_ && !is_gone();
    } else if (!route_.slow) {
      co_await yield();
    }
  }
  auto drop = [&reply] { reply.stream.reset(); };
  if (route_.slow) {
    co_await on_pool(drop);
  } else {
    drop();
  }
  // A stream that failed has no end, so that the client does not take it for whole.
  if (is_good && !is_http_10_) output_ += "0\r\n\r\n";
  finish(reply.status, n_bytes, answered_at);
  if (!is_good) is_cut_off_ = true;
  if (state_.is_draining) co_return false;
  co_return is_good&& keeps_alive_;
}

// --- elsewhere
// ------------------------------------------------------------------------------------

// Runs `work` on a slow thread, and goes on here. `work` must not throw.
template <class Stream>
template <class Work>
Task<void> Connection<Stream>::on_pool(Work& work) {
  auto initiate = [this, &work](auto handler) {
    auto task = [this, &work, after = std::move(handler)]() mutable {
      work();
      asio::post(thread_.context, std::move(after));
    };
    state_.pool->submit(std::move(task));
  };
  const UseTask token;
  co_await asio::async_initiate<const UseTask, void()>(std::move(initiate), token);
}

template <class Stream>
Task<void> Connection<Stream>::yield() {
  const UseTask token;
  co_await asio::post(thread_.context, token);
}

template <class Stream>
Task<void> Connection<Stream>::wait_for_news() {
  idle_since = Clock::now();
  auto initiate = [this](auto handler) {
    resume_ = std::move(handler);
    thread_.idle_streams.push_back(*this);
  };
  const UseTask token;
  co_await asio::async_initiate<const UseTask, void()>(std::move(initiate), token);
}

// Counts the memory of a body; false where there is none left for it.
template <class Stream>
bool Connection<Stream>::count_body(std::size_t n_bytes) {
  const std::size_t counted = n_bytes > kFreeBodyBytes ? n_bytes : 0;
  const auto change =
      static_cast<std::int64_t>(counted) - static_cast<std::int64_t>(counted_body_bytes_);
  if (change == 0) return true;
  counted_body_bytes_ = counted;
  const std::int64_t held = state_.metrics.body_bytes.fetch_add(change) + change;
  return change < 0 || held <= static_cast<std::int64_t>(state_.options.body_memory_bytes);
}

// Whether the client has gone, of a stream that has nothing to write.
template <class Stream>
bool Connection<Stream>::is_gone() {
  pollfd client = {.fd = socket().native_handle(), .events = POLLRDHUP, .revents = 0};
  return poll(&client, 1, 0) > 0 && (client.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

template <class Stream>
Task<void> run_to_end(std::unique_ptr<Connection<Stream>> connection) {
  co_await connection->run();
}

template <class Stream>
void spawn(ServingThread& thread, Stream stream) {
  auto connection = std::make_unique<Connection<Stream>>(thread, std::move(stream));
  asio::co_spawn(thread.context, run_to_end(std::move(connection)), asio::detached);
}

}  // namespace

void serve_connection(ServingThread& thread, Socket socket,
                      const std::shared_ptr<asio::ssl::context>& tls) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.non_blocking(true, ignored);
  if (tls) {
    // OpenSSL keeps the context for as long as one of its connections lives.
    spawn(thread, TlsSocket(std::move(socket), *tls));
  } else {
    spawn(thread, std::move(socket));
  }
}

}  // namespace coseno::server
