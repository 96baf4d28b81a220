#include "deep/packing.h"

#include <algorithm>

namespace coseno {

PackedBatch pack(std::span<const Window> windows, std::size_t width) {
  PackedBatch batch;
  batch.width = width;
  std::vector<std::size_t> filled;
  std::vector<std::int32_t> n_windows;
  std::size_t first_open = 0;
  for (const Window& window : windows) {
    while (first_open < filled.size() && filled[first_open] == width) ++first_open;
    std::size_t row = first_open;
    while (row < filled.size() && filled[row] + window.items.size() > width) ++row;
    if (row == filled.size()) {
      filled.push_back(0);
      n_windows.push_back(0);
      batch.items.resize(filled.size() * width, 0);
      batch.times.resize(filled.size() * width, 0);
      batch.windows.resize(filled.size() * width, -1);
    }
    const std::size_t begin = row * width + filled[row];
    const std::size_t unasked = window.items.size() - window.next.size();
    for (std::size_t i = 0; i < window.items.size(); ++i) {
      batch.items[begin + i] = window.items[i];
      batch.windows[begin + i] = n_windows[row];
      if (!window.times.empty()) batch.times[begin + i] = window.times[i];
      if (i < unasked) continue;
      batch.asked.push_back(static_cast<std::int64_t>(begin + i));
      batch.next.push_back(window.next[i - unasked]);
    }
    filled[row] += window.items.size();
    ++n_windows[row];
  }
  batch.n_rows = filled.size();
  return batch;
}

}  // namespace coseno
