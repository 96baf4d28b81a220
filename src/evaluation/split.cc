#include "evaluation/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/rng.h"

namespace coseno {
namespace {

// Papers call leave-last-out by its second name.
constexpr std::array<std::pair<std::string_view, Protocol>, 6> kProtocols = {{
    {"random", Protocol::random},
    {"leave-last-out", Protocol::leave_last_out},
    {"leave-one-out", Protocol::leave_last_out},
    {"temporal", Protocol::temporal},
    {"k-fold", Protocol::k_fold},
    {"strong", Protocol::strong},
}};

// Keep the streams of the protocols apart (base/rng.h).
constexpr std::uint64_t kRandomStream = 1;
constexpr std::uint64_t kFoldStream = 2;
constexpr std::uint64_t kStrongStream = 3;
constexpr std::uint64_t kStrongUserStream = 4;

// One element an entry of a matrix, user after user: the split that holds it out, or
using Sides = std::vector<std::int8_t>;
constexpr std::int8_t kTrain = -1;
constexpr std::int8_t kFoldIn = -2;  // the model is told, and not fitted on it

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

// Holds out `fraction` of one user's entries.
void hold_out_share(std::span<std::int8_t> row, double fraction, Rng rng) {
  std::vector<std::size_t> positions(row.size());
  std::iota(positions.begin(), positions.end(), 0);
  shuffle(positions, rng);
  for (const std::size_t entry : std::span(positions).first(rounded_share(fraction, row.size()))) {
    row[entry] = 0;
  }
}

// Calls body(user, entries) for each user with interactions; `entries` are the user's of `sides`.
void for_each_user(const UserItemMatrix& all, Sides& sides,
                   const std::function<void(std::size_t, std::span<std::int8_t>)>& body) {
  std::size_t begin = 0;
  for (std::size_t u = 0; u < all.n_users(); ++u) {
    const std::size_t size = all.user_size(static_cast<UserIndex>(u));
    if (size > 0) body(u, std::span(sides).subspan(begin, size));
    begin += size;
  }
}

Sides random_share(const UserItemMatrix& all, double fraction, std::uint64_t seed) {
  Sides sides(all.n_entries(), kTrain);
  for_each_user(all, sides, [&](std::size_t user, std::span<std::int8_t> row) {
    hold_out_share(row, fraction, Rng(seed, kRandomStream, user));
  });
  return sides;
}

Sides newest_of_each_user(const UserItemMatrix& all) {
  Sides sides(all.n_entries(), kTrain);
  for_each_user(all, sides, [](std::size_t /*user*/, std::span<std::int8_t> row) {
    if (row.size() >= 2) row.back() = 0;
  });
  return sides;
}

Sides newest_of_all(const UserItemMatrix& all, double fraction) {
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
  Sides sides(times.size());
  std::ranges::transform(times, sides.begin(), [cut = *newest_in_training](std::int64_t time) {
    return time > cut ? std::int8_t{0} : kTrain;
  });
  return sides;
}

Sides random_folds(std::size_t n_entries, int folds, std::uint64_t seed) {
  std::vector<std::size_t> positions(n_entries);
  std::iota(positions.begin(), positions.end(), 0);
  Rng rng(seed, kFoldStream);
  shuffle(positions, rng);
  Sides sides(n_entries);
  for (std::size_t i = 0; i < n_entries; ++i) {
    sides[positions[i]] = static_cast<std::int8_t>(i % static_cast<std::size_t>(folds));
  }
  return sides;
}

// Users of whom something can be held out, in random order.
std::vector<std::size_t> users_to_hold_out(const UserItemMatrix& all, const SplitOptions& options) {
  std::vector<std::size_t> users;
  for (std::size_t u = 0; u < all.n_users(); ++u) {
    const std::size_t size = all.user_size(static_cast<UserIndex>(u));
    if (size > 0 && rounded_share(options.fraction, size) > 0) users.push_back(u);
  }
  Rng rng(options.seed, kStrongUserStream);
  shuffle(users, rng);
  return users;
}

Result<Sides> users_apart(const UserItemMatrix& all, const SplitOptions& options) {
  std::vector<std::size_t> users = users_to_hold_out(all, options);
  const double wanted = options.held_out_users < 1
                            ? std::round(options.held_out_users * static_cast<double>(users.size()))
                            : options.held_out_users;
  if (wanted > static_cast<double>(users.size())) {
    return invalid_argument("{} users cannot be held out: {} have interactions enough",
                            options.held_out_users, users.size());
  }
  users.resize(static_cast<std::size_t>(wanted));
  std::vector<char> is_apart(all.n_users());
  for (const std::size_t user : users) is_apart[user] = 1;
  Sides sides(all.n_entries(), kTrain);
  for_each_user(all, sides, [&](std::size_t user, std::span<std::int8_t> row) {
    if (!is_apart[user]) return;
    std::ranges::fill(row, kFoldIn);
    hold_out_share(row, options.fraction, Rng(options.seed, kStrongStream, user));
  });
  if (std::ranges::find(sides, kTrain) == sides.end()) {
    return invalid_argument("held_out_users is {}: that leaves no user to learn from",
                            options.held_out_users);
  }
  return sides;
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

using Rows = std::vector<std::vector<Interaction>>;

// What is not trained on, its items numbered by `items`: rows of users, held out in any order.
struct Apart {
  const ItemIds& items;
  Rows held_out;
  Rows fold_in = {};
};

void renumber(Rows& rows, std::span<const ItemIndex> numbers) {
  for (std::vector<Interaction>& row : rows) {
    for (Interaction& interaction : row) interaction.item = numbers[offset(interaction.item)];
  }
}

Split assemble(Interactions train, RepeatRule repeats, Apart apart, const Catalogs& catalogs) {
  Split split;
  split.train = make_dataset(std::move(train), repeats, catalogs.items, catalogs.users);
  const std::vector<ItemIndex> numbers = numbers_in_training(apart.items, split.train.items);
  renumber(apart.held_out, numbers);
  renumber(apart.fold_in, numbers);
  for (std::vector<Interaction>& row : apart.held_out) {
    std::ranges::sort(row, {}, [](const Interaction& entry) { return offset(entry.item); });
  }
  split.held_out = std::move(apart.held_out);
  split.fold_in = std::move(apart.fold_in);
  return split;
}

Result<void> check_options(const SplitOptions& options) {
  if (!(options.fraction > 0 && options.fraction < 1)) {
    return invalid_argument("fraction must be above 0 and below 1, not {}", options.fraction);
  }
  if (options.folds < 2 || options.folds > 100) {
    return invalid_argument("folds must be in [2, 100], not {}", options.folds);
  }
  if (!(options.held_out_users > 0 && std::isfinite(options.held_out_users))) {
    return invalid_argument("held_out_users must be above 0, not {}", options.held_out_users);
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

// Each user's acts by time; of equal times in order of arrival.
Rows sessions_of(const Interactions& interactions) {
  Rows sessions(interactions.users.size());
  for (std::size_t i = 0; i < interactions.size(); ++i) {
    const Interactions::Row row = interactions.row(i);
    sessions[offset(row.user)].push_back(row.interaction);
  }
  for (std::vector<Interaction>& session : sessions) {
    std::ranges::stable_sort(session, {}, &Interaction::time);
  }
  return sessions;
}

bool holds(History history, ItemIndex item) {
  return std::ranges::find(history, item, &Interaction::item) != history.end();
}

Result<Sides> choose_sides(const UserItemMatrix& all, const SplitOptions& options, bool has_times) {
  switch (options.protocol) {
    case Protocol::random:
      return random_share(all, options.fraction, options.seed);
    case Protocol::leave_last_out:
      return newest_of_each_user(all);
    case Protocol::temporal:
      if (!has_times) return invalid_argument("the temporal protocol needs times; there are none");
      return newest_of_all(all, options.fraction);
    case Protocol::k_fold:
      return random_folds(all.n_entries(), options.folds, options.seed);
    case Protocol::strong:
      return users_apart(all, options);
  }
  return invalid_argument("there is no such protocol");
}

// Every split must have something to judge by.
Result<void> check_sides(const Sides& sides, int n_splits) {
  for (int split = 0; split < n_splits; ++split) {
    if (std::ranges::find(sides, split) != sides.end()) continue;
    return invalid_argument("of {} interactions there is nothing to hold out by this protocol",
                            sides.size());
  }
  return {};
}

}  // namespace

std::optional<Protocol> protocol(std::string_view name) {
  const auto* const found =
      std::ranges::find(kProtocols, name, &std::pair<std::string_view, Protocol>::first);
  if (found == kProtocols.end()) return std::nullopt;
  return found->second;
}

Profile Split::profile(UserIndex user) const {
  if (!places.empty()) {
    const auto [session, n_told] = places[offset(user)];
    return {std::span(fold_in[session]).first(n_told), train.user_features.row(session)};
  }
  Profile profile = profile_of(train, user);
  if (profile.history.empty() && !fold_in.empty()) profile.history = fold_in[offset(user)];
  return profile;
}

Result<Split> given_split(Interactions train, const Interactions& test, RepeatRule repeats,
                          const Catalog& item_catalog, const Catalog& user_catalog) {
  COSENO_CHECK(test.users.size() >= train.users.size() && test.items.size() >= train.items.size());
  if (test.size() == 0) return invalid_argument("the test has no interactions");
  const bool has_ratings = train.has_values && test.has_values;
  train.users = test.users;
  const UserItemMatrix joined = UserItemMatrix::build(test, repeats);
  Apart apart{.items = test.items, .held_out = Rows(joined.n_users())};
  for (std::size_t u = 0; u < joined.n_users(); ++u) {
    const History row = joined.user(static_cast<UserIndex>(u));
    apart.held_out[u].assign(row.begin(), row.end());
  }
  Split split = assemble(std::move(train), repeats, std::move(apart), {item_catalog, user_catalog});
  split.has_ratings = has_ratings;
  COSENO_TRY(check_disjoint(split));
  return split;
}

Result<Split> next_item_split(Interactions train, const Interactions& test, RepeatRule repeats,
                              bool hides_seen, const Catalog& item_catalog,
                              const Catalog& user_catalog) {
  COSENO_CHECK(test.users.size() >= train.users.size() && test.items.size() >= train.items.size());
  const bool has_ratings = train.has_values && test.has_values;
  train.users = test.users;
  Apart apart{.items = test.items, .held_out = {}, .fold_in = sessions_of(test)};
  Split split = assemble(std::move(train), repeats, std::move(apart), {item_catalog, user_catalog});
  split.has_ratings = has_ratings;
  split.hides_seen = hides_seen;
  for (std::size_t s = 0; s < split.fold_in.size(); ++s) {
    const History known = split.train.matrix.user(static_cast<UserIndex>(s));
    std::vector<Interaction>& session = split.fold_in[s];
    session.insert(session.begin(), known.begin(), known.end());
    for (std::size_t n = std::max<std::size_t>(known.size(), 1); n < session.size(); ++n) {
      if (hides_seen && holds(std::span(session).first(n), session[n].item)) continue;
      split.places.push_back({s, n});
      split.held_out.push_back({session[n]});
    }
  }
  if (split.places.empty()) return invalid_argument("the test has no act to judge by");
  return split;
}

Result<SplitMaker> SplitMaker::plan(const Interactions& interactions, const SplitOptions& options,
                                    const Catalog& item_catalog, const Catalog& user_catalog) {
  COSENO_TRY(check_options(options));
  if (interactions.size() == 0) return invalid_argument("there are no interactions to split");
  SplitMaker maker;
  maker.all_ = UserItemMatrix::build(interactions, options.repeats);
  COSENO_ASSIGN(sides, choose_sides(maker.all_, options, interactions.has_times));
  maker.n_splits_ = options.protocol == Protocol::k_fold ? options.folds : 1;
  COSENO_TRY(check_sides(sides, maker.n_splits_));
  maker.sides_ = std::move(sides);
  maker.users_ = interactions.users;
  maker.items_ = interactions.items;
  maker.has_times_ = interactions.has_times;
  maker.item_catalog_ = &item_catalog;
  maker.user_catalog_ = &user_catalog;
  return maker;
}

Split SplitMaker::make(int i) const {
  COSENO_CHECK(0 <= i && i < n_splits_);
  Interactions train;
  train.users = users_;
  train.has_values = all_.has_values();
  train.has_times = has_times_;
  Apart apart{.items = items_, .held_out = Rows(all_.n_users())};
  if (std::ranges::find(sides_, kFoldIn) != sides_.end()) apart.fold_in.resize(all_.n_users());
  auto side = sides_.begin();
  for (std::size_t u = 0; u < all_.n_users(); ++u) {
    const auto user = static_cast<UserIndex>(u);
    for (Interaction interaction : all_.user(user)) {
      if (*side == i) {
        apart.held_out[u].push_back(interaction);
      } else if (*side == kFoldIn) {
        apart.fold_in[u].push_back(interaction);
      } else {
        interaction.item = train.items.add(items_.id(interaction.item));
        train.add(user, interaction);
      }
      ++side;
    }
  }
  // No pair is left twice: any rule does.
  Split split = assemble(std::move(train), RepeatRule::last, std::move(apart),
                         {*item_catalog_, *user_catalog_});
  split.has_ratings = all_.has_values();
  return split;
}

}  // namespace coseno
