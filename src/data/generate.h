// A synthetic data set with the traits of a real one, for tests, benchmarks and the demo.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/progress.h"
#include "data/catalog.h"
#include "data/interactions.h"

namespace coseno {

struct GenerateOptions {
  std::size_t n_users = 1000;
  std::size_t n_items = 500;
  std::size_t n_events = 50000;  // at most half of n_users * n_items: each pair occurs once
  std::uint64_t seed = 1;
};

struct Generated {
  Interactions interactions;  // in order of time
  Catalog items;              // titles and genres
};

// Low-rank tastes (users and items near genres), Zipf popularity, ratings 1 to 5, drift of tastes
// and of popularity over two years. Same options, same bytes. About two microseconds an event.
// Errors: invalid_argument where a count is 0 or the events do not fit; cancelled.
Result<Generated> generate(const GenerateOptions& options, Progress& progress);

// The same, for tests and benchmarks, which show no progress.
inline Result<Generated> generate(const GenerateOptions& options) {
  Progress silent;
  return generate(options, silent);
}

}  // namespace coseno
