// Of a connection: requests, from the first byte of a head to the end of a body.
#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "server/connection.h"
#include "server/slot.h"

namespace coseno::server {

// What an idle connection keeps; enough for the requests of most.
inline constexpr std::size_t kSmallInputBytes = 2 * 1024;
// Of pipelined requests that are answered in one write.
inline constexpr int kMaxBatch = 64;
inline constexpr std::size_t kMaxRequestIdBytes = 128;

inline bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdBytes &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' ||
                  letter == '-';
         });
}

inline Refusal overload(std::string_view detail) {
  return {RefusalKind::overload, 503, "overloaded", std::string(detail), 1};
}

// Path and query of "http://host/path?query", which a proxy may send.
inline std::string_view path_and_query(std::string_view target) {
  if (target.starts_with('/') || target == "*") return target;
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::size_t path = target.find('/', scheme + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

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
boost::beast::error_code Connection<Stream>::parse() {
  boost::beast::error_code error;
  const std::size_t n = parser_->take(input_.text(), error);
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
      const boost::beast::error_code error = parse();
      if (error && error != boost::beast::http::error::need_more) {
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
  const Key* key = nullptr;
  std::optional<Refusal> refusal = state_.admission.check(
      head_, route_.scope, thread_.keys(), state_.keys.is_open(), nanoseconds(started_), &key);
  if (key != nullptr) caller_ = key->name;
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
  if (max_wait > 0 && route_.scope != Scope::none &&
      thread_.wait_at(started_) > seconds_of(max_wait)) {
    return overload("more requests come than can be answered in time");
  }
  return std::nullopt;
}

// What is known of a request by its head.
template <class Stream>
void Connection<Stream>::begin_answer() {
  started_ = Clock::now();
  caller_.clear();
  is_http_10_ = !parser_->is_http_11();
  keeps_alive_ = parser_->keep_alive() && !state_.is_draining.load(std::memory_order_relaxed);
  const std::string_view sent_id = head_[RequestHead::request_id];
  if (is_request_id(sent_id)) {
    request_id_ = sent_id;
  } else {
    thread_.write_request_id(request_id_);
  }
  target_ = path_and_query(head_[RequestHead::target]);
  method_ = head_[RequestHead::method];
  is_head_request_ = method_ == "HEAD";
  if (is_head_request_) method_ = "GET";
  if (method_ == "OPTIONS" && head_.has(RequestHead::preflight_method) &&
      state_.admission.has_cors()) {
    kind_ = Kind::preflight;
    route_ = {.name = "preflight", .scope = Scope::none};
  } else if (method_ == "GET" && target_.substr(0, target_.find('?')) == "/metrics") {
    kind_ = Kind::metrics;
    route_ = {.name = "metrics", .scope = Scope::read};
  } else {
    kind_ = Kind::handled;
    route_ = state_.handler.route(method_, target_);
  }
}

// Answers the request whose head is there; false where the connection ends with it.
template <class Stream>
Task<bool> Connection<Stream>::answer() {
  begin_answer();
  if (const std::optional<Refusal> refusal = admit()) co_return co_await refuse(*refusal);
  if (route_.upload) co_return co_await answer_upload();
  if (!parser_->is_done()) {
    if (!co_await read_body()) co_return false;
  }
  if (kind_ == Kind::metrics) {
    Reply reply = metrics_reply();
    co_return append(reply);
  }
  if (kind_ == Kind::preflight) {
    Reply reply = preflight_reply();
    co_return append(reply);
  }
  co_return co_await answer_whole();
}

// Answers the request whose body is there.
template <class Stream>
Task<bool> Connection<Stream>::answer_whole() {
  const Request request = this->request();
  std::optional<Slot> slot;
  Reply reply;
  if (route_.slow) {
    slot = Slot::take(state_.metrics.n_in_flight, state_.options.max_in_flight);
    if (!slot) {
      const Refusal refusal = overload("too many slow requests are under way");
      co_return co_await refuse(refusal);
    }
    auto work = [this, &reply, &request] { reply = handle(request); };
    co_await on_pool(work);
  } else {
    reply = handle(request);
  }
  if (method_ != "GET" && route_.scope != Scope::read && route_.scope != Scope::none) {
    state_.n_writes.fetch_add(1, std::memory_order_relaxed);
  }
  if (!reply.stream || is_head_request_) co_return append(reply);
  // From here on it is one of the streams: a client that takes its time is in no slow request's
  // way.
  slot = Slot::take(state_.metrics.n_streams, state_.options.max_streams);
  if (!slot) {
    const Refusal refusal = overload("too many streams are open");
    co_return co_await refuse(refusal);
  }
  co_return co_await send_stream(reply);
}

template <class Stream>
void Connection<Stream>::begin_body() {
  parser_->eager(true);
  if (!head_[RequestHead::expect].empty() && input_.empty()) {
    output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
}

// False where it is no body, and then the client has been told.
template <class Stream>
bool Connection<Stream>::parse_body() {
  const boost::beast::error_code error = parse();
  if (!error || error == boost::beast::http::error::need_more) return true;
  refuse_unparsed(error);
  return false;
}

// A line within a chunked body that is longer than any good one.
template <class Stream>
bool Connection<Stream>::refuse_long_line() {
  if (input_.size() < kLargeInputBytes) return false;
  refuse_unparsed(boost::beast::http::error::bad_chunk);
  return true;
}

// More of the body; false where none comes, and then the client has been told.
template <class Stream>
Task<bool> Connection<Stream>::fill_body(TimePoint until) {
  if (!flush_now() && !co_await flush()) co_return false;
  deadline = until;
  const bool has_more = co_await fill(kLargeInputBytes);
  if (!has_more && is_timed_out) refuse_late("body");
  co_return has_more;
}

// The whole body; false where it does not come, and then the client has been told.
template <class Stream>
Task<bool> Connection<Stream>::read_body() {
  begin_body();
  const TimePoint body_deadline = Clock::now() + seconds_of(state_.options.body_seconds);
  for (;;) {
    if (!input_.empty()) {
      if (!parse_body()) co_return false;
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
      if (refuse_long_line()) co_return false;
    }
    if (!co_await fill_body(body_deadline)) co_return false;
  }
  deadline = TimePoint::max();
  co_return true;
}

}  // namespace coseno::server
