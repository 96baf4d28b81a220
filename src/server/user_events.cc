#include "server/user_events.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/answer_json.h"
#include "server/cursor.h"
#include "server/page.h"

namespace coseno::server {
namespace {

constexpr std::size_t kPositionBytes = 8;

// What is left for later pages: all before a time, and the oldest few of that very time. Events
// that come meanwhile are newer than those, also of equal time.
struct Rest {
  std::int64_t time_ms = 0;
  std::uint64_t n_of_that_time = 0;
};

Answer<std::optional<Rest>> rest_of(std::string_view user, std::string_view cursor) {
  if (cursor.empty()) return std::nullopt;
  COSENO_ASSIGN(bytes, read_cursor(CursorKind::events, cursor));
  if (bytes.size() != 3 * kPositionBytes) return invalid_cursor("is none of this server's");
  const std::string_view view = bytes;
  if (number_of(view.substr(0, kPositionBytes)) != hash_of(user)) {
    return invalid_cursor("is of a request for another list");
  }
  return Rest{static_cast<std::int64_t>(number_of(view.substr(kPositionBytes, kPositionBytes))),
              number_of(view.substr(2 * kPositionBytes))};
}

std::string cursor_of(std::string_view user, const Rest& rest) {
  std::string bytes;
  append_number(hash_of(user), kPositionBytes, bytes);
  append_number(static_cast<std::uint64_t>(rest.time_ms), kPositionBytes, bytes);
  append_number(rest.n_of_that_time, kPositionBytes, bytes);
  return make_cursor(CursorKind::events, bytes);
}

// Takes what earlier pages had off the end of a history, oldest first.
void drop_shown(const Rest& rest, std::vector<PastEvent>& history) {
  const auto first = std::ranges::lower_bound(history, rest.time_ms, {}, &PastEvent::time_ms);
  const auto last = std::ranges::upper_bound(history, rest.time_ms, {}, &PastEvent::time_ms);
  const auto n =
      std::min<std::uint64_t>(rest.n_of_that_time, static_cast<std::uint64_t>(last - first));
  history.erase(first + static_cast<std::ptrdiff_t>(n), history.end());
}

// "2026-02-28T23:59:59.250Z"
std::string rfc3339(std::int64_t time_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(time_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace

void append_event(std::string_view item, std::string_view type, float value, std::int64_t time_ms,
                  std::string& out) {
  out += "\"item\": ";
  append_json(item, out);
  out += ", \"type\": ";
  append_json(type, out);
  out += ", \"value\": ";
  append_json(value, out);
  out += ", \"time\": \"";
  out += rfc3339(time_ms);
  out += '"';
}

Answer<Reply> list_user_events(const Engine& engine, const ApiOptions& options, const Call& call) {
  COSENO_ASSIGN(user, call.id("user"));
  COSENO_ASSIGN(query, call.query());
  COSENO_ASSIGN(page, PageRequest::of(query, options));
  COSENO_TRY(query.end());
  COSENO_ASSIGN(rest, rest_of(user, page.cursor));
  const std::uint64_t position = engine.position();
  std::vector<PastEvent> history = engine.history(user);
  if (history.empty()) {
    COSENO_ASSIGN(known, engine.user(user));
    if (!known) {
      return std::unexpected(
          Problem(404, "not_found", fmt::format("there is no user '{}'", user), "user"));
    }
  }
  if (rest) drop_shown(*rest, history);
  std::string body = "{\"events\": [";
  std::size_t n_left = history.size();
  for (std::string_view comma; n_left > 0 && history.size() - n_left < page.limit; --n_left) {
    const PastEvent& event = history[n_left - 1];
    body += comma;
    body += '{';
    append_event(event.item, event.type, event.value, event.time_ms, body);
    body += '}';
    comma = ", ";
  }
  body += "], \"position\": ";
  append_json(position, body);
  if (n_left > 0) {
    Rest next{.time_ms = history[n_left - 1].time_ms};
    for (std::size_t n = n_left; n > 0 && history[n - 1].time_ms == next.time_ms; --n) {
      ++next.n_of_that_time;
    }
    append_next(cursor_of(user, next), body);
  }
  return json_reply(std::move(body) + "}");
}

}  // namespace coseno::server
