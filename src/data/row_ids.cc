#include "data/row_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <tuple>

#include "base/check.h"

namespace coseno {
namespace {

// FNV-1a, 128 bits as two words.
class Fnv1a {
 public:
  void add(std::string_view text) {
    add_number(static_cast<std::uint32_t>(text.size()));
    for (const char c : text) add_byte(static_cast<std::uint8_t>(c));
  }

  template <class Unsigned>
  void add_number(Unsigned number) {
    for (std::size_t byte = 0; byte < sizeof(Unsigned); ++byte) {
      add_byte(static_cast<std::uint8_t>(number >> (8 * byte)));
    }
  }

  std::string digits() const { return fmt::format("{:016x}{:016x}", high_, low_); }

 private:
  // Times the prime 2^88 + 0x13B: the first term is low_ shifted by 24 into high_, the second is
  // multiplied in halves of 32 bits to have the carry.
  void add_byte(std::uint8_t byte) {
    constexpr std::uint64_t kPrimeRest = 0x13B;
    constexpr std::uint64_t kLowHalf = 0xFFFFFFFF;
    low_ ^= byte;
    const std::uint64_t first = (low_ & kLowHalf) * kPrimeRest;
    const std::uint64_t second = (low_ >> 32) * kPrimeRest + (first >> 32);
    high_ = high_ * kPrimeRest + (second >> 32) + (low_ << 24);
    low_ = (second << 32) | (first & kLowHalf);
  }

  std::uint64_t high_ = 0x6C62272E07BB0142;
  std::uint64_t low_ = 0x62B821756295C58D;
};

std::vector<std::uint32_t> count_equal_before(const Interactions& rows) {
  COSENO_CHECK(rows.size() <= std::numeric_limits<std::uint32_t>::max());
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  const auto content = [&](std::uint32_t n) {
    const auto& [user, interaction] = rows.row(n);
    return std::tuple(user, interaction.item, std::bit_cast<std::uint32_t>(interaction.value),
                      interaction.time);
  };
  std::ranges::sort(order, {}, [&](std::uint32_t n) { return std::pair(content(n), n); });
  std::vector<std::uint32_t> n_before(rows.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (content(order[i]) == content(order[i - 1])) {
      n_before[order[i]] = n_before[order[i - 1]] + 1;
    }
  }
  return n_before;
}

}  // namespace

RowIds::RowIds(const Interactions& rows, std::string_view type)
    : rows_(rows), type_(type), n_equal_before_(count_equal_before(rows)) {}

std::string RowIds::id(std::size_t row) const {
  const auto& [user, interaction] = rows_.row(row);
  const std::int64_t time =
      rows_.has_times ? interaction.time : std::numeric_limits<std::int64_t>::min();
  Fnv1a hash;
  hash.add(type_);
  hash.add(rows_.users.id(user));
  hash.add(rows_.items.id(interaction.item));
  hash.add_number(std::bit_cast<std::uint32_t>(interaction.value));
  hash.add_number(static_cast<std::uint64_t>(time));
  hash.add_number(n_equal_before_[row]);
  return hash.digits();
}

}  // namespace coseno
