// The line on a terminal that says how far long work is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace coseno::cli {

// When a line is to be drawn, and what it says; draws nothing itself and asks no clock.
//
//   fitting biased_mf [#########           ]  45%  3 s left  rmse 0.912
//
// Times are seconds since the work began.
class ProgressMeter {
 public:
  // The line to draw now, at most `width` columns, or nothing: too early, or too soon after the
  // last. `total` 0: the end is unknown, and the line says only how much is done.
  std::optional<std::string> update(std::string_view stage, std::uint64_t done, std::uint64_t total,
                                    std::string_view note, double now_s, std::size_t width);

 private:
  std::string stage_;
  double stage_start_s_ = 0;
  double next_line_s_ = 0.5;  // quick work shows nothing
};

// A ProgressMeter on standard error, where that is a terminal; and Ctrl-C for the work's
// cancelled().
class ProgressBar final : public Progress {
 public:
  ProgressBar();
  ~ProgressBar() override { clear(); }

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view note) override;
  bool cancelled() const override;

  // Takes the line away, so that other text can stand there.
  void clear();

 private:
  const bool on_terminal_;
  const std::chrono::steady_clock::time_point start_;
  ProgressMeter meter_;
  bool is_drawn_ = false;
};

}  // namespace coseno::cli
