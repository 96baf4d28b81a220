#include "base/interrupt.h"

#include <atomic>
#include <csignal>

namespace coseno {
namespace {

// The only kind of atomic that a signal handler may touch.
std::atomic<bool> was_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

void note_interrupt(int /*signal*/) { was_interrupted.store(true, std::memory_order_relaxed); }

}  // namespace

void handle_signals() {
  struct sigaction action = {};
  action.sa_handler = note_interrupt;
  // No SA_RESTART: a read that waits for a terminal or a pipe must come back. SA_RESETHAND: the
  // second signal finds the default, which ends the process.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
}

bool interrupted() { return was_interrupted.load(std::memory_order_relaxed); }

}  // namespace coseno
