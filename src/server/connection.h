// One connection: requests in, answers out, in a coroutine on the connection's thread. Included by
// connection.cc alone, as the files that define its functions:
//
//   connection_bytes_inl.h     sockets: reading, writing, ending
//   connection_requests_inl.h  from a head to what is done about it
//   connection_uploads_inl.h   bodies that are handed on in pieces
//   connection_answers_inl.h   replies, refusals, streams
//
// Requests that a client has sent one after another (pipelining) are answered in one write. A
// deadline is a number that the thread looks at ten times a second: it costs a request nothing.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "server/http_parser.h"
#include "server/input_buffer.h"
#include "server/request_head.h"
#include "server/serving.h"

namespace coseno::server {

using TlsSocket = asio::ssl::stream<Socket>;

// Reading what fills this much is a line within a chunked body that is longer than any good one.
inline constexpr std::size_t kLargeInputBytes = 64 * 1024;
// Answers go out when so much is there.
inline constexpr std::size_t kFlushBytes = 64 * 1024;
// Bodies up to this are not counted: 10,000 connections hold 160 MB of them.
inline constexpr std::size_t kFreeBodyBytes = 16 * 1024;

// Stream is Socket or TlsSocket. All of it on its thread; it lives until run() has ended.
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
    boost::beast::error_code ignored;
    socket().cancel(ignored);
  }
  void cut_off() override {
    is_cut_off_ = true;
    boost::beast::error_code ignored;
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
  void begin_answer();
  Task<bool> answer();
  Task<bool> answer_whole();
  void begin_body();
  bool parse_body();
  bool refuse_long_line();
  Task<bool> fill_body(TimePoint until);
  Task<bool> read_body();
  Task<bool> answer_upload();
  Task<bool> receive_upload(Upload& upload);
  Task<bool> write_piece(Upload& upload, bool& wants_more);
  Task<bool> send_stream(Reply& reply);
  Task<bool> refuse(const Refusal& refusal);
  std::optional<Refusal> admit();
  boost::beast::error_code parse();

  // --- answers
  Request request() const;
  Reply handle(const Request& request);
  Reply metrics_reply() const;
  Reply preflight_reply() const;
  Reply refusal_reply(const Refusal& refusal) const;
  void begin_unknown();
  void refuse_unparsed(boost::beast::error_code error);
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
  InputBuffer input_;
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
  std::string caller_;       // the name of the key; the key itself may be revoked meanwhile
  std::string_view target_;  // path and query
  std::string_view method_;  // GET for HEAD
  enum class Kind : std::uint8_t { handled, metrics, preflight } kind_ = Kind::handled;
  bool is_head_request_ = false;
  bool keeps_alive_ = true;
  bool is_http_10_ = false;
  bool lingers_ = false;  // something of the client may be under way that nobody reads
};

}  // namespace coseno::server
