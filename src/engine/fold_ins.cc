#include "engine/fold_ins.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace coseno {
namespace {

// States of all sets together take no more.
constexpr std::size_t kMostStateBytes = 64 << 20;

constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio

// Of what tells histories apart at once; all of it is compared where the hashes are equal.
struct Hashes {
  std::uint64_t all = 0;
  std::uint64_t prefix = 0;  // of all but the last
};

Hashes hashes_of(const Tastes& tastes) {
  Hashes hashes;
  std::uint64_t hash = 0;
  for (std::size_t n = 0; n < tastes.interactions.size(); ++n) {
    hashes.prefix = hash * kOdd;
    const std::uint64_t word = std::uint64_t{std::to_underlying(tastes.interactions[n].item)}
                                   << 32 |
                               std::bit_cast<std::uint32_t>(tastes.weights[n]);
    hash = std::rotl((hash ^ word) * kOdd, 31) + 1;
  }
  hashes.all = hash * kOdd;
  return hashes;
}

std::size_t n_sets(const SequenceReader* reader, std::size_t most, std::size_t ways) {
  if (reader == nullptr) return most;
  return std::clamp<std::size_t>(kMostStateBytes / (ways * reader->state_bytes()), 1, most);
}

}  // namespace

FoldIns::FoldIns(const Model& model, const VectorSearch& search)
    : model_(model),
      search_(search),
      reader_(model.sequence_reader()),
      sets_(n_sets(reader_, kSets, kWays)) {}

std::size_t FoldIns::state_bytes() const {
  return reader_ == nullptr ? 0 : sets_.size() * kWays * reader_->state_bytes();
}

bool FoldIns::Kept::is_of(const Tastes& tastes, std::size_t n, std::uint64_t hash_of_tastes) const {
  const auto first_n = [n](const auto& all) { return std::span(all).first(n); };
  return asked_for != 0 && hash == hash_of_tastes && interactions.size() == n &&
         std::ranges::equal(interactions, first_n(tastes.interactions)) &&
         std::ranges::equal(weights, first_n(tastes.weights));
}

std::vector<float> FoldIns::vector(const Tastes& tastes, std::uint64_t prefix,
                                   SequenceState& state) {
  if (reader_ == nullptr || tastes.empty()) return model_.user_vector(tastes.profile());
  const std::size_t n_before = tastes.interactions.size() - 1;
  std::size_t n_read = 0;
  {
    Set& set = set_of(prefix);
    const std::lock_guard lock(set.mutex);
    for (const Kept& kept : set.kept) {
      if (!kept.is_of(tastes, n_before, prefix)) continue;
      state = kept.state;
      n_read = n_before;
      break;
    }
  }
  reader_->read(std::span(tastes.interactions).subspan(n_read),
                std::span(tastes.weights).subspan(n_read), state);
  if (state.vector.empty()) return model_.user_vector(tastes.profile());  // nothing is known
  return state.vector;
}

bool FoldIns::query(const Tastes& tastes, SearchQuery& out) {
  // A weight that falls from one moment to the next is never met again.
  if (tastes.changes_with_time || tastes.interactions.size() > kMaxHistory) {
    out = search_.query(model_.user_vector(tastes.profile()));
    return false;
  }
  const Hashes hashes = hashes_of(tastes);
  Set& set = set_of(hashes.all);
  {
    const std::lock_guard lock(set.mutex);
    for (Kept& kept : set.kept) {
      if (!kept.is_of(tastes, tastes.interactions.size(), hashes.all)) continue;
      kept.asked_for = ++set.count;
      out = kept.query;
      return true;
    }
  }
  SequenceState state;
  out = search_.query(vector(tastes, hashes.prefix, state));
  const std::lock_guard lock(set.mutex);
  // Another thread may have kept the same meanwhile: then it is there twice, and ages away.
  Kept& oldest = *std::ranges::min_element(set.kept, {}, &Kept::asked_for);
  oldest = {hashes.all, ++set.count, tastes.interactions, tastes.weights, out, std::move(state)};
  return false;
}

}  // namespace coseno
