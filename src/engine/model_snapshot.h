// Trained models as they are in service.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "coseno/engine.h"
#include "engine/fold_ins.h"
#include "engine/search_graph.h"
#include "engine/vector_search.h"
#include "models/fitted_model.h"
#include "models/model.h"
#include "models/options.h"
#include "ranking/final_list.h"

namespace coseno {

// Who speaks for an item, and the names that answers give them. The model's own name stands for
// `model`.
enum class Voice : std::uint8_t { model, covisitation, trending, sessions };
constexpr std::size_t kVoices = 4;
using VoiceWeights = std::array<float, kVoices>;

// Before anything is trained: items that came with those of the history, and among those of which
// that tells nothing the ones that are trending.
constexpr VoiceWeights kUntrained = {0, 0.9F, 0.1F, 0};

// Complete before it is published, and never changed after.
struct ModelSnapshot {
  std::uint64_t id = 0;
  std::uint64_t position = 0;  // of the last event that was learnt from
  std::unique_ptr<Model> model;
  std::string model_name;
  Settings settings;
  VoiceWeights weights = kUntrained;
  double ndcg = 0;             // when it was published
  double ndcg_popularity = 0;  // of popularity, then
  std::size_t size_bytes = 0;  // of the model's file, and of what searches it
  // Of a model with vectors: how alike two items are. Of one that scores by their inner product
  // alone: the search in its place. Both hold views of `model`.
  std::optional<Similarity> similarity;
  std::unique_ptr<const VectorSearch> search;
  // Of the same models: the one thing here that changes, as a cache does.
  std::unique_ptr<FoldIns> fold_ins;
  // Of what the search by a graph finds (engine/search_graph.h); nothing where it is exact.
  std::optional<double> graph_recall;

  // Folder `snapshots`/000001 gets snapshot.json, model.safetensors, and graph.safetensors where
  // there is a graph, and then `snapshots`/CURRENT its name; each file whole or not at all. Of
  // older ones the last is kept. `fitted` is what `model` is to be, with the ids of its items, and
  // `graph`, which may be nullptr, is of its vectors. Errors: io.
  Result<void> save(const std::string& snapshots, const FittedModel& fitted,
                    const SearchGraph* graph) const;
  // The one that CURRENT names; nullptr where there is none. Its graph stays where it is unless
  // `with_graph`. Errors: io, corrupt.
  static Result<std::shared_ptr<const ModelSnapshot>> load_current(const std::string& snapshots,
                                                                   bool with_graph = true);
  // Its id, 0 where there is none: cheap, to see whether there is another. Errors: io, corrupt.
  static Result<std::uint64_t> current_id(const std::string& snapshots);
  // One that no snapshot of the folder has, damaged ones included; from 1 on. Errors: io.
  static Result<std::uint64_t> next_id(const std::string& snapshots);
  // What snapshot.json of each says, newest first, damaged ones left out. Error: io.
  static Result<std::vector<SnapshotInfo>> list(const std::string& snapshots);
  // Makes snapshot `id` of the folder `snapshots` the current one of the folder `to`, as save()
  // would have. Nothing is done for 0. Errors: io.
  static Result<void> copy(const std::string& snapshots, std::uint64_t id, const std::string& to);
};

// A mutex around a pointer: std::atomic<std::shared_ptr> of GCC 12 is no faster, and thread
// sanitizer reports a race in it.
template <class T>
class SnapshotCell {
 public:
  // nullptr before anything was set.
  std::shared_ptr<const T> get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }
  void set(std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    value_.swap(value);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace coseno
