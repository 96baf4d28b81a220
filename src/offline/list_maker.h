// Lists from a model: its order without what the user has had, one at a time or many at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "coseno/offline.h"
#include "models/model.h"
#include "offline/user_vectors.h"
#include "retrieval/exact_retriever.h"

namespace coseno {

// Where a model scores by an inner product, a retriever finds the best items; the others score all.
// Either way the list is the one that sorting all scores would give, ties by lower number.
//
// Thread-safe. What a retriever needs, and vectors of users, are made when first used, and kept.
class ListMaker {
 public:
  // Keeps references to both; the model was fitted to the dataset.
  ListMaker(const Dataset& dataset, const Model& model) : dataset_(dataset), model_(model) {}

  // Errors: invalid_argument (k, numbers past the end, no vectors to take the cosine of).
  Result<void> check(const ListOptions& options) const;

  // `options` have passed check(). Shorter than k where fewer items can be in it.
  Ranking list(UserIndex user, const ListOptions& options) const;
  // Of anybody; what is seen is the profile's history.
  Ranking list(const Profile& profile, const ListOptions& options) const;
  // The most popular items, for somebody of whom nothing is known.
  Ranking popular_list(const ListOptions& options) const;

  // One list for each of `users`, or of `histories`: the same as one by one. `out` has k items for
  // each. Errors: cancelled.
  Result<void> lists(std::span<const UserIndex> users, const ListOptions& options,
                     const ManyLists& out, ThreadPool& pool, Progress& progress) const;
  Result<void> lists(std::span<const History> histories, const ListOptions& options,
                     const ManyLists& out, ThreadPool& pool, Progress& progress) const;

  // Where the model has vectors.
  const UserVectors& user_vectors() const;

 private:
  // Which items may be in the lists of one request.
  struct Selection {
    Selection(const ListOptions& options, std::size_t n_items);

    const ListOptions& options;
    std::size_t k;                        // at most n_items
    std::vector<std::uint32_t> excluded;  // ascending
    std::vector<std::uint64_t> allowed;   // as in RowFilter
  };

  // What a request of the retriever looks at.
  struct Looked {
    std::vector<float> vector;
    std::vector<std::uint32_t> hidden;
  };

  // What one thread needs, reused from lists to lists.
  struct Scratch {
    // Of a retriever, one for each list.
    std::vector<Looked> looked;
    std::vector<RetrieverRequest> requests;
    std::vector<ExactRetriever::Scratch> searches;
    std::vector<std::span<const Scored>> found;
    // Of scores.
    std::vector<std::uint32_t> hidden;
    std::vector<float> scores;
    std::vector<Profile> profiles;
  };

  bool is_searched(const ListOptions& options) const {
    return !options.by_cosine && model_.scores_by_inner_product();
  }
  const ExactRetriever& retriever() const;

  // Ascending: what may not be in the list of somebody with that history.
  std::span<const std::uint32_t> hidden(History history, const Selection& selection,
                                        std::vector<std::uint32_t>& out) const;
  // kNeverScore for what may not be in the list.
  void mask(History history, const Selection& selection, Scratch& scratch,
            std::span<float> scores) const;
  // A view of `vector` and of `out`, which gets what is hidden.
  RetrieverRequest request(std::span<const float> vector, History history,
                           const Selection& selection, std::vector<std::uint32_t>& out) const;
  Ranking searched_list(std::span<const float> vector, History history,
                        const Selection& selection) const;
  Ranking scored_list(const Profile& profile, const Selection& selection) const;

  template <class Who>
  Result<void> make(std::size_t n, const Who& asked, const ListOptions& options,
                    const ManyLists& out, ThreadPool& pool, Progress& progress) const;

  const Dataset& dataset_;
  const Model& model_;

  mutable std::once_flag retriever_made_;
  mutable std::unique_ptr<const ExactRetriever> retriever_;
  mutable std::once_flag user_vectors_made_;
  mutable std::unique_ptr<const UserVectors> user_vectors_;
  mutable std::atomic<bool> has_user_vectors_ = false;
};

}  // namespace coseno
