#include "models/session_index.h"

#include <string>
#include <utility>

#include "models/act_weights.h"
#include "models/sparse_rows.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

std::string rows_name(std::string_view model) { return fmt::format("{}.sessions", model); }
std::string times_name(std::string_view model) { return fmt::format("{}.sessions.times", model); }

}  // namespace

SessionIndex::SessionIndex(FeatureMatrix acts, std::vector<std::int64_t> times, std::size_t n_items)
    : acts_(std::move(acts)), times_(std::move(times)) {
  index_items(n_items);
}

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
  save_sparse_rows(rows_name(model), acts_, n_sessions(), file);
  file.add(times_name(model), {n_sessions()}, times_);
}

Result<SessionIndex> SessionIndex::load(std::string_view model, const TensorFile& file,
                                        std::size_t n_items) {
  COSENO_ASSIGN(n_sessions, load_length(file, times_name(model)));
  COSENO_ASSIGN(times, file.int64s(times_name(model), {n_sessions}));
  if (!std::ranges::is_sorted(times)) {
    return make_error(ErrorCode::corrupt, "{}: tensor '{}' does not rise", file.path(),
                      times_name(model));
  }
  COSENO_ASSIGN(acts,
                load_sparse_rows(file, rows_name(model), n_sessions, n_items, RowOrder::free));
  for (std::size_t s = 0; s < n_sessions; ++s) {
    const FeatureRow row = acts.row(s);
    const bool is_sound = !row.empty() && std::ranges::all_of(row, [](const Feature& act) {
      return act.weight >= 0;
    });
    if (!is_sound) {
      return make_error(ErrorCode::corrupt,
                        "{}: '{}': session {} is empty, or a weight out of [0, 10^6]", file.path(),
                        rows_name(model), s);
    }
  }
  return SessionIndex(std::move(acts), {times.begin(), times.end()}, n_items);
}

}  // namespace coseno
