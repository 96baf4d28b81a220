// An array that grows while others read it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>

namespace coseno {

// Elements never move, so a reader needs no lock to reach one: chunk c holds 1024 << c of them.
// One thread at a time calls grow(); any may call size() and operator[] for n < size(). What an
// element is and who may change it is the matter of T: atomics, or a lock beside the array.
template <class T>
class ChunkedVector {
 public:
  ChunkedVector() = default;
  ChunkedVector(const ChunkedVector&) = delete;
  ChunkedVector& operator=(const ChunkedVector&) = delete;

  std::size_t size() const { return size_.load(std::memory_order_acquire); }

  // Never smaller. New elements are T().
  void grow(std::size_t size) {
    if (size <= this->size()) return;
    for (std::size_t c = 0; c <= place(size - 1).chunk; ++c) {
      if (owners_[c]) continue;
      owners_[c] = std::make_unique<T[]>(kFirstChunk << c);
      chunks_[c].store(owners_[c].get(), std::memory_order_release);
    }
    size_.store(size, std::memory_order_release);
  }

  T& operator[](std::size_t n) {
    const Place at = place(n);
    return chunks_[at.chunk].load(std::memory_order_acquire)[at.offset];
  }
  const T& operator[](std::size_t n) const {
    const Place at = place(n);
    return chunks_[at.chunk].load(std::memory_order_acquire)[at.offset];
  }

  // Bytes of the chunks, not of what elements own.
  std::size_t size_bytes() const {
    std::size_t n = 0;
    for (std::size_t c = 0; c < kChunks && chunks_[c].load(std::memory_order_relaxed); ++c) {
      n += kFirstChunk << c;
    }
    return n * sizeof(T);
  }

 private:
  static constexpr std::size_t kFirstChunk = 1024;
  static constexpr std::size_t kChunks = 23;  // 2^33 elements

  struct Place {
    std::size_t chunk;
    std::size_t offset;
  };
  static Place place(std::size_t n) {
    const auto chunk = static_cast<std::size_t>(std::bit_width(n / kFirstChunk + 1)) - 1;
    return {chunk, n - kFirstChunk * ((std::size_t{1} << chunk) - 1)};
  }

  std::array<std::unique_ptr<T[]>, kChunks> owners_;  // touched by grow() alone
  std::array<std::atomic<T*>, kChunks> chunks_ = {};  // the same, for readers
  std::atomic<std::size_t> size_ = 0;
};

}  // namespace coseno
