// Progress that goes to two functions of the caller's options.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>

#include "base/progress.h"

namespace coseno {

// Tells the caller how it goes, and hears whether it is to stop. Options: TrainOptions, or any
// other with functions `progress` and `cancelled`, either of which may be empty. Both are called
// from the thread that made this object, whichever asks: what they reach may belong to that thread,
// as the interpreter of a binding does. Others hear what it was told last.
template <class Options>
class CallerProgress final : public Progress {
 public:
  // Keeps a reference to `options`.
  explicit CallerProgress(const Options& options) : options_(options) {}

  void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
              std::string_view /*note*/) override {
    if (!options_.progress) return;
    options_.progress(stage,
                      total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0);
  }

  bool cancelled() const override {
    if (std::this_thread::get_id() == caller_ && options_.cancelled && options_.cancelled()) {
      is_cancelled_ = true;
    }
    return is_cancelled_;
  }

 private:
  const Options& options_;
  const std::thread::id caller_ = std::this_thread::get_id();
  mutable std::atomic<bool> is_cancelled_ = false;
};

}  // namespace coseno
