// What containers take from the heap, the allocator's own share included.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace coseno {

// A block that malloc gives for so many bytes: glibc puts 8 bytes before it, rounds up to 16, and
// gives 32 at least.
constexpr std::size_t block_bytes(std::size_t size) {
  return std::max<std::size_t>(32, (size + 8 + 15) / 16 * 16);
}

template <class T>
std::size_t vector_bytes(const std::vector<T>& vector) {
  return vector.capacity() == 0 ? 0 : block_bytes(vector.capacity() * sizeof(T));
}

// Up to 15 bytes stand in the string itself.
inline std::size_t string_bytes(const std::string& text) {
  return text.capacity() <= 15 ? 0 : block_bytes(text.capacity() + 1);
}

// Of a Boost flat map or set: elements in groups of 15, with 16 bytes for each group.
template <class Table>
std::size_t table_bytes(const Table& table) {
  const std::size_t n = table.bucket_count();
  return n == 0 ? 0 : block_bytes(n * sizeof(typename Table::value_type) + (n / 15 + 1) * 16);
}

}  // namespace coseno
