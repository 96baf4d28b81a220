// What every model can do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "data/dataset.h"
#include "math/matrix.h"
#include "math/top_k.h"

namespace coseno {

class SequenceReader;
class TensorFileWriter;

// All that a model is told of a user. A user is scored from this alone, so one who was unknown at
// training time is served like any other.
struct Profile {
  History history;
  FeatureRow features = {};  // by the dataset's user_encoder; empty where nothing is known
  // How much each interaction counts beside what a model makes of its value: as if it were there
  // that many times. One an interaction, in [0, 10^6], where one below 10^-6 counts as 0; empty:
  // each counts once.
  std::span<const float> weights = {};
};

// The profile of a user of the dataset. Views; valid while the dataset lives.
inline Profile profile_of(const Dataset& dataset, UserIndex user) {
  return {dataset.matrix.user(user), dataset.user_features.row(offset(user))};
}

struct ScoredItem {
  ItemIndex item;
  float score;

  bool operator==(const ScoredItem&) const = default;
};

// Best first, ties by lower index.
using Ranking = std::vector<ScoredItem>;

// The k best of one score an item; those of kNeverScore are left out.
Ranking best_items(std::span<const float> scores, std::size_t k);

// Adds to the score of each item of `ranking` its score there, as a share of the largest in size,
// times `weight`; kNeverScore counts as 0. Items past the end of `scores` are left out. A weight of
// 0 changes nothing.
void add_shares(const Ranking& ranking, float weight, std::span<float> scores);

// What a model that looks a history's items up can use of a profile: the interactions with items <
// n_items that count, and how much each does.
struct KnownPart {
  std::vector<Interaction> history;
  std::vector<float> weights;  // one an interaction, > 0

  double total_weight() const;
};
KnownPart known_part(const Profile& profile, std::size_t n_items);

// What fitting needs beside data and options.
struct FitContext {
  ThreadPool& pool;
  Progress& progress;
  std::uint64_t seed = 1;
};

// A fitted model: immutable, every function thread-safe. Item numbers are those of the dataset it
// was fitted on. A history may hold items >= n_items() (unknown to the model); they are ignored.
class Model {
 public:
  virtual ~Model() = default;

  // The registry's name: "item_knn".
  virtual std::string_view name() const = 0;
  virtual std::size_t n_items() const = 0;

  // The model's own best ranking score of every item, bigger is better, finite or kNeverScore; out:
  // n_items() floats. Seen items are scored like any other. An empty profile is scored too.
  virtual void score(const Profile& profile, std::span<float> out) const = 0;

  // score() of each profile into a row of `out` (profiles.size() x n_items()), bit by bit the same.
  // For models that share work between users; the others do one after another.
  virtual void score_many(std::span<const Profile> profiles, std::span<float> out) const;

  // True where predict() may be called.
  virtual bool predicts_ratings() const { return false; }
  // The expected rating of each of `items`, within the range of the training ratings; an item
  // >= n_items() is one that the model does not know. out: items.size() floats.
  virtual void predict(const Profile& profile, std::span<const ItemIndex> items,
                       std::span<float> out) const;

  // One vector an item (n_items() x dim), or nothing where the model has none.
  virtual std::optional<MatrixView> item_vectors() const { return std::nullopt; }
  // How many numbers of a vector say something; the rest of its dim are zeros. 0 where there are no
  // vectors.
  virtual std::size_t vector_length() const;
  // The user's vector (dim floats) to compare with item_vectors(); empty where the model has none.
  virtual std::vector<float> user_vector(const Profile& profile) const;

  // True where score() is the inner product of user_vector() and item_vectors() and nothing else,
  // so that a retriever may find the best items in its place.
  virtual bool scores_by_inner_product() const { return false; }

  // Where the model reads a history in order, and user_vector() is what it has read: what reads on
  // from where it was. nullptr: it does not.
  virtual const SequenceReader* sequence_reader() const { return nullptr; }

  // The k items most alike, without `item` itself; empty where nothing is known about it.
  virtual Ranking similar_items(ItemIndex item, std::size_t k) const = 0;

  // Adds what load() of the same class needs to the file: tensors and metadata.
  virtual void save(TensorFileWriter& file) const = 0;
};

// Cosine between the user's vector and each item's; an item without a vector gets kNeverScore.
// False, and `out` is untouched, where the model has no vectors.
bool score_by_cosine(const Model& model, const Profile& profile, std::span<float> out);

// score_many() of a model whose score is multiply() of item_vectors() and user_vector(): the items'
// vectors are read once for all profiles.
void score_many_by_product(const Model& model, std::span<const Profile> profiles,
                           std::span<float> out);

// The k items whose vectors have the largest cosine with the item's; for similar_items().
Ranking similar_by_cosine(MatrixView item_vectors, ItemIndex item, std::size_t k);

}  // namespace coseno
