#include "base/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace coseno {
namespace {

// The number in a file that holds one; nothing where it holds none ("max") or is not there.
std::optional<double> number_in(const char* path) {
  std::ifstream file(path);
  double number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

// The number after `key` in a file of lines "key number ...".
std::optional<double> number_of(const char* path, std::string_view key) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    double number = 0;
    if (word == key && file >> number) return number;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> available_memory_bytes() {
  std::optional<double> available = number_of("/proc/meminfo", "MemAvailable:");
  if (available) *available *= 1024;
  const std::optional<double> limit = number_in("/sys/fs/cgroup/memory.max");
  const std::optional<double> used = number_in("/sys/fs/cgroup/memory.current");
  if (!limit || !used) return available;
  // Files that nobody reads any more give way.
  const double idle = number_of("/sys/fs/cgroup/memory.stat", "inactive_file").value_or(0);
  const double left = std::clamp(*limit - *used + idle, 0.0, *limit);
  return available ? std::min(*available, left) : left;
}

}  // namespace coseno
