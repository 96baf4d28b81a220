// The HTTP/1.1 server: sockets, time and limits. What a request means is the handler's.
//
//   connections --accept--> the thread with the fewest --Handler--> reply
//                             |  slow routes, uploads, exports
//                             +--> pool of slow threads --> back to the connection's thread
//
// Each connection lives on one thread, whose event loop no other shares: so connections wait for
// each other nowhere but in the handler. Quick routes are answered on that thread.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "server/http_options.h"
#include "server/keys.h"
#include "server/log.h"
#include "server/message.h"
#include "server/metrics.h"

namespace coseno::server {

// The number of threads that `options` come to, for ServerMetrics.
std::size_t n_serving_threads(const HttpOptions& options);

// Whether connections come from this machine alone. Errors: invalid_argument where `listen` is no
// address.
Result<bool> is_loopback(const std::string& listen);

// Whether the TLS files can be used. Errors: invalid_argument, io.
Result<void> check_tls(const HttpOptions& options);

struct ServerParts {
  Handler& handler;
  KeyRing& keys;
  ServerMetrics& metrics;  // of n_serving_threads(options)
  Log& log;
  bool logs_access = true;
};

// Thread-safe.
class HttpServer {
 public:
  // Serves when it returns. Keeps the parts, which must outlive it. Raises the process' soft limit
  // of open files to the hard one. Errors: io (the address is taken), invalid_argument (options).
  static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options,
                                                   const ServerParts& parts);
  // shut_down(0), where it has not run.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Where it listens, with the port that was given for 0: "127.0.0.1:8088".
  const std::string& address() const;

  // Takes up the TLS files as they are now; connections that are there keep theirs. Errors: as
  // check_tls(), and then the old certificate stays.
  Result<void> reload_tls();

  // Takes no more connections, closes those that wait, lets requests that run be answered, and ends
  // streams that wait. After `seconds` the others are cut off. False where something was, or a slow
  // request still runs.
  bool shut_down(double seconds);

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace coseno::server
