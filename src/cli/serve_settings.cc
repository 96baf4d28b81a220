#include "cli/serve_settings.h"

#include <cstdint>
#include <string_view>

namespace coseno::cli {
namespace {

constexpr std::uint64_t kMaxThreads = 1024;
constexpr std::uint64_t kMaxBytes = 1ULL << 50;
constexpr double kMaxSeconds = 86'400;

void declare_address(LayeredSettings& settings, server::HttpOptions& http) {
  settings.text("listen", http.listen, "IP:PORT",
                "Where to listen; elsewhere than on this machine only with an API key");
  settings.text("tls-cert", http.tls_cert, "FILE", "Certificate chain in PEM: serve HTTPS");
  settings.text("tls-key", http.tls_key, "FILE", "Its private key in PEM; SIGHUP reads both anew");
  settings.list("cors-origin", http.cors_origins, "ORIGIN",
                "Site whose pages may ask, or *; may be given more than once");
}

void declare_limits(LayeredSettings& settings, server::HttpOptions& http) {
  settings.whole("max-connections", http.max_connections, 1, 1'000'000,
                 "Open connections; more get 503");
  settings.whole("max-header-bytes", http.max_header_bytes, 256, 1 << 20,
                 "Of a request's head; more gets 431");
  settings.whole("max-body-bytes", http.max_body_bytes, 1, 1 << 30,
                 "Of a request's body; more gets 413");
  settings.whole("max-upload-bytes", http.max_upload_bytes, 1, kMaxBytes,
                 "Of an import; more gets 413");
  settings.whole("body-memory-bytes", http.body_memory_bytes, 1 << 20, kMaxBytes,
                 "Of all bodies at a time; more gets 503");
  settings.whole("max-in-flight", http.max_in_flight, 1, 1'000'000,
                 "Slow requests that run or wait; more get 503");
  settings.whole("max-streams", http.max_streams, 1, 1'000'000,
                 "Listeners to changes of lists; more get 503");
  settings.number("max-wait-seconds", http.max_wait_seconds, 0, kMaxSeconds,
                  "Requests that would wait longer for a thread get 503; 0: none do");
  settings.number("header-seconds", http.header_seconds, 0.01, kMaxSeconds,
                  "For a request's head to come; else 408");
  settings.number("body-seconds", http.body_seconds, 0.01, kMaxSeconds,
                  "For its body to come, of an import for each MiB; else 408");
  settings.number("answer-seconds", http.answer_seconds, 0.01, kMaxSeconds,
                  "For the client to take the answer; else the connection is closed");
  settings.number("idle-seconds", http.idle_seconds, 0.01, kMaxSeconds,
                  "Between requests; then the connection is closed");
  settings.number("rate", http.rate, 0, 1e9,
                  "Requests a second and key; more get 429; 0: no bound");
  settings.number("burst", http.burst, 0, 1e9,
                  "Requests of a key that may come at once; 0: those of a second");
}

void declare_requests(LayeredSettings& settings, server::ApiOptions& api) {
  settings.whole("max-k", api.max_k, 1, 1000, "Items of a list; more get 400");
  settings.whole("max-page", api.max_page, 1, 1000, "Entries of a page; more get 400");
  settings.whole("max-batch", api.max_batch, 1, 100'000,
                 "Events, items or users of a request; more get 413");
  settings.whole("max-json-depth", api.max_json_depth, 2, 1000,
                 "Of lists and objects within each other; more gets 400");
}

void declare_engine(LayeredSettings& settings, ServeSettings& values) {
  EngineOptions& engine = values.engine;
  settings.choice(
      "durability", {"interval", "none", "always"},
      [&values](std::string_view word) {
        values.engine.durability = word == "none"     ? Durability::none
                                   : word == "always" ? Durability::always
                                                      : Durability::interval;
        values.api.are_writes_slow = word == "always";
      },
      "What a power failure may take of acknowledged events: the last 100 ms, seconds, nothing");
  settings.whole("history-length", engine.history_length, 1, 10'000,
                 "Newest events of a user that are kept in memory");
  settings.number("trending-half-life-days", engine.trending_half_life_days, 0.001, 36'500,
                  "After which an event counts half in what is trending");
  settings.whole("training-threads", engine.n_threads, 0, kMaxThreads,
                 "Threads of a training; 0: one a core");
}

}  // namespace

void declare(LayeredSettings& settings, ServeSettings& values) {
  declare_address(settings, values.http);
  settings.whole("threads", values.http.n_threads, 0, kMaxThreads,
                 "Threads that serve connections; 0: one a core");
  settings.whole("slow-threads", values.http.n_slow_threads, 0, kMaxThreads,
                 "Threads for imports, exports and the like; 0: one a core");
  declare_limits(settings, values.http);
  declare_requests(settings, values.api);
  settings.choice(
      "log-format", {"text", "json"},
      [&values](std::string_view word) {
        values.log_format = word == "json" ? server::LogFormat::json : server::LogFormat::text;
      },
      "Of the lines on standard error");
  settings.on_off("access-log", values.logs_access, "A line a request, without user ids");
  settings.number("shutdown-seconds", values.shutdown_seconds, 0, kMaxSeconds,
                  "From SIGTERM to the end, at most");
  declare_engine(settings, values);
}

}  // namespace coseno::cli
