#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "base/caller_progress.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/interaction_builder.h"
#include "data/interaction_readers.h"
#include "data/text_values.h"
#include "data/utf8.h"
#include "offline/history_rows.h"
#include "offline/ratings_data.h"

namespace coseno {
namespace {

// Of an id of some digits, with its place in the table of ids, and the begin of its row.
constexpr double kNumberedIdBytes = 72;

Result<RepeatRule> rule_of(std::string_view name) {
  if (const auto rule = repeat_rule(name)) return *rule;
  return invalid_argument("repeats must be last, first, sum or max, not {}", name);
}

Result<ReadOptions> format_of(const std::string& name) {
  if (name.empty()) return ReadOptions{};
  const auto format = interaction_format(name);
  if (format) return ReadOptions{.format = format};
  return invalid_argument(
      "format must be json-matrix, json-lines, csv, tsv, double-colon or user-lines, not {}", name);
}

Result<void> check_id(std::string_view what, std::size_t place, std::string_view id) {
  if (!is_valid_id(id)) return invalid_argument("rating {}: {}", place, id_trouble(what, id));
  if (find_invalid_utf8(id)) return invalid_argument("rating {}: the {} is no UTF-8", place, what);
  return {};
}

Result<void> check_rating(const Rating& rating, std::size_t place, bool has_times) {
  COSENO_TRY(check_id("user id", place, rating.user));
  COSENO_TRY(check_id("item id", place, rating.item));
  if (!std::isfinite(rating.value)) {
    return invalid_argument("rating {}: value must be a finite number, not {}", place,
                            rating.value);
  }
  if (rating.time_s.has_value() != has_times) {
    return invalid_argument("rating {}: has {} time, where rating 0 has {}", place,
                            has_times ? "no" : "a", has_times ? "one" : "none");
  }
  return {};
}

// Numbers, written out, for ids.
template <class Index>
IdMap<Index> numbered_ids(std::size_t n) {
  IdMap<Index> ids;
  for (std::size_t i = 0; i < n; ++i) {
    const fmt::format_int digits(i);
    ids.add({digits.data(), digits.size()});
  }
  return ids;
}

Result<Catalog> read_catalog_if_any(const std::string& path, Progress& progress) {
  if (path.empty()) return Catalog();
  return read_catalog(path, progress);
}

// `open` gives the source of the ratings.
template <class Open>
Result<RatingsData> read_from(const Open& open, const ReadRatingsOptions& options) {
  CallerProgress progress(options.watch);
  COSENO_ASSIGN(rule, rule_of(options.repeats));
  COSENO_ASSIGN(format, format_of(options.format));
  COSENO_ASSIGN(items, read_catalog_if_any(options.items, progress));
  COSENO_ASSIGN(users, read_catalog_if_any(options.users, progress));
  COSENO_ASSIGN(source, open());
  COSENO_ASSIGN(interactions, read_interactions(std::move(source), format, progress));
  const bool has_times = interactions.has_times;
  RatingsData data{.dataset = make_dataset(std::move(interactions), rule, items, users),
                   .items = std::move(items),
                   .users = std::move(users),
                   .has_times = has_times};
  return data;
}

}  // namespace

Ratings::Ratings(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

Result<Ratings> Ratings::read(const std::string& path, const ReadRatingsOptions& options) {
  COSENO_ASSIGN(data, read_from([&] { return TextSource::open(path); }, options));
  return Ratings(std::make_shared<const Data>(std::move(data)));
}

Result<Ratings> Ratings::parse(std::string_view text, const ReadRatingsOptions& options) {
  const auto open = [&] { return Result<TextSource>(TextSource::from_memory("text", text)); };
  COSENO_ASSIGN(data, read_from(open, options));
  return Ratings(std::make_shared<const Data>(std::move(data)));
}

Result<Ratings> Ratings::from(std::span<const Rating> ratings, std::string_view repeats) {
  COSENO_ASSIGN(rule, rule_of(repeats));
  const bool has_times = !ratings.empty() && ratings.front().time_s.has_value();
  InteractionBuilder builder({}, {});
  builder.set_has_times(has_times);
  builder.set_has_values(
      std::ranges::any_of(ratings, [](const Rating& r) { return r.value != 1; }));
  for (std::size_t i = 0; i < ratings.size(); ++i) {
    const Rating& rating = ratings[i];
    COSENO_TRY(check_rating(rating, i, has_times));
    builder.add(builder.user(rating.user),
                {builder.item(rating.item), rating.value, rating.time_s.value_or(0)});
  }
  RatingsData data{.dataset = make_dataset(builder.take(), rule, {}, {}), .has_times = has_times};
  return Ratings(std::make_shared<const Data>(std::move(data)));
}

Result<Ratings> Ratings::from(const SparseRows& matrix) {
  const double needed = kNumberedIdBytes * (static_cast<double>(matrix.n_rows) +
                                            static_cast<double>(matrix.n_columns));
  if (const auto available = available_memory_bytes(); available && needed > *available) {
    return make_error(ErrorCode::unavailable,
                      "a matrix of {} x {} takes {:.1f} GB for its ids alone, and {:.1f} are free",
                      matrix.n_rows, matrix.n_columns, needed / 1e9, *available / 1e9);
  }
  COSENO_ASSIGN(rows, history_rows(matrix));
  std::vector<std::vector<Interaction>> histories;
  histories.reserve(matrix.n_rows);
  for (const History row : rows.rows) histories.emplace_back(row.begin(), row.end());
  RatingsData data;
  data.dataset.users = numbered_ids<UserIndex>(matrix.n_rows);
  data.dataset.items = numbered_ids<ItemIndex>(matrix.n_columns);
  data.dataset.matrix =
      UserItemMatrix::from_histories(histories, matrix.n_columns, rows.has_values);
  return Ratings(std::make_shared<const Data>(std::move(data)));
}

std::size_t Ratings::n_users() const { return data_->dataset.users.size(); }
std::size_t Ratings::n_items() const { return data_->dataset.items.size(); }
std::size_t Ratings::size() const { return data_->dataset.matrix.n_entries(); }
bool Ratings::has_values() const { return data_->dataset.matrix.has_values(); }

std::string_view Ratings::user(std::uint32_t number) const {
  return number < n_users() ? data_->dataset.users.id(UserIndex{number}) : std::string_view();
}

std::string_view Ratings::item(std::uint32_t number) const {
  return number < n_items() ? data_->dataset.items.id(ItemIndex{number}) : std::string_view();
}

std::optional<std::uint32_t> Ratings::find_user(std::string_view id) const {
  const std::optional<UserIndex> found = data_->dataset.users.find(id);
  return found ? std::optional(std::to_underlying(*found)) : std::nullopt;
}

std::optional<std::uint32_t> Ratings::find_item(std::string_view id) const {
  const std::optional<ItemIndex> found = data_->dataset.items.find(id);
  return found ? std::optional(std::to_underlying(*found)) : std::nullopt;
}

}  // namespace coseno
