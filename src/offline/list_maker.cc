#include "offline/list_maker.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "base/check.h"
#include "models/popularity.h"

namespace coseno {
namespace {

// Users whose scores are made at once, so that they share what a model reads; in a large catalogue
// fewer, so that the scores take at most 64 MB a thread.
constexpr std::size_t kBatchUsers = 16;
constexpr std::size_t kBatchScores = 16U << 20;

// Profile and, where it is a user of the dataset, number.
struct Asked {
  Profile profile;
  std::optional<UserIndex> user;
};

Ranking ranking_of(std::span<const Scored> best) {
  Ranking ranking;
  ranking.reserve(best.size());
  for (const Scored& one : best) ranking.push_back({static_cast<ItemIndex>(one.index), one.score});
  return ranking;
}

// The i-th list of `out`, of k places.
class Row {
 public:
  Row(const ManyLists& out, std::size_t i, std::size_t k)
      : items_(out.items.subspan(i * k, k)), scores_(out.scores.subspan(i * k, k)) {}

  void write(std::span<const Scored> best) const {
    for (std::size_t place = 0; place < items_.size(); ++place) {
      const bool is_there = place < best.size();
      items_[place] = is_there ? static_cast<std::int32_t>(best[place].index) : kNoItem;
      scores_[place] = is_there ? best[place].score : std::numeric_limits<float>::lowest();
    }
  }

 private:
  std::span<std::int32_t> items_;
  std::span<float> scores_;
};

Result<void> check_numbers(std::string_view what, std::span<const std::uint32_t> items,
                           std::size_t n_items) {
  const auto past = std::ranges::find_if(items, [&](std::uint32_t i) { return i >= n_items; });
  if (past == items.end()) return {};
  return invalid_argument("{}: there is no item {}, of {}", what, *past, n_items);
}

}  // namespace

ListMaker::Selection::Selection(const ListOptions& asked, std::size_t n_items)
    : options(asked),
      k(std::min(asked.k, n_items)),
      excluded(asked.excluded.begin(), asked.excluded.end()) {
  std::ranges::sort(excluded);
  if (asked.allowed.empty()) return;
  allowed.resize((n_items + 63) / 64);
  for (const std::uint32_t item : asked.allowed)
    allowed[item / 64] |= std::uint64_t{1} << item % 64;
}

Result<void> ListMaker::check(const ListOptions& options) const {
  if (options.k == 0) return invalid_argument("k must be at least 1, not 0");
  if (options.by_cosine && !model_.item_vectors()) {
    return invalid_argument("{} has no vectors to take the cosine of", model_.name());
  }
  COSENO_TRY(check_numbers("excluded", options.excluded, model_.n_items()));
  return check_numbers("allowed", options.allowed, model_.n_items());
}

Ranking ListMaker::list(UserIndex user, const ListOptions& options) const {
  const Profile profile = profile_of(dataset_, user);
  if (!is_searched(options) || !has_user_vectors_) return list(profile, options);
  const Selection selection(options, model_.n_items());
  std::vector<float> vector;
  return searched_list(user_vectors().of(user, vector), profile.history, selection);
}

Ranking ListMaker::list(const Profile& profile, const ListOptions& options) const {
  const Selection selection(options, model_.n_items());
  if (!is_searched(options)) return scored_list(profile, selection);
  return searched_list(model_.user_vector(profile), profile.history, selection);
}

Ranking ListMaker::popular_list(const ListOptions& options) const {
  const Selection selection(options, model_.n_items());
  std::vector<float> scores = popularity_of(dataset_.matrix);
  Scratch scratch;
  mask({}, selection, scratch, scores);
  return best_items(scores, selection.k);
}

Ranking ListMaker::scored_list(const Profile& profile, const Selection& selection) const {
  std::vector<float> scores(model_.n_items());
  if (selection.options.by_cosine) {
    COSENO_CHECK(score_by_cosine(model_, profile, scores));
  } else {
    model_.score(profile, scores);
  }
  Scratch scratch;
  mask(profile.history, selection, scratch, scores);
  return best_items(scores, selection.k);
}

std::span<const std::uint32_t> ListMaker::hidden(History history, const Selection& selection,
                                                 std::vector<std::uint32_t>& out) const {
  if (selection.options.include_seen || history.empty()) return selection.excluded;
  out.clear();
  for (const Interaction& seen : history) out.push_back(std::to_underlying(seen.item));
  out.insert(out.end(), selection.excluded.begin(), selection.excluded.end());
  std::ranges::sort(out);
  return out;
}

void ListMaker::mask(History history, const Selection& selection, Scratch& scratch,
                     std::span<float> scores) const {
  for (const std::uint32_t item : hidden(history, selection, scratch.hidden)) {
    if (item < scores.size()) scores[item] = kNeverScore;
  }
  if (selection.allowed.empty()) return;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if ((selection.allowed[i / 64] >> (i % 64) & 1) == 0) scores[i] = kNeverScore;
  }
}

RetrieverRequest ListMaker::request(std::span<const float> vector, History history,
                                    const Selection& selection,
                                    std::vector<std::uint32_t>& out) const {
  return {.vector = vector,
          .k = selection.k,
          .filter = {.excluded = hidden(history, selection, out), .allowed = selection.allowed}};
}

Ranking ListMaker::searched_list(std::span<const float> vector, History history,
                                 const Selection& selection) const {
  std::vector<std::uint32_t> hidden;
  ExactRetriever::Scratch scratch;
  return ranking_of(retriever().top(request(vector, history, selection, hidden), scratch));
}

const ExactRetriever& ListMaker::retriever() const {
  std::call_once(retriever_made_, [this] {
    retriever_ = std::make_unique<const ExactRetriever>(*model_.item_vectors());
  });
  return *retriever_;
}

const UserVectors& ListMaker::user_vectors() const {
  std::call_once(user_vectors_made_, [this] {
    user_vectors_ = std::make_unique<const UserVectors>(dataset_, model_);
    has_user_vectors_ = true;
  });
  return *user_vectors_;
}

// `asked(i)` tells who gets the i-th list.
template <class Who>
Result<void> ListMaker::make(std::size_t n, const Who& asked, const ListOptions& options,
                             const ManyLists& out, ThreadPool& pool, Progress& progress) const {
  const std::size_t n_items = model_.n_items();
  const std::size_t batch =
      std::clamp<std::size_t>(kBatchScores / std::max<std::size_t>(n_items, 1), 1, kBatchUsers);
  const Selection selection(options, n_items);
  std::vector<Scratch> of_worker(static_cast<std::size_t>(pool.n_threads()));

  const auto search_batch = [&](std::size_t begin, std::size_t end, Scratch& scratch) {
    const std::size_t n_lists = end - begin;
    scratch.looked.resize(n_lists);
    scratch.searches.resize(n_lists);
    scratch.found.resize(n_lists);
    scratch.requests.clear();
    for (std::size_t i = begin; i < end; ++i) {
      const Asked who = asked(i);
      Looked& looked = scratch.looked[i - begin];
      std::span<const float> vector;
      if (who.user) {
        vector = user_vectors().of(*who.user, looked.vector);
      } else {
        looked.vector = model_.user_vector(who.profile);
        vector = looked.vector;
      }
      scratch.requests.push_back(request(vector, who.profile.history, selection, looked.hidden));
    }
    retriever().top_many(scratch.requests, scratch.searches, scratch.found);
    for (std::size_t i = begin; i < end; ++i) {
      Row(out, i, options.k).write(scratch.found[i - begin]);
    }
  };
  const auto score_batch = [&](std::size_t begin, std::size_t end, Scratch& scratch) {
    scratch.profiles.clear();
    for (std::size_t i = begin; i < end; ++i) scratch.profiles.push_back(asked(i).profile);
    scratch.scores.resize(batch * n_items);
    const auto row = [&](std::size_t i) {
      return std::span(scratch.scores).subspan((i - begin) * n_items, n_items);
    };
    if (options.by_cosine) {
      for (std::size_t i = begin; i < end; ++i) {
        COSENO_CHECK(score_by_cosine(model_, scratch.profiles[i - begin], row(i)));
      }
    } else {
      model_.score_many(scratch.profiles, std::span(scratch.scores).first((end - begin) * n_items));
    }
    for (std::size_t i = begin; i < end; ++i) {
      mask(scratch.profiles[i - begin].history, selection, scratch, row(i));
      Row(out, i, options.k).write(top_k(row(i), selection.k));
    }
  };

  for (std::size_t begin = 0; begin < n; begin += kSliceUsers) {
    progress.report("recommending", begin, n, "");
    if (progress.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
    pool.parallel_for(std::min(kSliceUsers, n - begin), batch,
                      [&](std::size_t from, std::size_t to, int worker) {
                        Scratch& scratch = of_worker[static_cast<std::size_t>(worker)];
                        if (is_searched(options)) {
                          search_batch(begin + from, begin + to, scratch);
                        } else {
                          score_batch(begin + from, begin + to, scratch);
                        }
                      });
  }
  progress.report("recommending", n, n, "");
  return {};
}

Result<void> ListMaker::lists(std::span<const UserIndex> users, const ListOptions& options,
                              const ManyLists& out, ThreadPool& pool, Progress& progress) const {
  const auto asked = [&](std::size_t i) { return Asked{profile_of(dataset_, users[i]), users[i]}; };
  return make(users.size(), asked, options, out, pool, progress);
}

Result<void> ListMaker::lists(std::span<const History> histories, const ListOptions& options,
                              const ManyLists& out, ThreadPool& pool, Progress& progress) const {
  const auto asked = [&](std::size_t i) { return Asked{Profile{histories[i]}, std::nullopt}; };
  return make(histories.size(), asked, options, out, pool, progress);
}

}  // namespace coseno
