#include "server/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace coseno::server {
namespace {

constexpr std::string_view kRefusalNames[] = {"malformed", "header_size", "body_size", "timeout",
                                              "key",       "scope",       "origin",    "rate",
                                              "overload",  "connections"};
static_assert(std::size(kRefusalNames) == kRefusalKinds);
static_assert(static_cast<std::size_t>(RefusalKind::connections) + 1 == kRefusalKinds);

void append_head(std::string& text, std::string_view name, std::string_view type,
                 std::string_view help) {
  fmt::format_to(std::back_inserter(text), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

void ThreadMetrics::count_request(std::string_view route, unsigned status, double seconds) {
  const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
  const std::lock_guard lock(mutex_);
  auto found = routes_.find(route);
  if (found == routes_.end()) found = routes_.emplace(route, RouteCounts()).first;
  RouteCounts& counts = found->second;
  ++counts.by_status[status];
  ++counts.buckets[static_cast<std::size_t>(bound - kBounds.begin())];
  counts.seconds += seconds;
}

void ThreadMetrics::count_refusal(RefusalKind kind) {
  const std::lock_guard lock(mutex_);
  ++refusals_[static_cast<std::size_t>(kind)];
}

ServerMetrics::ServerMetrics(std::size_t n_threads) {
  for (std::size_t i = 0; i < n_threads; ++i) threads_.push_back(std::make_unique<ThreadMetrics>());
}

std::string ServerMetrics::text() const {
  ThreadMetrics::Routes routes;
  ThreadMetrics::Refusals refusals = {};
  for (const auto& thread : threads_) {
    const std::lock_guard lock(thread->mutex_);
    for (const auto& [name, counts] : thread->routes_) {
      ThreadMetrics::RouteCounts& sum = routes[name];
      for (const auto& [status, n] : counts.by_status) sum.by_status[status] += n;
      for (std::size_t i = 0; i < sum.buckets.size(); ++i) sum.buckets[i] += counts.buckets[i];
      sum.seconds += counts.seconds;
    }
    for (std::size_t i = 0; i < refusals.size(); ++i) refusals[i] += thread->refusals_[i];
  }

  std::string text;
  const auto out = std::back_inserter(text);
  append_head(text, "coseno_requests_total", "counter", "Requests answered");
  for (const auto& [name, counts] : routes) {
    for (const auto& [status, n] : counts.by_status) {
      fmt::format_to(out, "coseno_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", name, status,
                     n);
    }
  }
  append_head(text, "coseno_request_seconds", "histogram",
              "From the end of a request's head to its answer");
  for (const auto& [name, counts] : routes) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < ThreadMetrics::kBounds.size(); ++i) {
      sum += counts.buckets[i];
      fmt::format_to(out, "coseno_request_seconds_bucket{{route=\"{}\",le=\"{}\"}} {}\n", name,
                     ThreadMetrics::kBounds[i], sum);
    }
    sum += counts.buckets.back();
    fmt::format_to(out, "coseno_request_seconds_bucket{{route=\"{}\",le=\"+Inf\"}} {}\n", name,
                   sum);
    fmt::format_to(out, "coseno_request_seconds_sum{{route=\"{}\"}} {}\n", name, counts.seconds);
    fmt::format_to(out, "coseno_request_seconds_count{{route=\"{}\"}} {}\n", name, sum);
  }
  append_head(text, "coseno_refusals_total", "counter", "Requests and connections turned away");
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    fmt::format_to(out, "coseno_refusals_total{{reason=\"{}\"}} {}\n", kRefusalNames[i],
                   refusals[i]);
  }
  const auto gauge = [&text](std::string_view name, std::string_view help,
                             const std::atomic<std::int64_t>& value) {
    text += metric_line(name, "gauge", help, static_cast<double>(value.load()));
  };
  gauge("coseno_connections", "Open connections", n_connections);
  gauge("coseno_requests_in_flight", "Slow requests that run or wait for a thread", n_in_flight);
  gauge("coseno_streams", "Answers that are being streamed", n_streams);
  gauge("coseno_body_bytes", "Held of request bodies of 16 KiB and more", body_bytes);
  for (const auto& source : sources_) text += source();
  return text;
}

std::string metric_line(std::string_view name, std::string_view type, std::string_view help,
                        double value) {
  std::string text;
  append_head(text, name, type, help);
  fmt::format_to(std::back_inserter(text), "{} {}\n", name, value);
  return text;
}

}  // namespace coseno::server
