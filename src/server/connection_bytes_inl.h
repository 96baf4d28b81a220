// Of a connection: its socket, and what runs on another thread.
#pragma once

#include <poll.h>
#include <boost/asio/async_result.hpp>
#include <boost/asio/write.hpp>

#include "server/connection.h"

namespace coseno::server {

// Buffers that are larger are given back after use.
inline constexpr std::size_t kKeptBytes = 64 * 1024;
inline constexpr int kMaxLingering = 256;
inline constexpr double kLingerSeconds = 2;

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
    boost::beast::error_code error;
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
  boost::beast::error_code ignored;
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

}  // namespace coseno::server
