#include "models/histories_file.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr const char* kBegin = "histories.begin";
constexpr const char* kItemsOfHistories = "histories.items";
constexpr const char* kTimesOfHistories = "histories.times";
constexpr const char* kNItems = "histories.n_items";

// Item numbers are 32-bit.
constexpr std::size_t kMostItems = std::size_t{1} << 31;

}  // namespace

Histories histories_of(const UserItemMatrix& matrix) {
  Histories histories;
  histories.n_items = matrix.n_items();
  histories.items.reserve(matrix.n_entries());
  histories.times.reserve(matrix.n_entries());
  histories.begin.reserve(matrix.n_users() + 1);
  for (std::size_t u = 0; u < matrix.n_users(); ++u) {
    for (const Interaction& act : matrix.user(static_cast<UserIndex>(u))) {
      histories.items.push_back(std::to_underlying(act.item));
      histories.times.push_back(act.time);
    }
    histories.begin.push_back(histories.items.size());
  }
  return histories;
}

Result<void> write_histories(const Histories& histories, const std::string& path) {
  TensorFileWriter file;
  const std::vector<std::int64_t> begin(histories.begin.begin(), histories.begin.end());
  file.add(kBegin, {begin.size()}, std::span(begin));
  file.add(kItemsOfHistories, {histories.items.size()}, std::span(histories.items));
  file.add(kTimesOfHistories, {histories.times.size()}, std::span(histories.times));
  file.set_metadata(kNItems, fmt::format("{}", histories.n_items));
  return file.write(path);
}

Result<Histories> read_histories(const std::string& path) {
  COSENO_ASSIGN(file, TensorFile::read(path));
  COSENO_ASSIGN(begin, file.int64s(kBegin, {TensorFile::kAny}));
  COSENO_ASSIGN(items, file.uint32s(kItemsOfHistories, {TensorFile::kAny}));
  COSENO_ASSIGN(times, file.int64s(kTimesOfHistories, {items.size()}));
  COSENO_ASSIGN(n_items, file.metadata(kNItems));
  const auto corrupt = [&](std::string_view what) {
    return make_error(ErrorCode::corrupt, "{}: {}", path, what);
  };
  Histories histories;
  const char* const end = n_items.data() + n_items.size();
  const auto [rest, error] = std::from_chars(n_items.data(), end, histories.n_items);
  if (error != std::errc() || rest != end || histories.n_items > kMostItems) {
    return corrupt("histories.n_items is no number of items");
  }
  if (begin.empty() || begin.front() != 0 || !std::ranges::is_sorted(begin) ||
      begin.back() != static_cast<std::int64_t>(items.size())) {
    return corrupt("histories.begin does not divide histories.items");
  }
  if (std::ranges::any_of(items, [&](std::uint32_t item) { return item >= histories.n_items; })) {
    return corrupt("histories.items has an item that is not below histories.n_items");
  }
  histories.begin.assign(begin.begin(), begin.end());
  histories.items.assign(items.begin(), items.end());
  histories.times.assign(times.begin(), times.end());
  return histories;
}

}  // namespace coseno
