// What the tests of models share: data sets written down as tables, models fitted to them, scores.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "models/model.h"

namespace coseno {

// Users in rows, items in columns; 0 where there is nothing.
using Ratings = std::vector<std::vector<float>>;

inline Dataset dataset_of(const Ratings& ratings, bool has_values = false) {
  Interactions interactions;
  interactions.has_values = has_values;
  for (std::size_t i = 0; i < ratings[0].size(); ++i) interactions.items.add(fmt::format("i{}", i));
  for (std::size_t u = 0; u < ratings.size(); ++u) {
    const UserIndex user = interactions.users.add(fmt::format("u{}", u));
    for (std::size_t i = 0; i < ratings[u].size(); ++i) {
      if (ratings[u][i] != 0) interactions.add(user, {static_cast<ItemIndex>(i), ratings[u][i], 0});
    }
  }
  return make_dataset(std::move(interactions), RepeatRule::last, {}, {});
}

// A model of class M.
template <class M>
Result<std::unique_ptr<Model>> try_fit(const Dataset& dataset, const typename M::Options& options,
                                       int n_threads = 1) {
  ThreadPool pool(n_threads);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  return M::fit(dataset, options, context);
}

// Throws where the fit fails.
template <class M>
std::unique_ptr<Model> fit(const Dataset& dataset, const typename M::Options& options) {
  return try_fit<M>(dataset, options).value();
}

inline std::vector<float> scores(const Model& model, const Profile& profile) {
  std::vector<float> out(model.n_items());
  model.score(profile, out);
  return out;
}

// Of somebody who has had that item alone.
inline std::vector<float> scores_after(const Model& model, std::uint32_t item, float value = 1) {
  const std::vector<Interaction> history = {{ItemIndex{item}, value, 0}};
  return scores(model, {.history = history});
}

}  // namespace coseno
