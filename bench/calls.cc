// What one call of an engine takes, for the bindings to be compared with.
//
//   calls_bench FOLDER N_ROUNDS
//
// FOLDER is a data folder of the engine. In each round every user is asked for a list of 10, and
// then one user more has an event with as many items. Prints a JSON object with the median, over
// users, of the best of their rounds, in microseconds.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "coseno/engine.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

// Ends the process where there is none: a benchmark has nothing to save.
template <class T>
T value(coseno::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "calls_bench: {}\n", result.error().message);
    std::_Exit(1);
  }
  return std::move(*result);
}

double microseconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

std::vector<std::string> users_of(const coseno::Engine& engine) {
  std::vector<std::string> users;
  std::uint64_t after = 0;
  do {
    const coseno::ListedPage page = value(engine.users(after, 1000));
    for (const coseno::ListedRecord& user : page.records) users.push_back(user.id);
    after = page.next;
  } while (after != 0);
  return users;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  coseno::Engine engine = value(coseno::Engine::open(argv[1], {.create = false}));
  const std::vector<std::string> users = users_of(engine);
  std::vector<double> recommend(users.size(), 1e9);
  std::vector<double> observe(users.size(), 1e9);
  const int n_rounds = std::atoi(argv[2]);
  for (int round = 0; round < n_rounds; ++round) {
    for (std::size_t u = 0; u < users.size(); ++u) {
      const SteadyClock::time_point start = SteadyClock::now();
      static_cast<void>(value(engine.recommend({.user = users[u], .k = 10})));
      recommend[u] = std::min(recommend[u], microseconds_since(start));
    }
    for (std::size_t u = 0; u < users.size(); ++u) {
      const SteadyClock::time_point start = SteadyClock::now();
      static_cast<void>(value(engine.observe({.user = "bench", .item = users[u]})));
      observe[u] = std::min(observe[u], microseconds_since(start));
    }
  }
  fmt::print("{{\"recommend_us\": {:.3f}, \"observe_us\": {:.3f}}}\n", median(recommend),
             median(observe));
  return 0;
}
