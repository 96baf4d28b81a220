// What every command that computes works with.
#pragma once

#include "base/thread_pool.h"
#include "cli/progress_bar.h"

namespace coseno::cli {

struct Session {
  // 0: one thread a core.
  explicit Session(int n_threads) : pool(n_threads) {}

  ThreadPool pool;
  ProgressBar progress;
};

}  // namespace coseno::cli
