// coseno recommend where RATINGS is a data folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/failure.h"

namespace coseno::cli {

// As coseno/engine.h has it.
struct FolderRequest {
  std::string folder;
  std::string user;
  std::size_t k = 10;
  std::string filter;
  std::vector<std::string> exclude;
  double diversity = 0;
  double explore = 0;
  std::uint64_t seed = 1;  // of what is explored
  bool log_shown = false;
  bool include_seen = false;
  bool explain = false;
  bool as_json = false;
};

// What only a data folder can answer: filter, exclude, diversity, explore, log_shown, explain.
void add_folder_request_options(CommandLine& app, FolderRequest& request);
void add_filter_option(CommandLine& app, std::string& filter);

// Writes the list.
Outcome<void> recommend_from_folder(const FolderRequest& request);

}  // namespace coseno::cli
