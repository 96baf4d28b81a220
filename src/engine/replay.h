// Does freshness pay? Events in the order of time: for each, rank, look where it stands, then
// observe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "coseno/engine.h"
#include "data/interactions.h"

namespace coseno {

struct ReplayOptions {
  double warm_up = 0.5;        // share of the events that is only learnt from, in (0, 1)
  double retrain_every = 0.1;  // in events, a share of all; in (0, 1]
  std::size_t k = 10;
  std::size_t n_windows = 10;  // parts of the judged events, for figures over time
  TrainOptions training = {};
  EngineOptions engine = {};
};

struct ReplayMetrics {
  std::size_t n_judged = 0;
  double recall = 0;  // share of events whose item is among the first k
  double mrr = 0;     // mean of 1 / rank, whatever the rank
  double ndcg = 0;    // mean of 1 / log2(1 + rank) among the first k
};

struct ReplayResult {
  std::string name;
  ReplayMetrics all;
  std::vector<ReplayMetrics> windows;  // n_windows, by time
  // Seconds on one thread: to rank all items for one user; to take an event in, training apart; and
  // to train, each time.
  double rank_p50_s = 0;
  double rank_p99_s = 0;
  double observe_p50_s = 0;
  double observe_p99_s = 0;
  std::size_t n_trainings = 0;
  double training_s = 0;
};

// Prequential evaluation (Gama, Sebastiao and Rodrigues, KDD 2009) of
//
//   popularity   trending alone, live
//   frozen       what was known at the end of the warm-up: models, histories, counts
//   retrained    the same, learnt anew after every `retrain_every` of the events
//   live         models of the warm-up; histories and counts as they are at that moment
//   live, retrained   both
//
// Each ranks all items that the user has not had, as far as it knows; an event whose item the user
// had before is observed, not judged. An item that nobody had before is judged: it counts as
// missed. Of equal scores the item that came stands last. Events of equal time keep their order.
// Errors: invalid_argument (options; fewer than 100 events), those of training, cancelled.
Result<std::vector<ReplayResult>> replay(const Interactions& interactions,
                                         const ReplayOptions& options, ThreadPool& pool,
                                         Progress& progress);

}  // namespace coseno
