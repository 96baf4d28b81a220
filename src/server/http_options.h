// What the operator decides about the HTTP server. The names are those of the options of
// `coseno serve`; docs/server.md says what a client meets at each limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace coseno::server {

struct HttpOptions {
  std::string listen = "127.0.0.1:8088";  // IP:PORT, [IPV6]:PORT or localhost:PORT; port 0: any
  int n_threads = 0;                      // that serve connections; 0: one a core
  int n_slow_threads = 0;                 // for imports, exports and the like; 0: one a core

  std::string tls_cert;  // PEM files, both or none
  std::string tls_key;
  std::vector<std::string> cors_origins;  // "https://shop.example", or "*"; empty: no CORS

  std::size_t max_connections = 16'384;
  std::size_t max_header_bytes = 16 * 1024;
  std::uint64_t max_body_bytes = 8ULL << 20;
  std::uint64_t max_upload_bytes = 16ULL << 30;
  // Of all bodies that are held at one time; those under 16 KiB are not counted.
  std::uint64_t body_memory_bytes = 256ULL << 20;
  std::size_t max_in_flight = 256;  // slow requests that run or wait for a thread
  std::size_t max_streams = 4096;   // server-sent events and other answers without an end
  // Requests that wait longer than this for a thread are refused; 0: never.
  double max_wait_seconds = 0.5;

  double header_seconds = 10;  // from the first byte of a request to the end of its head
  double body_seconds = 60;    // for the body; of an upload, for each 1 MiB
  double answer_seconds = 60;  // for the client to take the answer; of a stream, each piece
  double idle_seconds = 75;    // between requests of a connection

  double rate = 0;   // requests a second and key; 0: no bound
  double burst = 0;  // that may come at once; 0: what comes in a second
};

}  // namespace coseno::server
