// A model fitted once to ratings in memory: no data folder, no events, no server. What a program
// does with the tutorial's JSON matrix, or a notebook with a sparse matrix.
//
//   auto ratings = coseno::Ratings::read("ratings.json");
//   auto model = coseno::OfflineModel::fit("biased_mf", *ratings, {});
//   auto list = model->recommend("ann", {.k = 10, .by_cosine = true});
//
// Users and items have ids, and dense numbers from 0 in the order in which they first came; a
// function that takes ids and one that takes numbers do the same. For events that count at once see
// coseno/engine.h.
//
// Ratings and OfflineModel are immutable, and every function of a const one is thread-safe. Strings
// and arrays that are passed in are looked at until the call returns. Copies share what they hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coseno/error.h"

namespace coseno {

// Who gave what which value.
struct Rating {
  std::string_view user;                    // 1 to 512 bytes of UTF-8
  std::string_view item;                    // the same
  float value = 1;                          // finite: a rating, a count; 1 for a plain act
  std::optional<std::int64_t> time_s = {};  // Unix seconds
};

// A sparse matrix in compressed rows, as SciPy has it: row r has the entries [row_begin[r],
// row_begin[r + 1]) of `columns` and `values`. Columns need not be sorted; one twice in a row adds
// up. Views.
struct SparseRows {
  std::size_t n_rows = 0;
  std::size_t n_columns = 0;
  std::span<const std::int64_t> row_begin;  // n_rows + 1
  std::span<const std::int32_t> columns;    // each in [0, n_columns)
  std::span<const float> values = {};       // finite; none: each is 1
};

// How long work goes, and whether it is to stop. Both are called from the thread that called.
struct OfflineProgress {
  std::function<void(std::string_view stage, double share)> progress = {};
  std::function<bool()> cancelled = {};
};

struct ReadRatingsOptions {
  // "json-matrix", "json-lines", "csv", "tsv", "double-colon", "user-lines"; empty: found by
  // looking.
  std::string format = {};
  std::string repeats = "last";  // of one user with one item: "last", "first", "sum", "max"
  // Files of titles and properties (docs/formats.md), which `content` learns from; empty: none.
  std::string items = {};
  std::string users = {};
  OfflineProgress watch = {};
};

class Ratings {
 public:
  // Errors: not_found, io, corrupt, cancelled, invalid_argument with file, line and column.
  static Result<Ratings> read(const std::string& path, const ReadRatingsOptions& options = {});
  // The same from text in memory, which errors call "text".
  static Result<Ratings> parse(std::string_view text, const ReadRatingsOptions& options = {});
  // Where every value is 1 they are plain acts. All have a time, or none has. Errors:
  // invalid_argument, which tells the place in `ratings`.
  static Result<Ratings> from(std::span<const Rating> ratings, std::string_view repeats = "last");
  // Row r is the user with the number r and the id "r", a column the item likewise, those without
  // an entry too. An entry of value 0 is none, as in a sparse matrix. Where every value is 1 they
  // are plain acts. Errors: invalid_argument, unavailable (memory).
  static Result<Ratings> from(const SparseRows& matrix);

  std::size_t n_users() const;
  std::size_t n_items() const;
  std::size_t size() const;  // pairs of a user and an item
  // False where all are plain acts.
  bool has_values() const;

  // Ids by number, empty where there is no such number; and back, nullopt where nobody has it.
  // Views live as long as this.
  std::string_view user(std::uint32_t number) const;
  std::string_view item(std::uint32_t number) const;
  std::optional<std::uint32_t> find_user(std::string_view id) const;
  std::optional<std::uint32_t> find_item(std::string_view id) const;

 private:
  friend class OfflineModel;
  friend Result<std::vector<struct ModelQuality>> evaluate(const Ratings& ratings,
                                                           const struct EvaluateRequest& request);
  struct Data;
  explicit Ratings(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;
};

// A model that there is, and what may be set.
struct ModelOption {
  std::string name;
  std::string default_value;
  std::string range;  // "1..512", "true or false", "als or gibbs"
  std::string help;
  bool is_whole = false;  // takes whole numbers only
};
struct ModelDescription {
  std::string name;
  std::string summary;
  bool predicts_ratings = false;
  bool has_vectors = false;
  std::vector<ModelOption> options;
};
// In the order of docs/algorithms.md, "auto" last.
std::vector<ModelDescription> models();

struct FitOptions {
  std::map<std::string, std::string, std::less<>> settings = {};  // docs/algorithms.md
  std::uint64_t seed = 1;
  int n_threads = 0;  // 0: one a core. The result does not depend on it.
  OfflineProgress watch = {};
};

struct ListOptions {
  std::size_t k = 10;         // at least 1
  bool by_cosine = false;     // by the cosine of vectors; refused where there are none
  bool include_seen = false;  // of the user, or of the history that is given
  // Items that may not be in the list, and those that alone may (empty: all): numbers, any order.
  std::span<const std::uint32_t> excluded = {};
  std::span<const std::uint32_t> allowed = {};
};

struct ListedItem {
  std::uint32_t number;
  float score;
};

// Many lists, row after row. Short lists are filled up with kNoItem and the lowest float.
constexpr std::int32_t kNoItem = -1;
struct ManyLists {
  std::span<std::int32_t> items;  // n x k, written
  std::span<float> scores;        // n x k, written
};

// n_rows x dim floats, row after row, that the model keeps.
struct VectorsView {
  const float* data = nullptr;
  std::size_t n_rows = 0;
  std::size_t dim = 0;
  std::size_t stride = 0;  // floats from one row to the next, at least dim
};

class OfflineModel {
 public:
  // "auto", or a model of models(). Errors: not_found (no such model), invalid_argument (settings,
  // or ratings that it cannot learn from), cancelled, unavailable (memory).
  static Result<OfflineModel> fit(std::string_view model, const Ratings& ratings,
                                  const FitOptions& options = {});
  // A model file, as `coseno fit` writes it and the program reads it. Errors: io, corrupt.
  static Result<OfflineModel> load(const std::string& path);
  // The same from bytes in memory: for pickle and the like. Errors: corrupt.
  static Result<OfflineModel> from_bytes(std::string_view bytes);
  Result<void> save(const std::string& path) const;
  Result<std::string> to_bytes() const;

  std::string_view name() const;  // of what was chosen, where it was "auto"
  const std::map<std::string, std::string, std::less<>>& settings() const;
  std::uint64_t seed() const;
  // What it was fitted to: who the numbers are, and histories.
  const Ratings& ratings() const;

  // Best first; without what the user has had, unless options say so. A user whom nobody knows gets
  // the popular items. Errors: invalid_argument.
  Result<std::vector<ListedItem>> recommend(std::string_view user,
                                            const ListOptions& options = {}) const;
  Result<std::vector<ListedItem>> recommend(std::uint32_t user,
                                            const ListOptions& options = {}) const;
  // From a history in place of a user's own: item numbers, oldest first, with values or none; then
  // each counts as the mean of those that the model was fitted to. Of an item twice the last
  // counts.
  Result<std::vector<ListedItem>> recommend(std::span<const std::uint32_t> items,
                                            std::span<const float> values,
                                            const ListOptions& options = {}) const;
  // One list a user of `users`, or a row of `histories` (as many columns as items), on n_threads
  // threads (0: one a core); the same as one by one, but sooner: several users are scored at once.
  // Errors: invalid_argument, cancelled.
  Result<void> recommend_many(std::span<const std::uint32_t> users, const ListOptions& options,
                              const ManyLists& out, int n_threads = 0,
                              const OfflineProgress& watch = {}) const;
  Result<void> recommend_many(const SparseRows& histories, const ListOptions& options,
                              const ManyLists& out, int n_threads = 0,
                              const OfflineProgress& watch = {}) const;

  // The k items most alike, without the item itself. Errors: not_found (no such number).
  Result<std::vector<ListedItem>> similar_items(std::uint32_t item, std::size_t k) const;
  // The k users whose vectors have the largest cosine with the user's. Errors: not_found;
  // invalid_argument where the model has no vectors.
  Result<std::vector<ListedItem>> similar_users(std::uint32_t user, std::size_t k) const;

  // The rating that the user would give each of `items`. Errors: invalid_argument where the model
  // predicts none. out: items.size() floats.
  bool predicts_ratings() const;
  Result<void> predict(std::uint32_t user, std::span<const std::uint32_t> items,
                       std::span<float> out) const;

  // One vector an item, and one a user: row by number. Users' are made of histories when first
  // asked for, and kept. No rows where the model has no vectors. Views live as long as this, and
  // copies of it.
  VectorsView item_vectors() const;
  // Makes all users' vectors, on n_threads threads (0: one a core), so that user_vectors(),
  // similar_users() and recommend_many() find them there. Errors: cancelled.
  Result<void> make_user_vectors(int n_threads = 0, const OfflineProgress& watch = {}) const;
  VectorsView user_vectors() const;

 private:
  struct Data;
  explicit OfflineModel(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;
};

struct EvaluateRequest {
  std::vector<std::string> models = {};  // empty: all that can learn from the ratings
  // Of each model that is named; may be empty.
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> settings = {};
  std::size_t k = 10;
  // docs/evaluation.md: "random", "leave-last-out", "temporal", "k-fold", "strong".
  std::string protocol = "random";
  double fraction = 0.2;
  int folds = 5;
  // Held-out ratings of at least this are relevant.
  float relevant_from = std::numeric_limits<float>::lowest();
  bool by_cosine = false;  // models with vectors
  std::uint64_t seed = 1;
  int n_threads = 0;
  OfflineProgress watch = {};
};

// How good one model is on what was held out.
struct ModelQuality {
  std::string model;
  // By name, in the order of tables: "precision", "recall", ..., "rmse", "mae". A metric that does
  // not apply to the model is left out.
  std::vector<std::pair<std::string, double>> metrics;
  double fit_s = 0;
  double latency_p50_s = 0;
};

// Each model fitted to a part of the ratings and judged by the rest, popularity always among them.
// `settings` of a model that is not judged are refused. Errors: not_found, invalid_argument,
// cancelled.
Result<std::vector<ModelQuality>> evaluate(const Ratings& ratings, const EvaluateRequest& request);

}  // namespace coseno
