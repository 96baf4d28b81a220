// How long a sasrec takes from a history to the best items, and with one event more.
//
//   sasrec_bench MODEL_FILE HISTORY_LENGTH K
//
// One thread. `anew`: the forward pass over the whole history, and the best K of all items, as the
// engine finds them (ExactRetriever: exact); `one_more`: the same where what was read before the
// last event is kept. Printed as
// {"anew": [ms], "one_more": [ms], "state_bytes": n}.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "models/fitted_model.h"
#include "models/sequence_reader.h"
#include "retrieval/exact_retriever.h"

namespace {

constexpr std::size_t kRounds = 1000;
constexpr std::size_t kWarmUps = 50;

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The items of all users one after another, from a place on, around and around.
std::vector<coseno::Interaction> history_at(const coseno::Dataset& dataset, std::size_t place,
                                            std::size_t length) {
  std::vector<coseno::Interaction> history;
  for (std::size_t u = place; history.size() < length; ++u) {
    const auto user = static_cast<coseno::UserIndex>(u % dataset.matrix.n_users());
    for (const coseno::Interaction& act : dataset.matrix.user(user)) {
      if (history.size() < length) history.push_back(act);
    }
  }
  return history;
}

class Timer {
 public:
  Timer(const coseno::FittedModel& fitted, std::size_t k)
      : model_(*fitted.model), k_(k), retriever_(*model_.item_vectors()) {}

  double anew(coseno::History history) {
    const auto start = Clock::now();
    best(model_.user_vector({.history = history}));
    return ms_since(start);
  }

  double one_more(coseno::History history) {
    coseno::SequenceState state;
    model_.sequence_reader()->read(history.first(history.size() - 1), {}, state);
    const auto start = Clock::now();
    coseno::SequenceState next = state;
    model_.sequence_reader()->read(history.last(1), {}, next);
    best(next.vector);
    return ms_since(start);
  }

 private:
  void best(const std::vector<float>& vector) {
    n_found_ += retriever_.top({.vector = vector, .k = k_}, scratch_).size();
  }

  const coseno::Model& model_;
  std::size_t k_;
  coseno::ExactRetriever retriever_;
  coseno::ExactRetriever::Scratch scratch_;
  std::size_t n_found_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto fitted = coseno::load_model(argv[1]);
  if (!fitted || fitted->model->sequence_reader() == nullptr) {
    fmt::print(stderr, "{}\n", fitted ? "no model that reads in order" : fitted.error().message);
    return 1;
  }
  const std::size_t length = std::stoul(argv[2]);
  Timer timer(*fitted, std::stoul(argv[3]));
  std::vector<double> anew;
  std::vector<double> one_more;
  for (std::size_t round = 0; round < kWarmUps + kRounds; ++round) {
    const auto history = history_at(fitted->dataset, 7 * round, length);
    const double first = timer.anew(history);
    const double second = timer.one_more(history);
    if (round < kWarmUps) continue;
    anew.push_back(first);
    one_more.push_back(second);
  }
  fmt::print(R"({{"anew": [{}], "one_more": [{}], "state_bytes": {}}})"
             "\n",
             fmt::join(anew, ", "), fmt::join(one_more, ", "),
             fitted->model->sequence_reader()->state_bytes());
  return 0;
}
