#include "offline/user_vectors.h"

#include <algorithm>
#include <thread>

namespace coseno {
namespace {

constexpr std::size_t kBlockUsers = 8;

}  // namespace

UserVectors::UserVectors(const Dataset& dataset, const Model& model)
    : dataset_(dataset),
      model_(model),
      rows_(dataset.matrix.n_users(), model.item_vectors()->dim),
      states_(dataset.matrix.n_users()) {}

std::span<const float> UserVectors::of(UserIndex user, std::vector<float>& scratch) const {
  std::atomic<State>& state = states_[offset(user)];
  const std::span<float> row = rows_.row(offset(user));
  if (state.load(std::memory_order_acquire) == State::ready) return row;
  scratch = model_.user_vector(profile_of(dataset_, user));
  State expected = State::missing;
  if (!state.compare_exchange_strong(expected, State::in_the_making)) return scratch;
  std::ranges::copy(scratch, row.begin());
  state.store(State::ready, std::memory_order_release);
  return row;
}

Result<void> UserVectors::make_all(ThreadPool& pool, Progress& progress) const {
  std::vector<std::vector<float>> scratch(static_cast<std::size_t>(pool.n_threads()));
  const std::size_t n_users = states_.size();
  for (std::size_t begin = 0; begin < n_users; begin += kSliceUsers) {
    progress.report("making vectors of users", begin, n_users, "");
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
    pool.parallel_for(std::min(kSliceUsers, n_users - begin), kBlockUsers,
                      [&](std::size_t from, std::size_t to, int worker) {
                        for (; from < to; ++from) {
                          of(static_cast<UserIndex>(begin + from),
                             scratch[static_cast<std::size_t>(worker)]);
                        }
                      });
  }
  progress.report("making vectors of users", n_users, n_users, "");
  is_complete_ = true;
  return {};
}

MatrixView UserVectors::all() const {
  std::vector<float> scratch;
  for (std::size_t u = 0; u < states_.size(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    of(user, scratch);
    // Whoever is at it only copies.
    while (states_[u].load(std::memory_order_acquire) != State::ready) std::this_thread::yield();
  }
  return rows_.view();
}

}  // namespace coseno
