// How long a fitted model takes to answer one user: from a history to the best unseen items.
//
//   serving_bench MODEL_FILE HISTORY_LENGTH K
//
// For users of that many interactions and more, of which the first so many are the history.
// Fold-in, scoring of all items and the choice of k, on one thread; where a score is an inner
// product, the exact retriever stands in for scoring. Printed as {"ms": [a user]}.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "math/top_k.h"
#include "models/fitted_model.h"
#include "retrieval/exact_retriever.h"

namespace {

constexpr std::size_t kUsers = 500;
constexpr std::size_t kWarmUps = 10;

// Answers users one after another, as a server's thread would: what can be kept is kept.
class Server {
 public:
  explicit Server(const coseno::Model& model) : model_(model), scores_(model.n_items()) {
    if (model.scores_by_inner_product()) {
      retriever_ = std::make_unique<coseno::ExactRetriever>(*model.item_vectors());
    }
  }

  std::size_t answer(coseno::History history, std::size_t k) {
    if (retriever_) return retrieve(history, k);
    model_.score({history}, scores_);
    for (const coseno::Interaction& seen : history) {
      scores_[offset(seen.item)] = coseno::kNeverScore;
    }
    return coseno::top_k(scores_, k).size();
  }

 private:
  std::size_t retrieve(coseno::History history, std::size_t k) {
    seen_.clear();
    for (const coseno::Interaction& act : history) seen_.push_back(std::to_underlying(act.item));
    std::ranges::sort(seen_);
    const std::vector<float> vector = model_.user_vector({history});
    return retriever_->top({.vector = vector, .k = k, .filter = {.excluded = seen_}}, scratch_)
        .size();
  }

  const coseno::Model& model_;
  std::unique_ptr<coseno::ExactRetriever> retriever_;
  coseno::ExactRetriever::Scratch scratch_;
  std::vector<float> scores_;
  std::vector<std::uint32_t> seen_;
};

std::vector<coseno::History> histories(const coseno::UserItemMatrix& matrix, std::size_t length) {
  std::vector<coseno::History> found;
  for (std::size_t u = 0; u < matrix.n_users() && found.size() < kUsers; ++u) {
    const coseno::History history = matrix.user(static_cast<coseno::UserIndex>(u));
    if (history.size() >= length) found.push_back(history.first(length));
  }
  return found;
}

int fail(const std::string& why) {
  fmt::print(stderr, "serving_bench: {}\n", why);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return fail("see the top of bench/serving.cc for its arguments");
  const coseno::Result<coseno::FittedModel> fitted = coseno::load_model(argv[1]);
  if (!fitted) return fail(fitted.error().message);
  const std::vector<coseno::History> users = histories(fitted->dataset.matrix, std::stoul(argv[2]));
  if (users.empty()) return fail("no user has so long a history");
  const std::size_t k = std::stoul(argv[3]);
  Server server(*fitted->model);
  for (std::size_t i = 0; i < kWarmUps; ++i) server.answer(users[i % users.size()], k);
  std::vector<double> ms;
  for (const coseno::History history : users) {
    const auto start = std::chrono::steady_clock::now();
    if (server.answer(history, k) == 0) return fail("an empty list");
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                     .count());
  }
  fmt::print("{{\"ms\": {}}}\n", ms);
  return 0;
}
