// Reads a file of ratings and prints what it took: {"n_ratings": .., "seconds": .., "bytes": ..},
// where `bytes` is by how much the peak of the process's memory grew.

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "data/readers.h"

namespace {

// Bytes of physical memory that the process has had at most, as Linux tells it in kB.
std::uint64_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word == "VmHWM:") {
      std::uint64_t kilobytes = 0;
      status >> kilobytes;
      return 1024 * kilobytes;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: reading_bench FILE\n");
    return 2;
  }
  coseno::Progress silent;
  const std::uint64_t bytes_before = peak_bytes();
  const auto start = std::chrono::steady_clock::now();
  const coseno::Result<coseno::Interactions> read = coseno::read_interactions(argv[1], {}, silent);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  if (!read) {
    fmt::print(stderr, "reading_bench: {}\n", read.error().message);
    return 1;
  }
  fmt::print("{{\"n_ratings\": {}, \"seconds\": {}, \"bytes\": {}}}\n", read->size(), time.count(),
             peak_bytes() - bytes_before);
  return 0;
}
