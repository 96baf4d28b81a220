#include "models/session_index.h"

#include <string>
#include <utility>

#include "models/act_weights.h"
#include "models/sparse_rows.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

std::string begin_tensor(std::string_view model) { return fmt::format("{}.sessions.begin", model); }
std::string items_name(std::string_view model) { return fmt::format("{}.sessions.items", model); }
std::string weights_tensor(std::string_view model) {
  return fmt::format("{}.sessions.weights", model);
}
std::string times_name(std::string_view model) { return fmt::format("{}.sessions.times", model); }

// Far above what an act weighs.
constexpr float kMaxSessionWeight = 1e6F;

// As UserItemMatrix has it of one user, whose sessions these may be.
bool has_twice(std::span<const std::uint32_t> items) {
  std::vector<std::uint32_t> sorted(items.begin(), items.end());
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) != sorted.end();
}

}  // namespace

SessionIndex::SessionIndex(std::span<const Session> sessions, std::size_t n_items) {
  std::vector<std::size_t> begin = {0};
  std::vector<Feature> acts;
  for (const Session& session : sessions) {
    acts.insert(acts.end(), session.acts.begin(), session.acts.end());
    begin.push_back(acts.size());
    times_.push_back(session.time);
  }
  acts_ = FeatureMatrix(std::move(begin), std::move(acts), n_items);
  index_items(n_items);
}

void SessionIndex::index_items(std::size_t n_items) {
  item_begin_.assign(n_items + 1, 0);
  for (std::uint32_t s = 0; s < n_sessions(); ++s) {
    for (const Feature& act : acts(s)) ++item_begin_[act.index + 1];
  }
  for (std::size_t i = 0; i < n_items; ++i) item_begin_[i + 1] += item_begin_[i];
  places_.resize(item_begin_.back());
  std::vector<std::size_t> next(item_begin_.begin(), item_begin_.end() - 1);
  for (auto s = static_cast<std::uint32_t>(n_sessions()); s-- > 0;) {
    const FeatureRow row = acts(s);
    for (std::uint32_t n = 0; n < row.size(); ++n) places_[next[row[n].index]++] = {s, n};
  }
}

void SessionIndex::save(std::string_view model, TensorFileWriter& file) const {
  std::vector<std::int64_t> begin = {0};
  std::vector<std::uint32_t> items;
  std::vector<float> weights;
  for (std::uint32_t s = 0; s < n_sessions(); ++s) {
    for (const Feature& act : acts(s)) {
      items.push_back(act.index);
      weights.push_back(act.weight);
    }
    begin.push_back(static_cast<std::int64_t>(items.size()));
  }
  const std::size_t n_acts = items.size();
  file.add(begin_tensor(model), {n_sessions() + 1}, std::move(begin));
  file.add(times_name(model), {n_sessions()}, times_);
  file.add(items_name(model), {n_acts}, std::move(items));
  file.add(weights_tensor(model), {n_acts}, std::move(weights));
}

Result<SessionIndex> SessionIndex::load(std::string_view model, const TensorFile& file,
                                        std::size_t n_items) {
  COSENO_ASSIGN(n_sessions, load_length(file, times_name(model)));
  COSENO_ASSIGN(n_acts, load_length(file, items_name(model)));
  COSENO_ASSIGN(begin, load_row_begins(file, begin_tensor(model), n_sessions, n_acts));
  COSENO_ASSIGN(times, file.int64s(times_name(model), {n_sessions}));
  COSENO_ASSIGN(items, file.uint32s(items_name(model), {n_acts}));
  COSENO_ASSIGN(weights, file.floats(weights_tensor(model), {n_acts}));
  if (!std::ranges::is_sorted(times)) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' does not rise", file.path(),
                      times_name(model));
  }
  if (!std::ranges::all_of(items, [&](std::uint32_t item) { return item < n_items; })) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' holds an item that is not below {}",
                      file.path(), items_name(model), n_items);
  }
  if (!std::ranges::all_of(weights, [](float w) { return w >= 0 && w <= kMaxSessionWeight; })) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' is out of [0, {}]", file.path(),
                      weights_tensor(model), kMaxSessionWeight);
  }
  std::vector<Session> sessions(n_sessions);
  for (std::size_t s = 0; s < n_sessions; ++s) {
    const auto first = static_cast<std::size_t>(begin[s]);
    const auto size = static_cast<std::size_t>(begin[s + 1]) - first;
    if (size == 0 || has_twice(items.subspan(first, size))) {
      return make_error(ErrorCode::corrupt,
                        "{}: tensor '{}': session {} is empty or has an item twice", file.path(),
                        items_name(model), s);
    }
    sessions[s].time = times[s];
    for (std::size_t n = first; n < first + size; ++n) {
      sessions[s].acts.push_back({items[n], weights[n]});
    }
  }
  return SessionIndex(sessions, n_items);
}

}  // namespace coseno
