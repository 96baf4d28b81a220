#include "server/reply_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace coseno::server {
namespace {

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  const std::size_t begin = out.size();
  out += value;
  for (std::size_t i = begin; i < out.size(); ++i) {
    if (static_cast<unsigned char>(out[i]) < 0x20 || out[i] == '\x7f') out[i] = ' ';
  }
  out += "\r\n";
}

}  // namespace

void append_head(std::string& out, const Reply& reply, const ReplyHead& head) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", reply.status,
                 reason_of(reply.status));
  append_field(out, "Date", head.date);
  append_field(out, "X-Request-Id", head.request_id);
  if (!is_bodiless(reply.status)) {
    if (!reply.content_type.empty()) append_field(out, "Content-Type", reply.content_type);
    if (head.n_bytes) {
      fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *head.n_bytes);
    } else if (!head.is_http_10) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  for (const auto& [name, value] : reply.headers) append_field(out, name, value);
  if (!head.allowed_origin.empty()) {
    append_field(out, "Access-Control-Allow-Origin", head.allowed_origin);
    out += "Access-Control-Expose-Headers: X-Request-Id, Retry-After, Location\r\n";
  }
  if (head.varies_by_origin) out += "Vary: Origin\r\n";
  if (!head.keeps_alive) {
    out += "Connection: close\r\n";
  } else if (head.is_http_10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

std::string http_date(std::int64_t unix_s) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

}  // namespace coseno::server
