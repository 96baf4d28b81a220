// Judges a model of random factors on random interactions, and prints what it took:
// {"seconds": .., "latency_p50_s": .., "latency_p99_s": ..}.

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/rng.h"
#include "evaluation/evaluate.h"
#include "math/kernels.h"

namespace coseno {
namespace {

struct Size {
  std::size_t n_users;
  std::size_t n_items;
  std::size_t dim;
};

// A user's vector is that of the last item of the history.
class RandomFactors final : public Model {
 public:
  explicit RandomFactors(const Size& size) : items_(size.n_items, padded(size.dim)) {
    Rng rng(1);
    for (std::size_t i = 0; i < size.n_items; ++i) {
      for (float& value : items_.row(i).first(size.dim)) {
        value = static_cast<float>(rng.uniform()) - 0.5F;
      }
    }
  }

  std::string_view name() const override { return "random_factors"; }
  std::size_t n_items() const override { return items_.n_rows(); }
  void score(const Profile& profile, std::span<float> out) const override {
    multiply(items_.view(), user_vector(profile), out);
  }
  void score_many(std::span<const Profile> profiles, std::span<float> out) const override {
    score_many_by_product(*this, profiles, out);
  }
  std::optional<MatrixView> item_vectors() const override { return items_.view(); }
  std::vector<float> user_vector(const Profile& profile) const override {
    const auto row = items_.row(offset(profile.history.back().item));
    return {row.begin(), row.end()};
  }
  Ranking similar_items(ItemIndex /*item*/, std::size_t /*k*/) const override { return {}; }
  void save(TensorFileWriter& /*file*/) const override {}

 private:
  Factors items_;
};

// As Gowalla has them: 27 items a user in training, 7 held out.
Split random_split(const Size& size) {
  constexpr std::size_t kHistory = 27;
  constexpr std::size_t kHeldOut = 7;
  std::vector<std::vector<Interaction>> histories(size.n_users);
  Split split;
  split.held_out.resize(size.n_users);
  Rng rng(2);
  for (std::size_t u = 0; u < size.n_users; ++u) {
    split.train.users.add(std::to_string(u));
    // Without repeats: one item from each of as many parts of the catalogue.
    const std::size_t part = size.n_items / (kHistory + kHeldOut);
    for (std::size_t n = 0; n < kHistory + kHeldOut; ++n) {
      const auto item = static_cast<ItemIndex>(n * part + rng.below(part));
      auto& row = n % 5 == 4 ? split.held_out[u] : histories[u];
      row.push_back({item, 1, 0});
    }
  }
  for (std::size_t i = 0; i < size.n_items; ++i) split.train.items.add(std::to_string(i));
  split.train.matrix = UserItemMatrix::from_histories(histories, size.n_items, false);
  return split;
}

int run(const Size& size, int n_threads) {
  const RandomFactors model(size);
  const Split split = random_split(size);
  ThreadPool pool(n_threads);
  Progress silent;
  const auto start = std::chrono::steady_clock::now();
  const Result<Evaluation> evaluation = evaluate(model, split, {.k = 20}, pool, silent);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  if (!evaluation) {
    fmt::print(stderr, "evaluating_bench: {}\n", evaluation.error().message);
    return 1;
  }
  fmt::print("{{\"seconds\": {}, \"latency_p50_s\": {}, \"latency_p99_s\": {}}}\n", time.count(),
             evaluation->latency_p50_s, evaluation->latency_p99_s);
  return 0;
}

}  // namespace
}  // namespace coseno

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: evaluating_bench USERS ITEMS DIM THREADS\n");
    return 2;
  }
  return coseno::run({std::strtoul(argv[1], nullptr, 10), std::strtoul(argv[2], nullptr, 10),
                      std::strtoul(argv[3], nullptr, 10)},
                     static_cast<int>(std::strtol(argv[4], nullptr, 10)));
}
