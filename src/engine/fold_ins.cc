#include "engine/fold_ins.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace coseno {
namespace {

// Of what tells histories apart at once; all of it is compared where the hashes are equal.
std::uint64_t hash_of(const Tastes& tastes) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  std::uint64_t hash = tastes.interactions.size();
  for (std::size_t n = 0; n < tastes.interactions.size(); ++n) {
    const std::uint64_t word = std::uint64_t{std::to_underlying(tastes.interactions[n].item)}
                                   << 32 |
                               std::bit_cast<std::uint32_t>(tastes.weights[n]);
    hash = std::rotl((hash ^ word) * kOdd, 31);
  }
  return hash * kOdd;
}

}  // namespace

bool FoldIns::Kept::is_of(const Tastes& tastes, std::uint64_t hash_of_tastes) const {
  return asked_for != 0 && hash == hash_of_tastes && interactions == tastes.interactions &&
         weights == tastes.weights;
}

bool FoldIns::query(const Tastes& tastes, SearchQuery& out) {
  // A weight that falls from one moment to the next is never met again.
  if (tastes.changes_with_time || tastes.interactions.size() > kMaxHistory) {
    out = search_.query(model_.user_vector(tastes.profile()));
    return false;
  }
  const std::uint64_t hash = hash_of(tastes);
  Set& set = sets_[hash >> 32 & (kSets - 1)];
  {
    const std::lock_guard lock(set.mutex);
    for (Kept& kept : set.kept) {
      if (!kept.is_of(tastes, hash)) continue;
      kept.asked_for = ++set.count;
      out = kept.query;
      return true;
    }
  }
  out = search_.query(model_.user_vector(tastes.profile()));
  const std::lock_guard lock(set.mutex);
  // Another thread may have kept the same meanwhile: then it is there twice, and ages away.
  Kept& oldest = *std::ranges::min_element(set.kept, {}, &Kept::asked_for);
  oldest = {hash, ++set.count, tastes.interactions, tastes.weights, out};
  return false;
}

}  // namespace coseno
