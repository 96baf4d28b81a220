#include "base/huge_pages.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdint>

namespace coseno {

void prefer_huge_pages(const void* data, std::size_t n_bytes) {
#ifdef __linux__
  constexpr std::uintptr_t kPage = 4096;
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, which the headers of Debian 12 do not name
  if (n_bytes < kHugePage) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kPage - 1) / kPage * kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + n_bytes) / kPage * kPage;
  auto* const pages = reinterpret_cast<void*>(begin);
  static_cast<void>(madvise(pages, end - begin, MADV_HUGEPAGE));
  static_cast<void>(madvise(pages, end - begin, kCollapse));
#else
  static_cast<void>(data), static_cast<void>(n_bytes);
#endif
}

}  // namespace coseno
