// Long work without the GIL, which tells how it goes and ends on Ctrl-C.
#pragma once

#include <nanobind/nanobind.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "errors.h"

namespace coseno::python {

// Of one call. Python is asked twenty times a second: often enough for who waits, too seldom to
// cost anything. What it raises, Ctrl-C included, stops the work, and is raised again when that has
// ended.
class Watch {
 public:
  // `callback(stage, share)`, or None; one that returns False stops the work.
  explicit Watch(nanobind::object callback) : callback_(std::move(callback)) {}

  // Options: TrainOptions, ProgressOptions or OfflineProgress. This must outlive their use.
  template <class Options>
  void watch(Options& options) {
    if (!callback_.is_none()) {
      options.progress = [this](std::string_view stage, double share) { report(stage, share); };
    }
    options.cancelled = [this] { return is_stopped(); };
  }

  // The value of work(), which is called without the GIL.
  template <class Work>
  auto run(const Work& work) {
    auto result = [&] {
      const nanobind::gil_scoped_release release;
      return work();
    }();
    if (raised_) {
      raised_->restore();
      throw nanobind::python_error();
    }
    return value_of(std::move(result));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPause{50};

  void report(std::string_view stage, double share);
  bool is_stopped();
  // True twenty times a second.
  bool is_due(Clock::time_point& last);

  nanobind::object callback_;
  std::optional<nanobind::python_error> raised_;
  std::string stage_;
  bool is_stopped_ = false;
  Clock::time_point reported_{};
  Clock::time_point asked_ = Clock::now();
};

}  // namespace coseno::python
