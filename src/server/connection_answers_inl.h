// Of a connection: replies, refusals and streams on their way out.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <iterator>

#include "server/connection.h"
#include "server/reply_head.h"

namespace coseno::server {

// The body of a refused request is read up to this, so that the connection can go on.
inline constexpr std::uint64_t kDroppedBodyBytes = 64 * 1024;

// Views of what is kept until the answer is made.
template <class Stream>
Request Connection<Stream>::request() const {
  return {.method = method_,
          .target = target_,
          .body = body_,
          .content_type = head_[RequestHead::content_type],
          .idempotency_key = head_[RequestHead::idempotency_key],
          .last_event_id = head_[RequestHead::last_event_id],
          .request_id = request_id_};
}

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

// An answer to what has no head that is understood.
template <class Stream>
void Connection<Stream>::begin_unknown() {
  route_ = {.name = "unknown"};
  thread_.write_request_id(request_id_);
  caller_.clear();
  is_head_request_ = false;
  is_http_10_ = false;
}

// The request cannot be understood, so neither can what follows it.
template <class Stream>
void Connection<Stream>::refuse_unparsed(boost::beast::error_code error) {
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
  if (!parser_->is_header_done()) begin_unknown();
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
  if (!parser_->is_header_done()) begin_unknown();
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
                            .key = caller_,
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

}  // namespace coseno::server
