#include "server/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <charconv>
#include <exception>
#include <iterator>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "server/reply_head.h"
#include "server/serving.h"

namespace coseno::server {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using LocalSocket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

constexpr int kBacklog = 4096;
// How often deadlines, keys and logs are looked after; and idle streams, while there are any.
constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kStreamTick = std::chrono::milliseconds(20);
// An idle stream is asked after each write, and at least so often.
constexpr auto kStreamPatience = std::chrono::seconds(1);
// Of a thread's time, what idle streams may take.
constexpr double kStreamShare = 0.25;
// How long requests wait is looked at so often, where there are any.
constexpr auto kProbeEvery = std::chrono::milliseconds(10);
constexpr auto kKeysEvery = std::chrono::milliseconds(300);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
// Open files beside connections: RocksDB's, snapshots, imports.
constexpr rlim_t kOtherFiles = 1024;
constexpr auto kCutOffPatience = std::chrono::milliseconds(100);
constexpr auto kDrainPause = std::chrono::milliseconds(5);
// Connections too many that are told so at one time, and for how long; the others are closed.
constexpr int kMaxTurnedAway = 256;
constexpr auto kTurnAwayPause = std::chrono::milliseconds(20);
constexpr int kTurnAwayPauses = 50;

Result<tcp::endpoint> parse_listen(const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  const auto wrong = [&listen] {
    return invalid_argument("listen must be IP:PORT, [IPV6]:PORT or localhost:PORT, not '{}'",
                            listen);
  };
  if (colon == std::string::npos) return wrong();
  std::string host = listen.substr(0, colon);
  const std::string port_text = listen.substr(colon + 1);
  unsigned port = 0;
  const auto [rest, trouble] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (trouble != std::errc() || rest != port_text.data() + port_text.size() || port > 65535) {
    return wrong();
  }
  if (host == "localhost") host = "127.0.0.1";
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error || address.is_v6() != is_bracketed) return wrong();
  return tcp::endpoint(address, static_cast<std::uint16_t>(port));
}

std::string address_text(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

// Null where the options have no TLS.
Result<std::shared_ptr<asio::ssl::context>> load_tls(const HttpOptions& options) {
  std::shared_ptr<asio::ssl::context> tls;
  if (options.tls_cert.empty() && options.tls_key.empty()) return tls;
  if (options.tls_cert.empty() || options.tls_key.empty()) {
    return invalid_argument("tls-cert and tls-key are given together or not at all");
  }
  error_code error;
  tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                   asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1);
  SSL_CTX_set_options(tls->native_handle(), SSL_OP_NO_RENEGOTIATION);
  // A key with a passphrase would ask for it on the terminal.
  const auto no_passphrase = [](std::size_t, asio::ssl::context::password_purpose) { return ""; };
  static_cast<void>(tls->set_password_callback(no_passphrase, error));
  static_cast<void>(tls->use_certificate_chain_file(options.tls_cert, error));
  if (error) {
    return invalid_argument("{}: no certificate chain in PEM: {}", options.tls_cert,
                            error.message());
  }
  static_cast<void>(tls->use_private_key_file(options.tls_key, asio::ssl::context::pem, error));
  if (error) {
    return invalid_argument("{}: no private key in PEM of that certificate: {}", options.tls_key,
                            error.message());
  }
  return tls;
}

// Room for so many connections; returns how many there is room for.
std::size_t raise_file_limit(std::size_t n_connections) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return n_connections;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(setrlimit(RLIMIT_NOFILE, &limit));
    static_cast<void>(getrlimit(RLIMIT_NOFILE, &limit));
  }
  if (limit.rlim_cur == RLIM_INFINITY) return n_connections;
  const rlim_t others = std::min(kOtherFiles, limit.rlim_cur / 2);
  return std::min<std::size_t>(n_connections, limit.rlim_cur - others);
}

std::size_t n_cores() { return std::max(1U, std::thread::hardware_concurrency()); }

// What one handler could not do is no reason to leave the others.
void run_loop(ServingThread& thread) {
  for (;;) {
    try {
      thread.context.run();
      return;
    } catch (const std::exception& error) {
      thread.state.log.write(LogLevel::error, "connection failed", {{"what", error.what()}});
    }
  }
}

// What a thread does beside serving: deadlines, idle streams, logs.
class Caretaker {
 public:
  explicit Caretaker(ServingThread& thread)
      : thread_(thread),
        timer_(thread.context),
        probe_in_(thread.context),
        probe_out_(thread.context) {}

  Result<void> start() {
    error_code error;
    static_cast<void>(asio::local::connect_pair(probe_in_, probe_out_, error));
    if (error) return make_error(ErrorCode::io, "no pair of sockets: {}", error.message());
    thread_.probe_descriptor = probe_out_.native_handle();
    asio::co_spawn(thread_.context, run(), asio::detached);
    asio::co_spawn(thread_.context, answer_probes(), asio::detached);
    return {};
  }

  // On the thread.
  void stop() {
    is_stopping_ = true;
    timer_.cancel();
    error_code ignored;
    static_cast<void>(probe_in_.close(ignored));
  }

 private:
  Task<void> run() {
    TimePoint next_sweep = Clock::now();
    TimePoint next_keys = Clock::now();
    while (!is_stopping_) {
      const TimePoint now = Clock::now();
      wake_streams(now);
      if (now >= next_sweep) {
        next_sweep = now + kTick;
        end_what_is_late(now);
        thread_.access_log.flush();
      }
      if (thread_.number == 0 && now >= next_keys) {
        next_keys = now + kKeysEvery;
        refresh_keys();
      }
      if (thread_.idle_streams.empty()) {
        timer_.expires_after(kTick);
      } else {
        timer_.expires_after(kStreamTick);
      }
      co_await timer_.async_wait(kUseTask);
    }
    thread_.access_log.flush();
  }

  void end_what_is_late(TimePoint now) {
    for (ConnectionBase& connection : thread_.connections) {
      if (connection.deadline > now) continue;
      connection.deadline = TimePoint::max();
      connection.is_timed_out = true;
      connection.cancel();
    }
  }

  Task<void> answer_probes() {
    char byte = 0;
    for (;;) {
      const asio::mutable_buffer room = asio::buffer(&byte, 1);
      const auto [error, n] = co_await probe_in_.async_read_some(room, kUseTask);
      if (error) co_return;
      thread_.end_probe();
    }
  }

  void wake_streams(TimePoint now) {
    if (thread_.idle_streams.empty()) return;
    const std::uint64_t n_writes = thread_.state.n_writes.load(std::memory_order_relaxed);
    const double tick_seconds = std::chrono::duration<double>(kStreamTick).count();
    const double affordable = kStreamShare * tick_seconds / std::max(thread_.stream_seconds, 1e-7);
    const auto most = static_cast<std::size_t>(std::max(1.0, affordable));
    for (std::size_t i = 0; i < most && !thread_.idle_streams.empty(); ++i) {
      ConnectionBase& first = thread_.idle_streams.front();
      // Those behind it have looked later, so they have less to find.
      if (first.n_writes_seen == n_writes && now - first.idle_since < kStreamPatience) return;
      first.wake_stream();
    }
  }

  void refresh_keys() {
    const Result<bool> changed = thread_.state.keys.refresh();
    if (!changed) {
      thread_.state.log.write(LogLevel::error, "keys not read",
                              {{"what", changed.error().message}});
    } else if (*changed) {
      const std::string n_keys = fmt::format("{}", thread_.state.keys.current()->keys().size());
      thread_.state.log.write(LogLevel::info, "keys changed", {{"keys", n_keys}});
    }
  }

  ServingThread& thread_;
  Timer timer_;
  LocalSocket probe_in_;
  LocalSocket probe_out_;
  bool is_stopping_ = false;
};

}  // namespace

ServingThread::ServingThread(ServerState& server_state, std::size_t thread_number)
    : state(server_state),
      number(thread_number),
      metrics(server_state.metrics.thread(thread_number)),
      access_log(server_state.log, server_state.logs_access),
      ids_((static_cast<std::uint64_t>(std::random_device()()) << 32) | std::random_device()(),
           thread_number) {}

Clock::duration ServingThread::wait_at(TimePoint now) {
  if (is_probing_) return now - probed_;
  if (now - probed_ < kProbeEvery) return {};
  const char byte = 0;
  is_probing_ = send(probe_descriptor, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
  probed_ = now;
  return {};
}

const KeySet& ServingThread::keys() {
  if (const std::uint64_t version = state.keys.version(); version != keys_version_) {
    keys_version_ = version;
    keys_ = state.keys.current();
  }
  return *keys_;
}

void ServingThread::write_request_id(std::string& id) {
  id.clear();
  fmt::format_to(std::back_inserter(id), "{:016x}", ids_());
}

const std::string& ServingThread::date() {
  const std::int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
  if (now_s != date_s_) {
    date_s_ = now_s;
    date_ = http_date(now_s);
  }
  return date_;
}

class HttpServer::Impl {
 public:
  Impl(const HttpOptions& options, const ServerParts& parts)
      : state_(options, parts), max_connections_(raise_file_limit(options.max_connections)) {}
  // What shutting down cannot do ends the process, as destroying running threads would.
  ~Impl() { shut_down(0); }  // NOLINT(bugprone-exception-escape)
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start();
  const std::string& address() const { return address_; }
  Result<void> reload_tls();
  bool shut_down(double seconds);

 private:
  Result<void> listen();
  Task<void> accept();
  void take(ServingThread& thread, Socket socket);
  Task<void> turn_away(Socket socket);
  ServingThread& least_busy();
  template <class Work>
  void on_each_thread(Work work);
  bool wait_for_connections(TimePoint deadline);

  ServerState state_;
  const std::size_t max_connections_;
  std::string address_;
  std::mutex tls_mutex_;
  std::shared_ptr<asio::ssl::context> tls_;  // guarded by tls_mutex_
  std::vector<std::unique_ptr<ServingThread>> serving_;
  std::vector<std::unique_ptr<Caretaker>> caretakers_;
  std::unique_ptr<Acceptor> acceptor_;
  int n_turned_away_ = 0;  // of thread 0
  std::vector<std::thread> threads_;
  std::mutex shut_down_mutex_;
  bool is_shut_down_ = false;
  bool was_clean_ = true;
};

Result<void> HttpServer::Impl::start() {
  COSENO_ASSIGN(tls, load_tls(state_.options));
  tls_ = tls;
  const std::size_t n_threads = n_serving_threads(state_.options);
  for (std::size_t i = 0; i < n_threads; ++i) {
    serving_.push_back(std::make_unique<ServingThread>(state_, i));
    caretakers_.push_back(std::make_unique<Caretaker>(*serving_.back()));
  }
  COSENO_TRY(listen());
  for (const auto& caretaker : caretakers_) COSENO_TRY(caretaker->start());
  const int n_slow = state_.options.n_slow_threads;
  state_.pool =
      std::make_unique<WorkerPool>(n_slow > 0 ? static_cast<std::size_t>(n_slow) : n_cores());
  if (max_connections_ < state_.options.max_connections) {
    const std::string most = fmt::format("{}", max_connections_);
    state_.log.write(LogLevel::warning, "the limit of open files bounds connections",
                     {{"connections", most}});
  }
  asio::co_spawn(serving_[0]->context, accept(), asio::detached);
  for (const auto& serving : serving_) {
    threads_.emplace_back([&thread = *serving] { run_loop(thread); });
  }
  return {};
}

Result<void> HttpServer::Impl::listen() {
  COSENO_ASSIGN(endpoint, parse_listen(state_.options.listen));
  acceptor_ = std::make_unique<Acceptor>(serving_[0]->context);
  error_code error;
  static_cast<void>(acceptor_->open(endpoint.protocol(), error));
  if (!error)
    static_cast<void>(acceptor_->set_option(asio::socket_base::reuse_address(true), error));
  if (!error) static_cast<void>(acceptor_->bind(endpoint, error));
  if (!error) static_cast<void>(acceptor_->listen(kBacklog, error));
  if (error) {
    return make_error(ErrorCode::io, "cannot listen on {}: {}", state_.options.listen,
                      error.message());
  }
  address_ = address_text(acceptor_->local_endpoint(error));
  return {};
}

Task<void> HttpServer::Impl::accept() {
  Timer pause(serving_[0]->context);
  for (;;) {
    ServingThread& thread = least_busy();
    auto [error, socket] = co_await acceptor_->async_accept(thread.context, kUseTask);
    if (error == asio::error::operation_aborted || !acceptor_->is_open()) co_return;
    if (error) {
      // No file left for it, most likely; others close meanwhile.
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kUseTask);
      continue;
    }
    take(thread, std::move(socket));
  }
}

ServingThread& HttpServer::Impl::least_busy() {
  const auto least = std::min_element(serving_.begin(), serving_.end(), [](auto& a, auto& b) {
    return a->n_connections.load() < b->n_connections.load();
  });
  return **least;
}

void HttpServer::Impl::take(ServingThread& thread, Socket socket) {
  if (state_.n_connections.load() >= max_connections_) {
    thread.metrics.count_refusal(RefusalKind::connections);
    // A client of TLS could not read what it would be told.
    if (!state_.options.tls_cert.empty() || n_turned_away_ >= kMaxTurnedAway) return;
    asio::co_spawn(serving_[0]->context, turn_away(std::move(socket)), asio::detached);
    return;
  }
  ++state_.n_connections;
  ++thread.n_connections;
  std::shared_ptr<asio::ssl::context> tls;
  {
    const std::lock_guard lock(tls_mutex_);
    tls = tls_;
  }
  asio::post(thread.context, [&thread, moved = std::move(socket), tls = std::move(tls)]() mutable {
    serve_connection(thread, std::move(moved), tls);
  });
}

// One too many: it is told so at once. What it sends is taken for a moment, since closing with
// unread bytes would reset what it was told.
Task<void> HttpServer::Impl::turn_away(Socket socket) {
  ++n_turned_away_;
  ServingThread& thread = *serving_[0];
  std::string id;
  thread.write_request_id(id);
  Reply reply = state_.handler.problem(503, "too_many_connections",
                                       "the server has as many connections as it may", id);
  reply.headers.emplace_back("Retry-After", "1");
  std::string text;
  append_head(text, reply,
              {.request_id = id,
               .date = thread.date(),
               .keeps_alive = false,
               .n_bytes = reply.body.size()});
  text += reply.body;
  error_code error;
  static_cast<void>(socket.non_blocking(true, error));
  socket.write_some(asio::buffer(text), error);
  static_cast<void>(socket.shutdown(asio::socket_base::shutdown_send, error));
  Timer pause(thread.context);
  char taken[4096];
  for (int i = 0; i < kTurnAwayPauses && !state_.is_draining; ++i) {
    const std::size_t n = socket.read_some(asio::buffer(taken), error);
    if (error == asio::error::would_block) {
      pause.expires_after(kTurnAwayPause);
      co_await pause.async_wait(kUseTask);
    } else if (error || n == 0) {
      break;
    }
  }
  --n_turned_away_;
}

Result<void> HttpServer::Impl::reload_tls() {
  COSENO_ASSIGN(tls, load_tls(state_.options));
  const std::lock_guard lock(tls_mutex_);
  tls_ = tls;
  return {};
}

template <class Work>
void HttpServer::Impl::on_each_thread(Work work) {
  for (std::size_t i = 0; i < serving_.size(); ++i) {
    asio::post(serving_[i]->context, [work, i] { work(i); });
  }
}

// True when none is left; one may be on its way to its thread.
bool HttpServer::Impl::wait_for_connections(TimePoint deadline) {
  while (state_.n_connections.load() != 0) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kDrainPause);
  }
  return true;
}

bool HttpServer::Impl::shut_down(double seconds) {
  const std::lock_guard lock(shut_down_mutex_);
  if (std::exchange(is_shut_down_, true)) return was_clean_;
  state_.is_draining = true;
  const TimePoint deadline = Clock::now() + seconds_of(seconds);
  on_each_thread([this](std::size_t i) {
    if (i == 0) {
      error_code ignored;
      static_cast<void>(acceptor_->close(ignored));
    }
    for (ConnectionBase& connection : serving_[i]->connections) {
      if (connection.is_waiting) connection.cancel();
      connection.wake_stream();
    }
  });
  was_clean_ = wait_for_connections(deadline);
  // A slow request cannot be cut off: this ends with the last of them.
  for (bool is_empty = was_clean_; !is_empty;) {
    on_each_thread([this](std::size_t i) {
      for (ConnectionBase& connection : serving_[i]->connections) connection.cut_off();
    });
    is_empty = wait_for_connections(Clock::now() + kCutOffPatience);
  }
  state_.pool.reset();
  on_each_thread([this](std::size_t i) {
    caretakers_[i]->stop();
    serving_[i]->work.reset();
  });
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return was_clean_;
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options,
                                                      const ServerParts& parts) {
  auto impl = std::make_unique<Impl>(options, parts);
  COSENO_TRY(impl->start());
  return std::unique_ptr<HttpServer>(
      new HttpServer(std::move(impl)));  // NOLINT(cppcoreguidelines-owning-memory)
}

const std::string& HttpServer::address() const { return impl_->address(); }
Result<void> HttpServer::reload_tls() { return impl_->reload_tls(); }
bool HttpServer::shut_down(double seconds) { return impl_->shut_down(seconds); }

std::size_t n_serving_threads(const HttpOptions& options) {
  return options.n_threads > 0 ? static_cast<std::size_t>(options.n_threads) : n_cores();
}

Result<bool> is_loopback(const std::string& listen) {
  COSENO_ASSIGN(endpoint, parse_listen(listen));
  return endpoint.address().is_loopback();
}

Result<void> check_tls(const HttpOptions& options) {
  COSENO_TRY(load_tls(options));
  return {};
}

}  // namespace coseno::server
