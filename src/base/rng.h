// Random numbers that depend on a seed and on what they are for, never on who draws first.
//
// Work that runs on several threads gives each unit (a user in an iteration, say) a generator of
// its own: `Rng(seed, iteration, user)`. So one thread or eight, the same bytes come out.
#pragma once

#include <cstdint>
#include <limits>

namespace coseno {

// xoshiro256++ (Blackman and Vigna 2019), its state filled by SplitMix64 from the key.
// Satisfies UniformRandomBitGenerator: use it with the distributions of Boost.Random, which give
// the same numbers with every compiler (those of the standard library do not). Not thread-safe; 32
// bytes, cheap to make (about 10 ns).
class Rng {
 public:
  using result_type = std::uint64_t;

  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t unit = 0) {
    std::uint64_t key = mix(mix(mix(seed) ^ stream) ^ unit);
    for (std::uint64_t& word : state_) {
      key += kGolden;
      word = mix(key);
    }
  }

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  result_type operator()() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, 1).
  double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  // Uniform in [0, n), 0 < n <= 2^32, by multiplication; no value is likelier than another by more
  // than one part in 2^32 / n.
  std::uint64_t below(std::uint64_t n) { return (((*this)() >> 32) * n) >> 32; }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

  static constexpr std::uint64_t rotate(std::uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
  }
  static constexpr std::uint64_t mix(std::uint64_t x) {
    x += kGolden;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }

  std::uint64_t state_[4];
};

}  // namespace coseno
