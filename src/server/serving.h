// What the files of the server that speak Asio share; nobody else includes it.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/rng.h"
#include "server/admission.h"
#include "server/http_server.h"
#include "server/worker_pool.h"

namespace coseno::server {

namespace asio = boost::asio;

// The executor is named: the type that hides any costs time at each operation.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
using UseTask = asio::use_awaitable_t<Executor>;
inline constexpr asio::as_tuple_t<UseTask> kUseTask = {};

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

inline std::int64_t nanoseconds(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}
inline Clock::duration seconds_of(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// Of the whole server.
struct ServerState {
  ServerState(const HttpOptions& given_options, const ServerParts& parts)
      : options(given_options),
        handler(parts.handler),
        keys(parts.keys),
        metrics(parts.metrics),
        log(parts.log),
        logs_access(parts.logs_access),
        admission({given_options.cors_origins, given_options.rate, given_options.burst}) {}

  const HttpOptions options;
  Handler& handler;
  KeyRing& keys;
  ServerMetrics& metrics;
  Log& log;
  const bool logs_access;
  const Admission admission;
  std::unique_ptr<WorkerPool> pool;
  std::atomic<bool> is_draining = false;
  std::atomic<std::uint64_t> n_writes = 0;  // requests that may have changed something
  std::atomic<std::size_t> n_connections = 0;
};

// A connection as its thread sees it. All of it on that thread.
class ConnectionBase : public boost::intrusive::list_base_hook<> {
 public:
  virtual ~ConnectionBase() = default;
  // Ends what waits for the client; the connection finds out why by itself.
  virtual void cancel() = 0;
  virtual void cut_off() = 0;
  // Goes on where an idle stream waits for something new; returns whether one did.
  virtual void wake_stream() = 0;

  TimePoint deadline = TimePoint::max();
  bool is_timed_out = false;
  bool is_waiting = false;  // for a request of which nothing has come
  // Of an idle stream.
  boost::intrusive::list_member_hook<> idle_hook;
  TimePoint idle_since;
  std::uint64_t n_writes_seen = 0;
};

using Connections = boost::intrusive::list<ConnectionBase>;
using IdleStreams = boost::intrusive::list<
    ConnectionBase,
    boost::intrusive::member_hook<ConnectionBase, boost::intrusive::list_member_hook<>,
                                  &ConnectionBase::idle_hook>>;

// A thread with its event loop. Everything below runs on it, unless it says otherwise.
class ServingThread {
 public:
  ServingThread(ServerState& state, std::size_t number);
  ServingThread(const ServingThread&) = delete;
  ServingThread& operator=(const ServingThread&) = delete;

  ServerState& state;
  const std::size_t number;
  asio::io_context context{1};
  asio::executor_work_guard<Executor> work{context.get_executor()};
  std::atomic<std::size_t> n_connections = 0;  // any thread may read it
  ThreadMetrics& metrics;
  AccessLog access_log;
  Connections connections;
  IdleStreams idle_streams;  // who has waited longest comes first
  int n_lingering = 0;       // connections that are told why they end, with a bound
  // Of one ReplyStream::next(), averaged, so that streams leave time to others.
  double stream_seconds = 0;

  // How long the request that is served at `now` has waited for its turn, at least. A byte that the
  // thread sends to itself takes its turn among the connections that are ready: who is served while
  // it is under way was ready before it.
  Clock::duration wait_at(TimePoint now);
  void end_probe() { is_probing_ = false; }
  int probe_descriptor = -1;  // where the byte goes in

  const KeySet& keys();
  // 16 hexadecimal digits, in place of what `id` holds.
  void write_request_id(std::string& id);
  // "Sun, 06 Nov 1994 08:49:37 GMT" of now.
  const std::string& date();

 private:
  bool is_probing_ = false;
  TimePoint probed_;
  std::shared_ptr<const KeySet> keys_;
  std::uint64_t keys_version_ = ~0ULL;
  Rng ids_;
  std::int64_t date_s_ = 0;
  std::string date_;
};

// Serves the connection to its end, when it takes itself out of both counts of connections. On the
// thread. `tls` is null for plain HTTP.
void serve_connection(ServingThread& thread, Socket socket,
                      const std::shared_ptr<asio::ssl::context>& tls);

}  // namespace coseno::server
