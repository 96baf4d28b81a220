#include "server/connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <memory>
#include <utility>

#include "server/connection_answers_inl.h"
#include "server/connection_bytes_inl.h"
#include "server/connection_requests_inl.h"
#include "server/connection_uploads_inl.h"

namespace coseno::server {
namespace {

template <class Stream>
Task<void> run_to_end(std::unique_ptr<Connection<Stream>> connection) {
  co_await connection->run();
}

template <class Stream>
void spawn(ServingThread& thread, Stream stream) {
  auto connection = std::make_unique<Connection<Stream>>(thread, std::move(stream));
  asio::co_spawn(thread.context, run_to_end(std::move(connection)), asio::detached);
}

}  // namespace

void serve_connection(ServingThread& thread, Socket socket,
                      const std::shared_ptr<asio::ssl::context>& tls) {
  boost::beast::error_code ignored;
  static_cast<void>(socket.set_option(asio::ip::tcp::no_delay(true), ignored));
  static_cast<void>(socket.set_option(asio::socket_base::keep_alive(true), ignored));
  static_cast<void>(socket.non_blocking(true, ignored));
  if (tls) {
    // OpenSSL keeps the context for as long as one of its connections lives.
    spawn(thread, TlsSocket(std::move(socket), *tls));
  } else {
    spawn(thread, std::move(socket));
  }
}

}  // namespace coseno::server
