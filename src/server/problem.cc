#include "server/problem.h"

#include <algorithm>
#include <array>

#include "base/error_name.h"
#include "data/text_values.h"
#include "data/utf8.h"
#include "engine/answer_json.h"

namespace coseno::server {
namespace {

constexpr std::array kKinds = std::to_array<ProblemKind>({
    // of the interface
    {"invalid_argument", "Something in the request is wrong"},
    {"invalid_json", "The body is not the JSON that is expected"},
    {"unknown_field", "There is a field that nobody knows"},
    {"invalid_cursor", "The cursor is not one of this request"},
    {"invalid_path", "The path or the query cannot be read"},
    {"batch_too_long", "The batch is too long"},
    {"unsupported_media_type", "The body is of a kind that is not understood"},
    {"method_not_allowed", "This path does not know that method"},
    // of the engine
    {"not_found", "There is no such thing"},
    {"conflict", "The state of something forbids it"},
    {"unavailable", "Try again later"},
    {"corrupt", "What was stored is damaged"},
    {"io", "The disk refused"},
    {"cancelled", "It was stopped"},
    {"internal", "The server failed"},
    // of the transport
    {"malformed_request", "The request is not HTTP"},
    {"header_too_large", "The head is too large"},
    {"body_too_large", "The body is too large"},
    {"transfer_encoding", "The body comes in a way that is not understood"},
    {"expectation_failed", "The expectation is not understood"},
    {"too_slow", "The request came too slowly"},
    {"unauthorized", "A key is needed"},
    {"forbidden", "The key may not do this"},
    {"rate_limited", "Too many requests"},
    {"overloaded", "The server has too much to do"},
});

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return 422;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
    case ErrorCode::cancelled:
      return 409;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::corrupt:
    case ErrorCode::io:
    case ErrorCode::internal:
      break;
  }
  return 500;
}

// UTF-8, whatever a client sent that is repeated in it.
std::string readable(std::string text) {
  while (const auto at = find_invalid_utf8(text)) text[*at] = '?';
  return text;
}

}  // namespace

Problem::Problem(Error error)
    : Problem(status_of(error.code), name_of(error.code), std::move(error.message)) {
  if (status == 503) headers.emplace_back("Retry-After", "1");
}

Answer<void> check_id(std::string_view id, std::string_view what, const std::string& field) {
  if (is_valid_id(id)) return {};
  if (id.empty()) return bad_request(field, "{}", id_trouble(what, id));
  return unprocessable(field, "{}", id_trouble(what, id));
}

ProblemKind problem_kind(std::string_view code) {
  const auto* const kind = std::ranges::find(kKinds, code, &ProblemKind::code);
  return kind != kKinds.end() ? *kind : ProblemKind{code, "The request was refused"};
}

Reply problem_reply(const Problem& problem, std::string_view request_id) {
  const ProblemKind kind = problem_kind(problem.code);
  Reply reply;
  reply.status = problem.status;
  reply.content_type = "application/problem+json";
  reply.headers = problem.headers;
  std::string& out = reply.body;
  const auto member = [&out](std::string_view name, std::string_view text) {
    out += out.empty() ? "{\"" : ", \"";
    out += name;
    out += "\": ";
    append_json(text, out);
  };
  member("type", fmt::format("/docs#problem-{}", problem.code));
  member("title", kind.title);
  out += fmt::format(", \"status\": {}", problem.status);
  member("code", problem.code);
  member("detail", readable(problem.detail));
  if (!problem.field.empty()) member("field", readable(problem.field));
  member("request_id", request_id);
  out += "}\n";
  return reply;
}

}  // namespace coseno::server
