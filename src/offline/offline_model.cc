#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/caller_progress.h"
#include "base/error.h"
#include "base/thread_count.h"
#include "base/thread_pool.h"
#include "coseno/offline.h"
#include "evaluation/auto_model.h"
#include "models/fitted_model.h"
#include "models/tensor_file.h"
#include "offline/history_rows.h"
#include "offline/list_maker.h"
#include "offline/ratings_data.h"

namespace coseno {
namespace {

// So few lists are made before another thread has started.
constexpr std::size_t kListsOfOneThread = 16;

float mean_value(const UserItemMatrix& matrix) {
  if (!matrix.has_values() || matrix.n_entries() == 0) return 1;
  double sum = 0;
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& one : matrix.user(static_cast<UserIndex>(u))) sum += one.value;
  }
  return static_cast<float>(sum / static_cast<double>(matrix.n_entries()));
}

bool has_any_time(const UserItemMatrix& matrix) {
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    const History history = matrix.user(static_cast<UserIndex>(u));
    if (std::ranges::any_of(history, [](const Interaction& one) { return one.time != 0; })) {
      return true;
    }
  }
  return false;
}

Result<void> check_item(std::uint32_t item, std::size_t n_items, ErrorCode code) {
  if (item < n_items) return {};
  return make_error(code, "there is no item {}, of {}", item, n_items);
}

// The items in their order, of one that stands twice the last. Errors: invalid_argument.
Result<std::vector<Interaction>> history_of(std::span<const std::uint32_t> items,
                                            std::span<const float> values, float usual_value,
                                            std::size_t n_items) {
  if (!values.empty() && values.size() != items.size()) {
    return invalid_argument("the history has {} items, but {} values", items.size(), values.size());
  }
  std::vector<Interaction> history;
  for (std::size_t i = 0; i < items.size(); ++i) {
    COSENO_TRY(check_item(items[i], n_items, ErrorCode::invalid_argument));
    const float value = values.empty() ? usual_value : values[i];
    if (!std::isfinite(value)) {
      return invalid_argument("history, item {}: value must be finite, not {}", items[i], value);
    }
    const auto item = static_cast<ItemIndex>(items[i]);
    std::erase_if(history, [&](const Interaction& one) { return one.item == item; });
    history.push_back({item, value, 0});
  }
  return history;
}

std::vector<ListedItem> listed(const Ranking& ranking) {
  std::vector<ListedItem> items;
  items.reserve(ranking.size());
  for (const ScoredItem& one : ranking) items.push_back({std::to_underlying(one.item), one.score});
  return items;
}

Result<void> check_user(std::uint32_t user, std::size_t n_users, ErrorCode code) {
  if (user < n_users) return {};
  return make_error(code, "there is no user {}, of {}", user, n_users);
}

Result<void> check_size(const ManyLists& out, std::size_t n, std::size_t k) {
  if (k != 0 && out.items.size() / k == n && out.items.size() % k == 0 &&
      out.scores.size() == out.items.size()) {
    return {};
  }
  return invalid_argument("out must have {} x {} items and scores, not {} and {}", n, k,
                          out.items.size(), out.scores.size());
}

}  // namespace

struct OfflineModel::Data {
  Data(Ratings fitted_to, std::unique_ptr<Model> fitted, Settings given, std::uint64_t of_seed,
       std::string name = {})
      : ratings(std::move(fitted_to)),
        model(std::move(fitted)),
        settings(std::move(given)),
        seed(of_seed),
        called(std::move(name)),
        usual_value(mean_value(dataset().matrix)),
        lists(dataset(), *model) {}
  explicit Data(FittedModel file)
      : Data(ratings_of(std::move(file.dataset)), std::move(file.model), std::move(file.settings),
             file.seed, std::move(file.name)) {}

  static Ratings ratings_of(Dataset dataset) {
    const bool has_times = has_any_time(dataset.matrix);
    RatingsData data{.dataset = std::move(dataset), .has_times = has_times};
    return Ratings(std::make_shared<const Ratings::Data>(std::move(data)));
  }

  const Dataset& dataset() const { return ratings.data_->dataset; }
  FittedParts parts() const { return {dataset(), *model, settings, seed, called}; }
  std::size_t n_users() const { return dataset().users.size(); }
  std::size_t n_items() const { return model->n_items(); }

  Ratings ratings;
  std::unique_ptr<const Model> model;
  Settings settings;
  std::uint64_t seed;
  std::string called;  // as FittedModel::name
  float usual_value;   // of an item in a history that comes without values
  ListMaker lists;
};

OfflineModel::OfflineModel(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

Result<OfflineModel> OfflineModel::fit(std::string_view model, const Ratings& ratings,
                                       const FitOptions& options) {
  COSENO_TRY(check_threads(options.n_threads));
  COSENO_ASSIGN(asked, find_model_or_auto(model));
  COSENO_TRY(asked->check(options.settings));
  ThreadPool pool(options.n_threads);
  CallerProgress progress(options.watch);
  FitContext context{pool, progress, options.seed};
  const Dataset& dataset = ratings.data_->dataset;
  COSENO_ASSIGN(choice, resolve_model(model, dataset, options.settings, context));
  COSENO_ASSIGN(info, find_model(choice.model));
  COSENO_ASSIGN(fitted, info->fit(dataset, choice.settings, context));
  return OfflineModel(std::make_shared<const Data>(ratings, std::move(fitted),
                                                   std::move(choice.settings), options.seed));
}

Result<OfflineModel> OfflineModel::load(const std::string& path) {
  COSENO_ASSIGN(file, load_model(path));
  return OfflineModel(std::make_shared<const Data>(std::move(file)));
}

Result<OfflineModel> OfflineModel::from_bytes(std::string_view bytes) {
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes.data());
  COSENO_ASSIGN(file, TensorFile::parse({begin, begin + bytes.size()}, "model"));
  COSENO_ASSIGN(fitted, load_model(file));
  return OfflineModel(std::make_shared<const Data>(std::move(fitted)));
}

Result<void> OfflineModel::save(const std::string& path) const {
  return save_model(data_->parts(), path);
}

Result<std::string> OfflineModel::to_bytes() const { return model_bytes(data_->parts()); }

std::string_view OfflineModel::name() const { return data_->model->name(); }
const Settings& OfflineModel::settings() const { return data_->settings; }
std::uint64_t OfflineModel::seed() const { return data_->seed; }
const Ratings& OfflineModel::ratings() const { return data_->ratings; }

Result<std::vector<ListedItem>> OfflineModel::recommend(std::string_view user,
                                                        const ListOptions& options) const {
  COSENO_TRY(data_->lists.check(options));
  const std::optional<UserIndex> known = data_->dataset().users.find(user);
  return listed(known ? data_->lists.list(*known, options) : data_->lists.popular_list(options));
}

Result<std::vector<ListedItem>> OfflineModel::recommend(std::uint32_t user,
                                                        const ListOptions& options) const {
  COSENO_TRY(data_->lists.check(options));
  COSENO_TRY(check_user(user, data_->n_users(), ErrorCode::invalid_argument));
  return listed(data_->lists.list(UserIndex{user}, options));
}

Result<std::vector<ListedItem>> OfflineModel::recommend(std::span<const std::uint32_t> items,
                                                        std::span<const float> values,
                                                        const ListOptions& options) const {
  COSENO_TRY(data_->lists.check(options));
  COSENO_ASSIGN(history, history_of(items, values, data_->usual_value, data_->n_items()));
  return listed(data_->lists.list(Profile{history}, options));
}

Result<void> OfflineModel::recommend_many(std::span<const std::uint32_t> users,
                                          const ListOptions& options, const ManyLists& out,
                                          int n_threads, const OfflineProgress& watch) const {
  COSENO_TRY(check_threads(n_threads));
  COSENO_TRY(data_->lists.check(options));
  COSENO_TRY(check_size(out, users.size(), options.k));
  std::vector<UserIndex> numbers;
  numbers.reserve(users.size());
  for (const std::uint32_t user : users) {
    COSENO_TRY(check_user(user, data_->n_users(), ErrorCode::invalid_argument));
    numbers.push_back(UserIndex{user});
  }
  ThreadPool pool(users.size() <= kListsOfOneThread ? 1 : n_threads);
  CallerProgress progress(watch);
  return data_->lists.lists(numbers, options, out, pool, progress);
}

Result<void> OfflineModel::recommend_many(const SparseRows& histories, const ListOptions& options,
                                          const ManyLists& out, int n_threads,
                                          const OfflineProgress& watch) const {
  COSENO_TRY(check_threads(n_threads));
  COSENO_TRY(data_->lists.check(options));
  COSENO_TRY(check_size(out, histories.n_rows, options.k));
  if (histories.n_columns != data_->n_items()) {
    return invalid_argument("histories have {} columns, where the model has {} items",
                            histories.n_columns, data_->n_items());
  }
  COSENO_ASSIGN(histories_of_rows, history_rows(histories));
  ThreadPool pool(histories.n_rows <= kListsOfOneThread ? 1 : n_threads);
  CallerProgress progress(watch);
  return data_->lists.lists(histories_of_rows.rows, options, out, pool, progress);
}

Result<std::vector<ListedItem>> OfflineModel::similar_items(std::uint32_t item,
                                                            std::size_t k) const {
  COSENO_TRY(check_item(item, data_->n_items(), ErrorCode::not_found));
  const std::size_t most = std::min(k, data_->n_items());
  return listed(data_->model->similar_items(ItemIndex{item}, most));
}

Result<std::vector<ListedItem>> OfflineModel::similar_users(std::uint32_t user,
                                                            std::size_t k) const {
  COSENO_TRY(check_user(user, data_->n_users(), ErrorCode::not_found));
  if (!data_->model->item_vectors()) {
    return invalid_argument("{} has no vectors to compare users by", name());
  }
  COSENO_TRY(make_user_vectors());
  const MatrixView vectors = data_->lists.user_vectors().all();
  // Rows are users here, and the row of a user is what it takes for an item.
  return listed(similar_by_cosine(vectors, ItemIndex{user}, std::min(k, vectors.n_rows)));
}

bool OfflineModel::predicts_ratings() const { return data_->model->predicts_ratings(); }

Result<void> OfflineModel::predict(std::uint32_t user, std::span<const std::uint32_t> items,
                                   std::span<float> out) const {
  if (!predicts_ratings()) return invalid_argument("{} predicts no ratings", name());
  COSENO_TRY(check_user(user, data_->n_users(), ErrorCode::invalid_argument));
  if (out.size() != items.size()) {
    return invalid_argument("out has {} places for {} items", out.size(), items.size());
  }
  std::vector<ItemIndex> numbers;
  numbers.reserve(items.size());
  for (const std::uint32_t item : items) {
    COSENO_TRY(check_item(item, data_->n_items(), ErrorCode::invalid_argument));
    numbers.push_back(ItemIndex{item});
  }
  data_->model->predict(profile_of(data_->dataset(), UserIndex{user}), numbers, out);
  return {};
}

namespace {

VectorsView view_of(MatrixView vectors, std::size_t length) {
  return {.data = vectors.data, .n_rows = vectors.n_rows, .dim = length, .stride = vectors.dim};
}

}  // namespace

VectorsView OfflineModel::item_vectors() const {
  const std::optional<MatrixView> vectors = data_->model->item_vectors();
  if (!vectors) return {};
  return view_of(*vectors, data_->model->vector_length());
}

VectorsView OfflineModel::user_vectors() const {
  if (!data_->model->item_vectors() || !make_user_vectors()) return {};
  return view_of(data_->lists.user_vectors().all(), data_->model->vector_length());
}

Result<void> OfflineModel::make_user_vectors(int n_threads, const OfflineProgress& watch) const {
  COSENO_TRY(check_threads(n_threads));
  if (!data_->model->item_vectors()) return {};
  const UserVectors& vectors = data_->lists.user_vectors();
  if (vectors.is_complete()) return {};
  ThreadPool pool(n_threads);
  CallerProgress progress(watch);
  return vectors.make_all(pool, progress);
}

}  // namespace coseno
