// What the server counts, as Prometheus reads it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coseno::server {

// Why a request or a connection was turned away.
enum class RefusalKind : std::uint8_t {
  malformed,    // not HTTP/1.1
  header_size,  // 431
  body_size,    // 413
  timeout,      // 408, or closed
  key,          // 401
  scope,        // 403
  origin,       // 403: another site's page
  rate,         // 429
  overload,     // 503: waited too long, too many slow requests, no memory for the body
  connections,  // 503: too many of them
};
inline constexpr std::size_t kRefusalKinds = 10;

// Counters of one thread that serves connections. Its lock is taken by that thread, and by whoever
// reads the metrics: connections never wait for each other.
class ThreadMetrics {
 public:
  void count_request(std::string_view route, unsigned status, double seconds);
  void count_refusal(RefusalKind kind);

  // Upper bounds of the histogram's buckets; the last is without one.
  static constexpr std::array<double, 13> kBounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

 private:
  friend class ServerMetrics;
  struct RouteCounts {
    std::map<unsigned, std::uint64_t> by_status;
    std::array<std::uint64_t, kBounds.size() + 1> buckets = {};
    double seconds = 0;
  };
  using Routes = std::map<std::string, RouteCounts, std::less<>>;
  using Refusals = std::array<std::uint64_t, kRefusalKinds>;

  mutable std::mutex mutex_;
  Routes routes_;
  Refusals refusals_ = {};
};

// Thread-safe, but for add_source().
class ServerMetrics {
 public:
  explicit ServerMetrics(std::size_t n_threads);

  ThreadMetrics& thread(std::size_t number) { return *threads_[number]; }
  // More lines in the same format, asked for at each text(): of the engine, of the log. Before the
  // server starts.
  void add_source(std::function<std::string()> source) { sources_.push_back(std::move(source)); }

  // Cost: proportional to the number of routes; a few hundred microseconds.
  std::string text() const;

  // What is there at the moment.
  std::atomic<std::int64_t> n_connections = 0;
  std::atomic<std::int64_t> n_in_flight = 0;  // slow requests that run or wait
  std::atomic<std::int64_t> n_streams = 0;
  std::atomic<std::int64_t> body_bytes = 0;  // held of request bodies

 private:
  std::vector<std::unique_ptr<ThreadMetrics>> threads_;
  std::vector<std::function<std::string()>> sources_;
};

// "# HELP", "# TYPE" and one value; for sources.
std::string metric_line(std::string_view name, std::string_view type, std::string_view help,
                        double value);

}  // namespace coseno::server
