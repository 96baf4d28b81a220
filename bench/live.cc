// What a live engine does in a second, and how soon an event is in effect.
//
//   live_bench observe FOLDER N_THREADS N_EVENTS BATCH none|interval|always
//   live_bench fill FOLDER FILE                     events of a line-a-user file, and properties
//   live_bench make FOLDER N_ITEMS N_USERS N_EVENTS [properties]   made-up events
//   live_bench train FOLDER MODEL NAME=VALUE...
//   live_bench serve FOLDER SECONDS EVENTS_A_SECOND REQUESTS_A_SECOND N_READERS [exact]
//   live_bench recall FOLDER N_USERS                 of lists by a graph, against exact ones
//   live_bench open FOLDER                          seconds to open, and memory
//
// Each prints a JSON object. Folders are data folders of the engine.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/progress.h"
#include "base/rng.h"
#include "coseno/engine.h"
#include "data/readers.h"

namespace {

using coseno::Engine;
using coseno::Rng;
using Arguments = std::vector<std::string>;
using SteadyClock = std::chrono::steady_clock;

// Ends the process where there is none: a benchmark has nothing to save.
template <class T>
T value(coseno::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "live_bench: {}\n", result.error().message);
    std::_Exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto nth =
      values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, nth);
  return *nth;
}

// Of the whole process, RocksDB and all.
std::size_t resident_bytes() {
  std::ifstream stream("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  stream >> total >> resident;
  return resident * 4096;
}

// Items of a popularity that falls as 1 / rank, as in most shops.
std::uint64_t popular(Rng& rng, std::uint64_t n) {
  const double u = rng.uniform();
  return std::min(n - 1, static_cast<std::uint64_t>(std::pow(static_cast<double>(n), u)) - 1);
}

void observe(const Arguments& arguments) {
  const auto n_threads = std::stoul(arguments[1]);
  const auto n_events = std::stoul(arguments[2]);
  const auto batch = std::stoul(arguments[3]);
  coseno::EngineOptions options;
  options.durability = arguments[4] == "none"       ? coseno::Durability::none
                       : arguments[4] == "interval" ? coseno::Durability::interval
                                                    : coseno::Durability::always;
  Engine engine = value(Engine::open(arguments[0], options));
  const auto start = SteadyClock::now();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < n_threads; ++t) {
    threads.emplace_back([&, t] {
      Rng rng(1, t);
      std::vector<std::string> users(batch);
      std::vector<std::string> items(batch);
      std::vector<coseno::Event> events(batch);
      for (std::size_t n = 0; n < n_events / n_threads; n += batch) {
        for (std::size_t b = 0; b < batch; ++b) {
          users[b] = fmt::format("user{}", rng.below(50000));
          items[b] = fmt::format("item{}", popular(rng, 40000));
          events[b] = {.user = users[b], .item = items[b]};
        }
        value(engine.observe(events));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = seconds_since(start);
  fmt::print("{{\"events_a_second\": {}}}\n", static_cast<double>(n_events) / seconds);
}

void put_properties(Engine& engine, std::size_t n_items,
                    const std::function<std::string(std::size_t)>& id) {
  for (std::size_t i = 0; i < n_items; ++i) {
    value(engine.put_item(id(i), fmt::format(R"({{"kind": "k{}", "price": {}}})", i % 10, i % 97)));
  }
}

void fill(const Arguments& arguments) {
  Engine engine = value(Engine::open(arguments[0]));
  coseno::Progress progress;
  const auto rows = value(coseno::read_interactions(arguments[1], {}, progress));
  std::vector<coseno::Event> batch;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto row = rows.row(n);
    batch.push_back({.user = rows.users.id(row.user),
                     .item = rows.items.id(row.interaction.item),
                     .time_ms = 1'700'000'000'000 + static_cast<std::int64_t>(n)});
    if (batch.size() == 1000 || n + 1 == rows.size()) {
      value(engine.observe(batch));
      batch.clear();
    }
  }
  put_properties(engine, rows.items.size(), [&](std::size_t i) {
    return std::string(rows.items.id(static_cast<coseno::ItemIndex>(i)));
  });
  fmt::print("{{\"n_events\": {}}}\n", engine.stats().n_events);
}

void make(const Arguments& arguments) {
  const auto n_items = std::stoul(arguments[1]);
  const auto n_users = std::stoul(arguments[2]);
  const auto n_events = std::stoul(arguments[3]);
  const std::size_t before = resident_bytes();
  Engine engine = value(Engine::open(arguments[0]));
  Rng rng(1);
  std::vector<std::string> users(1000);
  std::vector<std::string> items(1000);
  std::vector<coseno::Event> batch(1000);
  for (std::size_t n = 0; n < n_events; n += batch.size()) {
    for (std::size_t b = 0; b < batch.size(); ++b) {
      // Every item has one event at least; a user's taste is a tenth of the items.
      const std::uint64_t user = rng.below(n_users);
      const std::uint64_t item =
          n + b < n_items ? n + b : (popular(rng, n_items / 10) * 10 + user % 10) % n_items;
      users[b] = fmt::format("{}", user);
      items[b] = fmt::format("{}", item);
      batch[b] = {.user = users[b],
                  .item = items[b],
                  .time_ms = 1'700'000'000'000 + static_cast<std::int64_t>(n + b)};
    }
    value(engine.observe(batch));
  }
  if (arguments.size() > 4) {
    put_properties(engine, n_items, [](std::size_t i) { return fmt::format("{}", i); });
  }
  const coseno::EngineStats stats = engine.stats();
  fmt::print(
      "{{\"n_events\": {}, \"users_bytes\": {}, \"items_bytes\": {}, \"grown_bytes\": {}}}\n",
      stats.n_events, stats.users_bytes, stats.items_bytes, resident_bytes() - before);
}

void train(const Arguments& arguments) {
  Engine engine = value(Engine::open(arguments[0]));
  coseno::TrainOptions options{.model = arguments[1]};
  for (std::size_t n = 2; n < arguments.size(); ++n) {
    const std::size_t equals = arguments[n].find('=');
    options.settings.emplace(arguments[n].substr(0, equals), arguments[n].substr(equals + 1));
  }
  const coseno::TrainReport report = value(engine.train(options));
  fmt::print("{{\"snapshot\": {}, \"ndcg\": {}, \"ndcg_popularity\": {}, \"seconds\": {}}}\n",
             report.snapshot, report.ndcg, report.ndcg_popularity, report.seconds);
}

// Half of the items.
constexpr std::string_view kFilter = R"({"range": {"price": {"to": 48}}})";

// One thread sends events at a fixed rate, and after each hundredth asks whether it is in effect;
// others ask for lists, with a filter and diversity, at a rate of theirs. Who is late asks at once.
void serve(const Arguments& arguments) {
  const double seconds = std::stod(arguments[1]);
  const double rate = std::stod(arguments[2]);
  const double request_rate = std::stod(arguments[3]);
  const auto n_readers = std::stoul(arguments[4]);
  coseno::EngineOptions options;
  if (arguments.size() > 5 && arguments[5] == "exact") options.graph_items = 0;
  Engine engine = value(Engine::open(arguments[0], options));
  const auto trending = value(engine.trending(500));
  std::vector<std::string> items;
  for (const auto& one : trending.items) items.push_back(one.item);
  std::atomic<bool> is_over = false;
  std::vector<std::vector<double>> request_s(n_readers);
  std::vector<std::thread> readers;
  for (std::size_t r = 0; r < n_readers; ++r) {
    readers.emplace_back([&, r] {
      Rng rng(2, r);
      const std::chrono::duration<double> pause(static_cast<double>(n_readers) / request_rate);
      const auto first = SteadyClock::now();
      for (std::size_t n = 0; !is_over; ++n) {
        std::this_thread::sleep_until(first + static_cast<double>(n) * pause);
        const std::string user = fmt::format("{}", rng.below(20000));
        const auto start = SteadyClock::now();
        value(engine.recommend({.user = user, .filter = kFilter, .diversity = 0.2}));
        request_s[r].push_back(seconds_since(start));
      }
    });
  }
  Rng rng(3);
  std::vector<double> observe_s;
  std::vector<double> visible_s;
  std::size_t n_stale = 0;
  std::size_t n_events = 0;
  const auto start = SteadyClock::now();
  while (seconds_since(start) < seconds) {
    const auto due = static_cast<std::size_t>(seconds_since(start) * rate);
    if (n_events >= due) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    const std::string user = fmt::format("{}", rng.below(20000));
    const std::string& item = items[rng.below(items.size())];
    const auto sent = SteadyClock::now();
    value(engine.observe({.user = user, .item = item}));
    ++n_events;
    observe_s.push_back(seconds_since(sent));
    if (n_events % 100 != 0) continue;
    value(engine.recommend({.user = user}));
    visible_s.push_back(seconds_since(sent));
    const auto answer = value(engine.recommend({.user = user, .k = 100}));
    n_stale += std::ranges::any_of(answer.items, [&](const auto& one) { return one.item == item; });
  }
  is_over = true;
  for (std::thread& reader : readers) reader.join();
  std::vector<double> all;
  for (const auto& one : request_s) all.insert(all.end(), one.begin(), one.end());
  fmt::print(
      "{{\"requests_a_second\": {}, \"request_p50_s\": {}, \"request_p99_s\": {}, "
      "\"observe_p99_s\": {}, \"visible_p99_s\": {}, \"n_checked\": {}, \"n_stale\": {}, "
      "\"events_a_second\": {}}}\n",
      static_cast<double>(all.size()) / seconds, quantile(all, 0.5), quantile(all, 0.99),
      quantile(observe_s, 0.99), quantile(visible_s, 0.99), visible_s.size(), n_stale,
      static_cast<double>(n_events) / seconds);
}

std::vector<coseno::Recommendations> lists(const Engine& engine, std::size_t n_users) {
  std::vector<coseno::Recommendations> lists;
  for (std::size_t user = 0; user < n_users; ++user) {
    lists.push_back(value(
        engine.recommend({.user = fmt::format("{}", user), .filter = kFilter, .diversity = 0.2})));
  }
  return lists;
}

void recall(const Arguments& arguments) {
  const auto n_users = std::stoul(arguments[1]);
  const auto by_graph = lists(value(Engine::open(arguments[0])), n_users);
  const auto exact = lists(value(Engine::open(arguments[0], {.graph_items = 0})), n_users);
  std::size_t n = 0;
  std::size_t n_found = 0;
  for (std::size_t user = 0; user < n_users; ++user) {
    for (const auto& one : exact[user].items) {
      ++n;
      n_found += std::ranges::any_of(by_graph[user].items,
                                     [&](const auto& other) { return other.item == one.item; });
    }
  }
  fmt::print("{{\"recall\": {}}}\n", static_cast<double>(n_found) / static_cast<double>(n));
}

void open(const Arguments& arguments) {
  const std::size_t before = resident_bytes();
  const auto start = SteadyClock::now();
  const Engine engine = value(Engine::open(arguments[0]));
  const double seconds = seconds_since(start);
  const coseno::EngineStats stats = engine.stats();
  fmt::print(
      "{{\"seconds\": {}, \"n_events\": {}, \"n_users\": {}, \"n_items\": {}, \"n_kept_events\": "
      "{}, "
      "\"users_bytes\": {}, \"items_bytes\": {}, \"model_bytes\": {}, \"grown_bytes\": {}}}\n",
      seconds, stats.n_events, stats.n_users, stats.n_items, stats.n_kept_events, stats.users_bytes,
      stats.items_bytes, stats.model_bytes, resident_bytes() - before);
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::pair<std::size_t, void (*)(const Arguments&)>> commands = {
      {"observe", {5, observe}}, {"fill", {2, fill}}, {"make", {4, make}},    {"train", {2, train}},
      {"serve", {5, serve}},     {"open", {1, open}}, {"recall", {2, recall}}};
  const Arguments arguments(argv + std::min(argc, 2), argv + argc);
  const auto command = commands.find(argc > 1 ? argv[1] : "");
  if (command == commands.end() || arguments.size() < command->second.first) {
    std::fputs("live_bench: see the top of bench/live.cc for its arguments\n", stderr);
    return 2;
  }
  command->second.second(arguments);
  return 0;
}
