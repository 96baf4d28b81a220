// What long work says while it runs, and how it is told to stop.
#pragma once

#include <cstdint>
#include <string_view>

namespace coseno {

// Passed down by reference to anything that may take over half a second. The base class shows
// nothing and is never cancelled; the program's progress bar derives from it.
// Long work calls both functions from the thread that was called with it.
class Progress {
 public:
  virtual ~Progress() = default;

  // `done` of `total` units of `stage` are done ("reading", "fitting biased_mf"). `total` 0 means
  // that the end is not known. `note` is a metric to show, such as "rmse 0.91", or empty.
  // Cheap: may be called thousands of times a second.
  virtual void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
                      std::string_view note) {
    static_cast<void>(stage), static_cast<void>(done), static_cast<void>(total),
        static_cast<void>(note);
  }

  // True as soon as somebody wants the work to end; it then returns ErrorCode::cancelled.
  // Thread-safe.
  virtual bool cancelled() const { return false; }
};

}  // namespace coseno
