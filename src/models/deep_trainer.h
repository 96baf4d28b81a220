// What coseno-train-deep and who runs it say to each other.
//
//   coseno-train-deep HISTORIES --out MODEL_FILE --seed N --set NAME=VALUE...
//
// Standard output is a line now and then, "DONE TOTAL NOTE"; on standard error the last line is
// what went wrong, if the exit status is not 0.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace coseno {

constexpr std::string_view kDeepTrainer = "coseno-train-deep";

constexpr int kDeepFailed = 1;       // a file; data or settings that it cannot learn from
constexpr int kDeepWrongUse = 2;     // of the command line
constexpr int kDeepNoMemory = 3;     // with the figure
constexpr int kDeepCancelled = 130;  // by SIGINT or SIGTERM

struct DeepProgress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::string note = {};

  // Nothing where the line is none.
  static std::optional<DeepProgress> parse(std::string_view line) {
    DeepProgress progress;
    for (std::uint64_t* const number : {&progress.done, &progress.total}) {
      const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), *number);
      if (error != std::errc() || end == line.data() + line.size() || *end != ' ')
        return std::nullopt;
      line.remove_prefix(static_cast<std::size_t>(end + 1 - line.data()));
    }
    progress.note = line;
    return progress;
  }
};

}  // namespace coseno
