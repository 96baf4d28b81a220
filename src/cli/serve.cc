// coseno serve: a data folder over HTTP.

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/output.h"
#include "cli/serve_settings.h"
#include "coseno/engine.h"
#include "server/api.h"
#include "server/http_server.h"

namespace coseno::cli {
namespace serve_command {
namespace {

using server::LogLevel;

constexpr const char* kExamples = R"(Examples:
  coseno serve data
  coseno serve data --listen 0.0.0.0:8088 --tls-cert chain.pem --tls-key key.pem
  coseno serve data --config coseno.toml --check
  COSENO_LOG_FORMAT=json coseno serve data

Each setting comes from its option, else from the environment (COSENO_MAX_BODY_BYTES for
--max-body-bytes), else from the TOML file of --config (max_body_bytes = 1000), else is what stands in
brackets. SIGTERM and Ctrl-C finish what runs and end with 0; SIGHUP reads the TLS files anew.)";

// Of the time for shutting down, what requests may have; the rest is for closing the folder.
constexpr double kShareOfRequests = 0.8;

struct Arguments {
  std::string folder;
  bool only_checks = false;
  ServeSettings values;
  LayeredSettings settings;
};

// SIGTERM, SIGINT and SIGHUP wait for next(), in every thread that is started after this.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    // Who closes a connection while we write to it is told by the write.
    std::signal(SIGPIPE, SIG_IGN);
  }
  int next() const {
    int number = 0;
    while (sigwait(&set_, &number) != 0) continue;
    return number;
  }
  // The next SIGTERM or SIGINT ends the process at once.
  void let_end() const {
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set_, nullptr);
  }

 private:
  sigset_t set_;
};

// Ends the process when its time is over, whatever still runs: what was acknowledged is in the log.
class Watchdog {
 public:
  Watchdog(double seconds, server::Log& log)
      : thread_([this, seconds, &log] {
          std::unique_lock lock(mutex_);
          const bool is_called_off = wake_.wait_for(lock, std::chrono::duration<double>(seconds),
                                                    [this] { return is_called_off_; });
          if (is_called_off) return;
          log.write(LogLevel::warning, "stopped before all was finished");
          // The log has a thread of its own; a moment is enough for one line.
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
          std::_Exit(0);
        }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      is_called_off_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_called_off_ = false;  // guarded by mutex_
  std::thread thread_;
};

std::string engine_metrics(const Engine& engine) {
  const EngineStats stats = engine.stats();
  std::string text;
  const auto gauge = [&text](std::string_view name, std::string_view help, auto value) {
    text += server::metric_line(name, "gauge", help, static_cast<double>(value));
  };
  gauge("coseno_log_position", "Of the last event in the log", stats.position);
  gauge("coseno_events", "Events in the log", stats.n_events);
  gauge("coseno_users", "Users known", stats.n_users);
  gauge("coseno_items", "Items known", stats.n_items);
  gauge("coseno_kept_events", "Events of histories in memory", stats.n_kept_events);
  gauge("coseno_users_bytes", "Memory of histories", stats.users_bytes);
  gauge("coseno_items_bytes", "Memory of items and counts", stats.items_bytes);
  gauge("coseno_model_bytes", "Memory of the models in service", stats.model_bytes);
  gauge("coseno_snapshot", "Number of the snapshot in service; 0: none", stats.snapshot);
  gauge("coseno_snapshot_trouble", "1: the newest snapshot could not be taken into service",
        stats.snapshot_trouble.empty() ? 0 : 1);
  return text;
}

Outcome<void> check_access(const Arguments& arguments, const server::KeyRing& keys) {
  const std::string& listen = arguments.values.http.listen;
  COSENO_ASSIGN(is_local, asked(server::is_loopback(listen)));
  if (is_local || !keys.current()->keys().empty()) return {};
  return failed(
      "will not listen on {} without an API key, since everybody who reaches it could do "
      "everything: "
      "make one with 'coseno key create {} --scope admin --name NAME', or listen on 127.0.0.1",
      listen, arguments.folder);
}

// What is wrong with the folder can be told without opening it.
Outcome<void> check_folder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_directory(folder, error)) {
    return failed("{}: is no folder", folder);
  }
  return {};
}

// Until a signal ends it.
void wait_for_end(const Signals& signals, bool has_tls, server::HttpServer& http,
                  server::Log& log) {
  for (;;) {
    const int number = signals.next();
    if (number != SIGHUP) {
      log.write(LogLevel::info, "stopping", {{"signal", number == SIGINT ? "SIGINT" : "SIGTERM"}});
      return;
    }
    if (!has_tls) {
      log.write(LogLevel::info, "no TLS files to read anew");
    } else if (const Result<void> reloaded = http.reload_tls(); reloaded) {
      log.write(LogLevel::info, "TLS files read anew");
    } else {
      log.write(LogLevel::error, "TLS files not taken", {{"what", reloaded.error().message}});
    }
  }
}

Outcome<void> serve(const Arguments& arguments, server::KeyRing& keys) {
  const ServeSettings& values = arguments.values;
  const Signals signals;
  server::Log log(STDERR_FILENO, values.log_format);
  COSENO_ASSIGN(opened, Engine::open(arguments.folder, values.engine));
  auto engine = std::make_unique<Engine>(std::move(opened));
  const std::string trouble = engine->stats().snapshot_trouble;
  if (!trouble.empty()) log.write(LogLevel::error, "snapshot not in service", {{"what", trouble}});
  std::unique_ptr<server::Handler> handler = server::make_api(*engine, values.api);
  server::ServerMetrics metrics(server::n_serving_threads(values.http));
  metrics.add_source([&engine] { return engine_metrics(*engine); });
  metrics.add_source([&log] {
    return server::metric_line("coseno_log_lines_dropped_total", "counter",
                               "Lines for which the log had no room",
                               static_cast<double>(log.n_dropped()));
  });
  COSENO_ASSIGN(http,
                asked(server::HttpServer::start(values.http, {.handler = *handler,
                                                              .keys = keys,
                                                              .metrics = metrics,
                                                              .log = log,
                                                              .logs_access = values.logs_access})));
  const bool has_tls = !values.http.tls_cert.empty();
  log.write(LogLevel::info, "listening",
            {{"address", http->address()},
             {"scheme", has_tls ? "https" : "http"},
             {"keys", keys.is_open() ? "none needed" : "needed"}});
  if (const auto is_local = server::is_loopback(values.http.listen); !has_tls && !*is_local) {
    log.write(LogLevel::warning, "without TLS, keys can be read on the way");
  }
  wait_for_end(signals, has_tls, *http, log);

  signals.let_end();
  const Watchdog watchdog(values.shutdown_seconds, log);
  if (!http->shut_down(values.shutdown_seconds * kShareOfRequests)) {
    log.write(LogLevel::warning, "requests were cut off");
  }
  http.reset();
  handler.reset();
  engine.reset();
  log.write(LogLevel::info, "stopped");
  return {};
}

Outcome<void> run(Arguments& arguments) {
  COSENO_TRY(arguments.settings.resolve());
  COSENO_TRY(check_folder(arguments.folder));
  COSENO_TRY(asked(server::check_tls(arguments.values.http)));
  COSENO_ASSIGN(keys, server::KeyRing::open(arguments.folder));
  COSENO_TRY(check_access(arguments, *keys));
  if (arguments.only_checks) return write_text("-", "the settings are good\n");
  return serve(arguments, *keys);
}

}  // namespace
}  // namespace serve_command

Command add_serve(CommandLine& program) {
  using namespace serve_command;
  CommandLine app = program.add_subcommand("serve", "Serves a data folder over HTTP");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->folder);
  app.add_flag("--check", arguments->only_checks, "Check the settings and end");
  declare(arguments->settings, arguments->values);
  arguments->settings.add_to(app);
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
