// Of a connection: bodies that are handed on piece by piece.
#pragma once

#include <exception>
#include <memory>

#include "server/connection.h"
#include "server/connection_requests_inl.h"
#include "server/slot.h"

namespace coseno::server {

inline constexpr std::size_t kUploadPieceBytes = 256 * 1024;
// For each of which body_seconds count anew: a client that sends less a minute is too slow.
inline constexpr std::uint64_t kUploadStepBytes = 1 << 20;

template <class Stream>
Task<bool> Connection<Stream>::answer_upload() {
  std::optional<Slot> slot = Slot::take(state_.metrics.n_in_flight, state_.options.max_in_flight);
  if (!slot) {
    const Refusal refusal = overload("too many slow requests are under way");
    co_return co_await refuse(refusal);
  }
  const Request request = this->request();
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
  auto finish_it = [&upload, &reply, &trouble, is_received] {
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
  begin_body();
  TimePoint step_deadline = Clock::now() + seconds_of(state_.options.body_seconds);
  std::uint64_t step_end = kUploadStepBytes;
  bool wants_more = true;
  while (wants_more && !parser_->is_done()) {
    if (!input_.empty()) {
      if (!parse_body()) co_return false;
      if (body_.size() >= kUploadPieceBytes || (parser_->is_done() && !body_.empty())) {
        if (!co_await write_piece(upload, wants_more)) co_return false;
      }
      if (!wants_more || parser_->is_done()) break;
      if (parser_->n_body_bytes() >= step_end) {
        step_deadline = Clock::now() + seconds_of(state_.options.body_seconds);
        step_end = parser_->n_body_bytes() + kUploadStepBytes;
      }
      if (refuse_long_line()) co_return false;
    }
    if (!co_await fill_body(step_deadline)) co_return false;
  }
  deadline = TimePoint::max();
  co_return true;
}

}  // namespace coseno::server
