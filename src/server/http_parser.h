// One request of HTTP/1.1, byte by byte: Beast's parser with our own idea of what to keep, and what
// else to refuse.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "server/request_head.h"

namespace coseno::server {

// Fed by take() until is_header_done(); then, with eager(true), until is_done(). Beast accepts what
// somebody in front of us may understand otherwise; where the two could disagree about where a
// request ends, it is refused: that is how requests are smuggled.
class HttpParser final : public boost::beast::http::basic_parser<true> {
 public:
  // Keeps both, which must outlive it. `max_header_bytes` counts the request line and all fields.
  HttpParser(RequestHead& head, std::string& body, std::size_t max_header_bytes)
      : head_(head), body_(body), max_header_bytes_(max_header_bytes) {
    header_limit(static_cast<std::uint32_t>(max_header_bytes));
    body_limit(boost::none);
    head_.clear();
  }

  // Bodies that are longer end with error::body_limit; the rest of a body is counted from here.
  void limit_body(std::uint64_t max_bytes) { max_body_bytes_ = max_bytes; }
  // The body is read and dropped.
  void drop_body() { is_dropping_ = true; }

  // As put(). Of a chunked body that has begun no fewer than 5 bytes are parsed: the last chunk has
  // as many, and Boost 1.81 asserts that they come together.
  std::size_t take(std::string_view text, boost::beast::error_code& error) {
    constexpr std::size_t kLastChunk = 5;
    if (is_header_done() && chunked() && text.size() < kLastChunk) {
      error = boost::beast::http::error::need_more;
      return 0;
    }
    return put(boost::asio::buffer(text), error);
  }

  bool is_http_11() const { return is_http_11_; }
  std::uint64_t n_body_bytes() const { return n_body_bytes_; }
  // The status that says what is wrong, of an error that put() gave.
  unsigned status_of(const boost::beast::error_code& error) const {
    namespace http = boost::beast::http;
    if (own_status_ != 0) return own_status_;
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    if (error == http::error::bad_version) return 505;
    return 400;
  }

 private:
  using ErrorCode = boost::beast::error_code;
  using StringView = boost::beast::string_view;

  static std::string_view view(StringView text) { return {text.data(), text.size()}; }

  void refuse(unsigned status, ErrorCode& error) {
    own_status_ = status;
    error = boost::beast::http::error::bad_value;
  }

  void on_request_impl(boost::beast::http::verb /*verb*/, StringView method, StringView target,
                       int version, ErrorCode& /*error*/) override {
    n_header_bytes_ += method.size() + target.size();
    is_http_11_ = version == 11;
    head_.set(RequestHead::method, view(method));
    head_.set(RequestHead::target, view(target));
  }

  void on_field_impl(boost::beast::http::field name, StringView name_text, StringView value,
                     ErrorCode& error) override {
    using boost::beast::http::field;
    // 4 bytes: ": " and the end of the line.
    n_header_bytes_ += name_text.size() + value.size() + 4;
    if (n_header_bytes_ > max_header_bytes_) {
      error = boost::beast::http::error::header_limit;
      return;
    }
    // Fields after a chunked body are none of the head.
    if (is_header_done()) return;
    switch (name) {
      case field::host:
        if (!head_.set(RequestHead::host, view(value))) refuse(400, error);
        break;
      case field::transfer_encoding:
        if (n_transfer_encodings_++ > 0 || !boost::beast::iequals(value, "chunked")) {
          refuse(501, error);
        }
        break;
      case field::content_type:
        head_.set(RequestHead::content_type, view(value));
        break;
      case field::authorization:
        head_.set(RequestHead::authorization, view(value));
        break;
      case field::origin:
        head_.set(RequestHead::origin, view(value));
        break;
      case field::expect:
        head_.set(RequestHead::expect, view(value));
        break;
      case field::access_control_request_method:
        head_.set(RequestHead::preflight_method, view(value));
        break;
      case field::unknown:
        keep_unknown(name_text, value);
        break;
      default:
        break;
    }
  }

  // Those that Beast has no number for.
  void keep_unknown(StringView name, StringView value) {
    using boost::beast::iequals;
    if (iequals(name, "x-request-id")) {
      head_.set(RequestHead::request_id, view(value));
    } else if (iequals(name, "x-api-key")) {
      head_.set(RequestHead::api_key, view(value));
    } else if (iequals(name, "idempotency-key")) {
      head_.set(RequestHead::idempotency_key, view(value));
    } else if (iequals(name, "last-event-id")) {
      head_.set(RequestHead::last_event_id, view(value));
    }
  }

  void on_header_impl(ErrorCode& error) override {
    if (is_http_11_ && !head_.has(RequestHead::host)) refuse(400, error);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         ErrorCode& /*error*/) override {}

  std::size_t on_body_impl(StringView piece, ErrorCode& error) override {
    n_body_bytes_ += piece.size();
    if (n_body_bytes_ > max_body_bytes_) {
      error = boost::beast::http::error::body_limit;
      return 0;
    }
    if (!is_dropping_) body_ += view(piece);
    return piece.size();
  }

  void on_chunk_header_impl(std::uint64_t /*size*/, StringView /*extensions*/,
                            ErrorCode& /*error*/) override {}

  std::size_t on_chunk_body_impl(std::uint64_t /*rest*/, StringView piece,
                                 ErrorCode& error) override {
    return on_body_impl(piece, error);
  }

  void on_response_impl(int /*status*/, StringView /*reason*/, int /*version*/,
                        ErrorCode& /*error*/) override {}
  void on_finish_impl(ErrorCode& /*error*/) override {}

  RequestHead& head_;
  std::string& body_;
  const std::size_t max_header_bytes_;
  std::size_t n_header_bytes_ = 0;
  std::uint64_t max_body_bytes_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t n_body_bytes_ = 0;
  int n_transfer_encodings_ = 0;
  unsigned own_status_ = 0;
  bool is_http_11_ = false;
  bool is_dropping_ = false;
};

}  // namespace coseno::server
