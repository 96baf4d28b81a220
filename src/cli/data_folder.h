// Commands that work on a data folder, and those that take one in place of a file.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cli/command_line.h"
#include "cli/failure.h"
#include "cli/progress_bar.h"
#include "coseno/engine.h"

namespace coseno::cli {

// The groups of options in --help of a command that takes both.
constexpr const char* kWithFile = "With a file";
constexpr const char* kWithDataFolder = "With a data folder";

void add_data_folder_argument(CommandLine& app, std::string& folder);

// RATINGS of `app` may be a data folder; then these options have no effect.
void let_be_data_folder(CommandLine& app, std::initializer_list<const char*> options_with_file);

bool is_data_folder(const std::string& path);

// Wrong use where an option of the other group was given. `path` is what RATINGS is.
Outcome<void> check_options_of_data_folder(const CommandLine& app, const std::string& path);
Outcome<void> check_options_of_file(const CommandLine& app, const std::string& path);

// Of commands that write to a data folder that is there. How long lists that were shown are kept is
// for whoever keeps them to say: these drop none.
constexpr EngineOptions kOpenToWrite = {.create = false, .shown_days = 0};

// TrainOptions or ProgressOptions that report to `progress`, which must outlive them.
template <class Options>
void report_to(ProgressBar& progress, Options& options) {
  constexpr std::uint64_t kSteps = 1000;
  options.progress = [&progress](std::string_view stage, double share) {
    progress.report(stage, static_cast<std::uint64_t>(share * kSteps), kSteps, "");
  };
  options.cancelled = [&progress] { return progress.cancelled(); };
}

// An error of what the command line asked for is wrong use.
template <class T>
Outcome<T> asked(Result<T> result) {
  if constexpr (std::is_void_v<T>) {
    if (result) return {};
  } else {
    if (result) return std::move(*result);
  }
  if (result.error().code != ErrorCode::invalid_argument) return std::unexpected(result.error());
  return wrong_use("{}", result.error().message);
}

}  // namespace coseno::cli
