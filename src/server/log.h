// Lines of what happens, as text or JSON, to standard error: one event a line.
//
//   2026-01-31T12:00:00.000Z info request id=9f... method=GET route=recommend status=200 ms=0.081
//   {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"request","id":"9f...",...}
//
// Who writes never waits for who reads: lines go through a bounded buffer to a thread of their own,
// and what does not fit is dropped, counted and told.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace coseno::server {

enum class LogFormat : std::uint8_t { text, json };
enum class LogLevel : std::uint8_t { error, warning, info };

using LogFields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Thread-safe.
class Log {
 public:
  // Of what may wait to be written, and again of what is being written; 20,000 lines of access.
  static constexpr std::size_t kMaxWaitingBytes = 4 << 20;

  // Keeps the descriptor open for the life of the log; it stays the caller's.
  Log(int descriptor, LogFormat format);
  // Writes what waits, for a second at most where nobody reads.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  LogFormat format() const { return format_; }
  // `event` is a few words; details go in the fields. Neither may hold a secret.
  void write(LogLevel level, std::string_view event, LogFields fields = {});
  // Whole lines that an AccessLog has made; all or none are taken.
  void append(std::string_view lines, std::size_t n_lines);

  std::uint64_t n_dropped() const;

 private:
  void serve();
  bool write_out(std::string_view text) const;

  const int descriptor_;
  const LogFormat format_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::string waiting_;
  std::uint64_t n_dropped_ = 0;
  std::uint64_t n_told_ = 0;
  bool is_closing_ = false;
  std::thread thread_;
};

struct AccessLine {
  std::string_view request_id;
  std::string_view method;
  std::string_view route;     // its name: a target would tell who somebody is
  std::string_view key = {};  // its name; empty: none was needed
  unsigned status = 0;
  double seconds = 0;
  std::size_t body_bytes = 0;  // of the answer
};

// Collects lines of one thread, so that the log is asked for once in many requests.
class AccessLog {
 public:
  // Where `is_on` is false nothing is ever written.
  AccessLog(Log& log, bool is_on) : log_(log), is_on_(is_on) {}

  void write(const AccessLine& line);
  void flush();

 private:
  Log& log_;
  const bool is_on_;
  std::string lines_;
  std::size_t n_lines_ = 0;
  std::int64_t second_ = -1;
  std::string second_text_;
};

// `text` between quotes, as JSON wants it; bytes that are not UTF-8 stay as they are.
void append_json_text(std::string& out, std::string_view text);

}  // namespace coseno::server
