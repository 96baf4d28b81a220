// Vectors of users, made of their histories when first asked for, and kept.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "math/matrix.h"
#include "models/model.h"

namespace coseno {

// Users between two looks at the progress: a quarter of a second where one takes half a
// millisecond.
constexpr std::size_t kSliceUsers = 512;

// Thread-safe. Memory: dim floats a user, whether made or not.
class UserVectors {
 public:
  // The model has vectors. Keeps references to both.
  UserVectors(const Dataset& dataset, const Model& model);

  // The user's vector, as Model::user_vector() gives it for the user's profile. It lies here, or in
  // `scratch` where another thread is making it just then.
  std::span<const float> of(UserIndex user, std::vector<float>& scratch) const;

  // All are there.
  bool is_complete() const { return is_complete_; }
  // Makes those that are not there. Errors: cancelled.
  Result<void> make_all(ThreadPool& pool, Progress& progress) const;
  // The same, from the caller's thread alone; and a row a user.
  MatrixView all() const;

 private:
  enum class State : std::uint8_t { missing, in_the_making, ready };

  const Dataset& dataset_;
  const Model& model_;
  // A row is written by the one who has set its state to in_the_making, and read once it is ready.
  mutable Factors rows_;
  mutable std::vector<std::atomic<State>> states_;  // n_users
  mutable std::atomic<bool> is_complete_ = false;
};

}  // namespace coseno
