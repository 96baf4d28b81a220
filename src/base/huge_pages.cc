#include "base/huge_pages.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdint>

namespace coseno {

void prefer_huge_pages(const void* data, std::size_t n_bytes) {
#ifdef __linux__
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, which the headers of Debian 12 do not name
  if (n_bytes < kHugePage) return;
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  const std::size_t skipped = (kPage - address % kPage) % kPage;
  const std::size_t n_whole = (n_bytes - skipped) / kPage * kPage;
  char* const pages = static_cast<char*>(const_cast<void*>(data)) + skipped;
  static_cast<void>(madvise(pages, n_whole, MADV_HUGEPAGE));
  static_cast<void>(madvise(pages, n_whole, kCollapse));
#else
  static_cast<void>(data), static_cast<void>(n_bytes);
#endif
}

}  // namespace coseno
