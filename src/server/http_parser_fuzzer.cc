// Bytes as requests of HTTP/1.1: a request is the same whether its bytes come at once or one by
// one, and no part of it is larger than its limit.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "server/http_parser.h"

namespace {

using coseno::server::HttpParser;
using coseno::server::RequestHead;

constexpr std::size_t kMaxHeaderBytes = 2048;
constexpr std::size_t kMaxBodyBytes = 4096;

struct Parsed {
  unsigned status = 0;  // of what is wrong; 0: nothing so far
  bool is_header_done = false;
  bool is_done = false;
  std::string body;
  RequestHead head;
};

// As a connection does: what is not consumed is kept, and put again with what comes after it.
Parsed parsed(std::string_view bytes, std::size_t step) {
  Parsed result;
  HttpParser parser(result.head, result.body, kMaxHeaderBytes);
  std::string input;
  while (!bytes.empty() && result.status == 0 && !parser.is_done()) {
    input += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    for (bool wants_more = false; !input.empty() && !wants_more && !parser.is_done();) {
      boost::beast::error_code error;
      const std::size_t n = parser.take(input, error);
      COSENO_CHECK(n <= input.size());
      input.erase(0, n);
      if (error && error != boost::beast::http::error::need_more) {
        result.status = parser.status_of(error);
        COSENO_CHECK(result.status >= 400 && result.status < 600);
        break;
      }
      if (parser.is_header_done() && !result.is_header_done) {
        result.is_header_done = true;
        parser.limit_body(kMaxBodyBytes);
        parser.eager(true);
      }
      wants_more = error == boost::beast::http::error::need_more || n == 0;
    }
  }
  result.is_done = result.status == 0 && parser.is_done();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Parsed at_once = parsed(bytes, bytes.size() + 1);
  const Parsed by_bytes = parsed(bytes, 1);
  COSENO_CHECK(at_once.body.size() <= kMaxBodyBytes);
  COSENO_CHECK(at_once.is_done == by_bytes.is_done);
  if (!at_once.is_done) return 0;  // which fault is seen first is a matter of how much has come
  COSENO_CHECK(at_once.body == by_bytes.body);
  for (std::size_t f = 0; f < RequestHead::kFields; ++f) {
    const auto field = static_cast<RequestHead::Field>(f);
    COSENO_CHECK(at_once.head[field] == by_bytes.head[field]);
    COSENO_CHECK(at_once.head[field].size() <= kMaxHeaderBytes);
  }
  return 0;
}
