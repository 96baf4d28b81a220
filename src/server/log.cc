#include "server/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <iterator>

namespace coseno::server {
namespace {

using SystemClock = std::chrono::system_clock;

constexpr std::size_t kLogFlushBytes = 32 * 1024;
constexpr int kPatienceMs = 1000;

constexpr std::string_view kLevels[] = {"error", "warning", "info"};

std::string second_of(SystemClock::time_point now) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(SystemClock::to_time_t(now)));
}

int millisecond_of(SystemClock::time_point now) {
  const auto since = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  return static_cast<int>(since.count() % 1000);
}

// Bare where it is one plain word.
void append_text_value(std::string& out, std::string_view value) {
  const bool is_plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char letter) {
    return letter > ' ' && letter != '"' && letter != '=' && letter != '\x7f';
  });
  if (is_plain) {
    out += value;
  } else {
    append_json_text(out, value);
  }
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(letter));
    } else {
      out += letter;
    }
  }
  out += '"';
}

Log::Log(int descriptor, LogFormat format)
    : descriptor_(descriptor), format_(format), thread_([this] { serve(); }) {}

Log::~Log() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) {
  const SystemClock::time_point now = SystemClock::now();
  const std::string_view level_name = kLevels[static_cast<std::size_t>(level)];
  std::string line;
  if (format_ == LogFormat::json) {
    line = fmt::format(R"({{"time":"{}.{:03}Z","level":"{}","event":)", second_of(now),
                       millisecond_of(now), level_name);
    append_json_text(line, event);
    for (const auto& [name, value] : fields) {
      line += ',';
      append_json_text(line, name);
      line += ':';
      append_json_text(line, value);
    }
    line += "}\n";
  } else {
    line = fmt::format("{}.{:03}Z {} {}", second_of(now), millisecond_of(now), level_name, event);
    for (const auto& [name, value] : fields) {
      fmt::format_to(std::back_inserter(line), " {}=", name);
      append_text_value(line, value);
    }
    line += '\n';
  }
  append(line, 1);
}

void Log::append(std::string_view lines, std::size_t n_lines) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + lines.size() > kMaxWaitingBytes) {
      n_dropped_ += n_lines;
      return;
    }
    waiting_ += lines;
  }
  wake_.notify_one();
}

std::uint64_t Log::n_dropped() const {
  const std::lock_guard lock(mutex_);
  return n_dropped_;
}

void Log::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return is_closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::string lines = std::exchange(waiting_, {});
    const std::uint64_t n_lost = n_dropped_ - std::exchange(n_told_, n_dropped_);
    lock.unlock();
    if (!write_out(lines)) return;
    if (n_lost > 0) {
      const std::string n_text = fmt::format("{}", n_lost);
      write(LogLevel::warning, "log lines dropped", {{"lines", n_text}});
    }
    lock.lock();
  }
}

// False where nobody reads and the log is to end.
bool Log::write_out(std::string_view text) const {
  while (!text.empty()) {
    // A pipe that polls as ready takes at least PIPE_BUF bytes (4,096) without waiting.
    pollfd ready = {.fd = descriptor_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, kPatienceMs) == 0) {
      const std::lock_guard lock(mutex_);
      if (is_closing_) return false;
      continue;
    }
    const ssize_t n = ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), 4096));
    if (n < 0 && errno != EINTR && errno != EAGAIN) return true;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void AccessLog::write(const AccessLine& line) {
  if (!is_on_) return;
  const SystemClock::time_point now = SystemClock::now();
  if (const std::int64_t second = SystemClock::to_time_t(now); second != second_) {
    second_ = second;
    second_text_ = second_of(now);
  }
  const auto out = std::back_inserter(lines_);
  const double milliseconds = line.seconds * 1e3;
  if (log_.format() == LogFormat::json) {
    fmt::format_to(
        out,
        R"({{"time":"{}.{:03}Z","level":"info","event":"request","id":"{}","method":"{}",)"
        R"("route":"{}","status":{},"ms":{:.3f},"bytes":{})",
        second_text_, millisecond_of(now), line.request_id, line.method, line.route, line.status,
        milliseconds, line.body_bytes);
    if (!line.key.empty()) fmt::format_to(out, R"(,"key":"{}")", line.key);
    lines_ += "}\n";
  } else {
    fmt::format_to(out,
                   "{}.{:03}Z info request id={} method={} route={} status={} ms={:.3f} bytes={}",
                   second_text_, millisecond_of(now), line.request_id, line.method, line.route,
                   line.status, milliseconds, line.body_bytes);
    if (!line.key.empty()) fmt::format_to(out, " key={}", line.key);
    lines_ += '\n';
  }
  ++n_lines_;
  if (lines_.size() >= kLogFlushBytes) flush();
}

void AccessLog::flush() {
  if (n_lines_ == 0) return;
  log_.append(lines_, n_lines_);
  lines_.clear();
  n_lines_ = 0;
}

}  // namespace coseno::server
