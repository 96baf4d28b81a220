#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/interrupt.h"

namespace coseno::cli {
namespace {

// Ten lines a second look like motion, and cost nothing.
constexpr double kLineIntervalS = 0.1;
constexpr std::size_t kBarColumns = 20;

std::string bar(double share) {
  const auto n_full = static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
  return fmt::format("[{}{}]", std::string(n_full, '#'), std::string(kBarColumns - n_full, ' '));
}

std::string duration(double seconds) {
  const auto s = static_cast<std::uint64_t>(std::ceil(seconds));
  if (s < 100) return fmt::format("{} s", s);
  if (s < 100 * 60) return fmt::format("{} min", (s + 59) / 60);
  return fmt::format("{} h", (s + 3599) / 3600);
}

std::string state(std::uint64_t done, std::uint64_t total) {
  if (total == 0) return fmt::format("{}", done);
  const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  return fmt::format("{} {:3.0f}%", bar(share), std::floor(100 * share));
}

// As long again for each unit as the units of this stage have taken so far.
std::string time_left(std::uint64_t done, std::uint64_t total, double elapsed_s) {
  if (done == 0 || done >= total) return "";
  const double left = static_cast<double>(total - done) / static_cast<double>(done);
  return fmt::format("  {} left", duration(elapsed_s * left));
}

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

}  // namespace

std::optional<std::string> ProgressMeter::update(std::string_view stage, std::uint64_t done,
                                                 std::uint64_t total, std::string_view note,
                                                 double now_s, std::size_t width) {
  if (stage != stage_) {
    stage_ = stage;
    stage_start_s_ = now_s;
  }
  if (now_s < next_line_s_) return std::nullopt;
  next_line_s_ = now_s + kLineIntervalS;
  std::string line = fmt::format("{} {}", stage, state(done, total));
  line += time_left(done, total, now_s - stage_start_s_);
  if (!note.empty()) line += fmt::format("  {}", note);
  line.resize(std::min(line.size(), width));
  return line;
}

ProgressBar::ProgressBar()
    : on_terminal_(isatty(STDERR_FILENO) == 1), start_(std::chrono::steady_clock::now()) {}

void ProgressBar::report(std::string_view stage, std::uint64_t done, std::uint64_t total,
                         std::string_view note) {
  if (!on_terminal_) return;
  const std::chrono::duration<double> since_start = std::chrono::steady_clock::now() - start_;
  // The last column stays free: some terminals break the line there.
  const std::optional<std::string> line =
      meter_.update(stage, done, total, note, since_start.count(), terminal_width() - 1);
  if (!line) return;
  std::fputs(fmt::format("\r\033[K{}", *line).c_str(), stderr);
  std::fflush(stderr);
  is_drawn_ = true;
}

bool ProgressBar::cancelled() const { return interrupted(); }

void ProgressBar::clear() {
  if (!is_drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  is_drawn_ = false;
}

}  // namespace coseno::cli
