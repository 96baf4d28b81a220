#include "evaluation/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/rng.h"

namespace coseno {
namespace {

constexpr std::array<std::pair<std::string_view, Protocol>, 4> kProtocols = {{
    {"random", Protocol::random},
    {"leave-last-out", Protocol::leave_last_out},
    {"temporal", Protocol::temporal},
    {"k-fold", Protocol::k_fold},
}};

// Keep the streams of the protocols apart (base/rng.h).
constexpr std::uint64_t kRandomStream = 1;
constexpr std::uint64_t kFoldStream = 2;

// One element an entry of a matrix, user after user: 1 where it is held out.
using HeldOut = std::vector<char>;

// 0 to n - 1.
std::size_t rounded_share(double fraction, std::size_t n) {
  const auto share = static_cast<std::size_t>(std::llround(fraction * static_cast<double>(n)));
  return std::min(share, n - 1);
}

// `positions` in random order.
void shuffle(std::span<std::size_t> positions, Rng& rng) {
  for (std::size_t i = positions.size(); i > 1; --i) {
    std::swap(positions[i - 1], positions[rng.below(i)]);
  }
}

HeldOut random_share(const UserItemMatrix& all, double fraction, std::uint64_t seed) {
  HeldOut held_out(all.n_entries());
  std::vector<std::size_t> positions(all.n_entries());
  std::iota(positions.begin(), positions.end(), 0);
  std::size_t begin = 0;
  for (std::size_t u = 0; u < all.n_users(); ++u) {
    const std::size_t size = all.user_size(static_cast<UserIndex>(u));
    if (size > 0) {
      const auto row = std::span(positions).subspan(begin, size);
      Rng rng(seed, kRandomStream, u);
      shuffle(row, rng);
      for (const std::size_t entry : row.first(rounded_share(fraction, size))) {
        held_out[entry] = 1;
      }
    }
    begin += size;
  }
  return held_out;
}

HeldOut newest_of_each_user(const UserItemMatrix& all) {
  HeldOut held_out(all.n_entries());
  std::size_t end = 0;
  for (std::size_t u = 0; u < all.n_users(); ++u) {
    const std::size_t size = all.user_size(static_cast<UserIndex>(u));
    end += size;
    if (size >= 2) held_out[end - 1] = 1;
  }
  return held_out;
}

HeldOut newest_of_all(const UserItemMatrix& all, double fraction) {
  std::vector<std::int64_t> times;  // of the entries in their order
  times.reserve(all.n_entries());
  for (std::size_t u = 0; u < all.n_users(); ++u) {
    for (const Interaction& entry : all.user(static_cast<UserIndex>(u))) {
      times.push_back(entry.time);
    }
  }
  std::vector<std::int64_t> sorted = times;
  const auto newest_in_training =
      sorted.end() - 1 - static_cast<std::ptrdiff_t>(rounded_share(fraction, sorted.size()));
  std::ranges::nth_element(sorted, newest_in_training);
  HeldOut held_out(times.size());
  std::ranges::transform(times, held_out.begin(),
                         [cut = *newest_in_training](std::int64_t time) { return time > cut; });
  return held_out;
}

// The fold of each entry.
std::vector<int> random_folds(std::size_t n_entries, int folds, std::uint64_t seed) {
  std::vector<std::size_t> positions(n_entries);
  std::iota(positions.begin(), positions.end(), 0);
  Rng rng(seed, kFoldStream);
  shuffle(positions, rng);
  std::vector<int> fold_of(n_entries);
  for (std::size_t i = 0; i < n_entries; ++i) {
    fold_of[positions[i]] = static_cast<int>(i % static_cast<std::size_t>(folds));
  }
  return fold_of;
}

// The number in `train_items` of each of `items`; those unknown there follow after its last.
std::vector<ItemIndex> numbers_in_training(const ItemIds& items, const ItemIds& train_items) {
  std::vector<ItemIndex> numbers(items.size());
  std::size_t next_unknown = train_items.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto known = train_items.find(items.id(static_cast<ItemIndex>(i)));
    numbers[i] = known ? *known : static_cast<ItemIndex>(next_unknown++);
  }
  return numbers;
}

struct Catalogs {
  const Catalog& items;
  const Catalog& users;
};

// `held_out[u]` is in any order, and its items have the numbers of `items`.
Split assemble(Interactions train, RepeatRule repeats,
               std::vector<std::vector<Interaction>> held_out, const ItemIds& items,
               const Catalogs& catalogs) {
  Split split;
  split.train = make_dataset(std::move(train), repeats, catalogs.items, catalogs.users);
  split.held_out = std::move(held_out);
  const std::vector<ItemIndex> numbers = numbers_in_training(items, split.train.items);
  for (std::vector<Interaction>& row : split.held_out) {
    for (Interaction& interaction : row) interaction.item = numbers[offset(interaction.item)];
    std::ranges::sort(row, {}, [](const Interaction& entry) { return offset(entry.item); });
  }
  return split;
}

// `all` is `source` with repeats joined.
Split divide(const Interactions& source, const UserItemMatrix& all, const HeldOut& is_held_out,
             const Catalogs& catalogs) {
  Interactions train;
  train.users = source.users;
  train.has_values = source.has_values;
  train.has_times = source.has_times;
  std::vector<std::vector<Interaction>> held_out(all.n_users());
  std::size_t entry = 0;
  for (std::size_t u = 0; u < all.n_users(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    for (Interaction interaction : all.user(user)) {
      if (is_held_out[entry++]) {
        held_out[u].push_back(interaction);
      } else {
        interaction.item = train.items.add(source.items.id(interaction.item));
        train.add(user, interaction);
      }
    }
  }
  // No pair is left twice: any rule does.
  Split split =
      assemble(std::move(train), RepeatRule::last, std::move(held_out), source.items, catalogs);
  split.has_ratings = source.has_values;
  return split;
}

Result<void> check_options(const SplitOptions& options) {
  if (!(options.fraction > 0 && options.fraction < 1)) {
    return invalid_argument("fraction must be above 0 and below 1, not {}", options.fraction);
  }
  if (options.folds < 2 || options.folds > 100) {
    return invalid_argument("folds must be in [2, 100], not {}", options.folds);
  }
  return {};
}

// The first pair that is on both sides is an error.
Result<void> check_disjoint(const Split& split) {
  const Dataset& train = split.train;
  std::vector<std::size_t> last_user(train.items.size(), train.users.size());
  for (std::size_t u = 0; u < split.held_out.size(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    for (const Interaction& known : train.matrix.user(user)) last_user[offset(known.item)] = u;
    for (const Interaction& held_out : split.held_out[u]) {
      const std::size_t item = offset(held_out.item);
      if (item >= last_user.size() || last_user[item] != u) continue;
      return invalid_argument("user '{}' and item '{}' are in both training and test",
                              train.users.id(user), train.items.id(held_out.item));
    }
  }
  return {};
}

// What each split holds out.
Result<std::vector<HeldOut>> parts_to_hold_out(const UserItemMatrix& all,
                                               const SplitOptions& options, bool has_times) {
  if (all.n_entries() == 0) return invalid_argument("there are no interactions to split");
  std::vector<HeldOut> parts;
  switch (options.protocol) {
    case Protocol::random:
      parts.push_back(random_share(all, options.fraction, options.seed));
      break;
    case Protocol::leave_last_out:
      parts.push_back(newest_of_each_user(all));
      break;
    case Protocol::temporal:
      if (!has_times) return invalid_argument("the temporal protocol needs times; there are none");
      parts.push_back(newest_of_all(all, options.fraction));
      break;
    case Protocol::k_fold: {
      const std::vector<int> fold_of = random_folds(all.n_entries(), options.folds, options.seed);
      for (int fold = 0; fold < options.folds; ++fold) {
        HeldOut& part = parts.emplace_back(all.n_entries());
        std::ranges::transform(fold_of, part.begin(), [fold](int of) { return of == fold; });
      }
      break;
    }
  }
  for (const HeldOut& part : parts) {
    if (std::ranges::count(part, 1) == 0) {
      return invalid_argument("of {} interactions there is nothing to hold out by this protocol",
                              all.n_entries());
    }
  }
  return parts;
}

}  // namespace

std::optional<Protocol> protocol(std::string_view name) {
  const auto* const found =
      std::ranges::find(kProtocols, name, &std::pair<std::string_view, Protocol>::first);
  if (found == kProtocols.end()) return std::nullopt;
  return found->second;
}

Result<Split> given_split(Interactions train, const Interactions& test, RepeatRule repeats,
                          const Catalog& item_catalog, const Catalog& user_catalog) {
  COSENO_CHECK(test.users.size() >= train.users.size() && test.items.size() >= train.items.size());
  if (test.size() == 0) return invalid_argument("the test has no interactions");
  const bool has_ratings = train.has_values && test.has_values;
  train.users = test.users;
  const UserItemMatrix joined = UserItemMatrix::build(test, repeats);
  std::vector<std::vector<Interaction>> held_out(joined.n_users());
  for (std::size_t u = 0; u < held_out.size(); ++u) {
    const History row = joined.user(static_cast<UserIndex>(u));
    held_out[u].assign(row.begin(), row.end());
  }
  Split split = assemble(std::move(train), repeats, std::move(held_out), test.items,
                         {item_catalog, user_catalog});
  split.has_ratings = has_ratings;
  COSENO_TRY(check_disjoint(split));
  return split;
}

Result<std::vector<Split>> make_splits(const Interactions& interactions,
                                       const SplitOptions& options, const Catalog& item_catalog,
                                       const Catalog& user_catalog) {
  COSENO_TRY(check_options(options));
  const UserItemMatrix all = UserItemMatrix::build(interactions, options.repeats);
  COSENO_ASSIGN(parts, parts_to_hold_out(all, options, interactions.has_times));
  std::vector<Split> splits;
  splits.reserve(parts.size());
  for (const HeldOut& part : parts) {
    splits.push_back(divide(interactions, all, part, {item_catalog, user_catalog}));
  }
  return splits;
}

}  // namespace coseno
