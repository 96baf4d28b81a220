// Histories of any length in rows of one width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coseno {

// Windows of histories, one after another in rows of `width` places, so that next to nothing is
// computed for places without an event. Positions see only those of their own window.
struct PackedBatch {
  std::size_t n_rows = 0;
  std::size_t width = 0;
  std::vector<std::int64_t> items;  // n_rows x width; 0 where there is no event
  std::vector<std::int64_t> times;  // n_rows x width; Unix seconds, 0 where not known
  std::vector<std::int32_t>
      windows;  // n_rows x width: number of the window in the row; -1: no event
  // Positions of which something is asked, as row * width + column, and the item that comes next.
  std::vector<std::int64_t> asked;
  std::vector<std::int64_t> next;
};

// A part of a history as the network sees it: `items` one after another; of each, or of the last
// alone, `next` is what follows.
struct Window {
  std::span<const std::uint32_t> items;
  std::span<const std::uint32_t> next;       // of the last next.size() items
  std::span<const std::int64_t> times = {};  // of items, or none
};

// Each window has 1 to `width` items. Rows are filled by the first that fits, in the order given.
PackedBatch pack(std::span<const Window> windows, std::size_t width);

}  // namespace coseno
