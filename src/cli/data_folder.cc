#include "cli/data_folder.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <system_error>

namespace coseno::cli {
namespace {

// The first option of the group that was given, or nullptr.
const CLI::Option* given_option(const CLI::App& app, std::string_view group) {
  for (const CLI::Option* const option : app.get_options()) {
    if (option->get_group() == group && option->count() > 0) return option;
  }
  return nullptr;
}

}  // namespace

void add_data_folder_argument(CLI::App& app, std::string& folder) {
  app.add_option("DATA_DIR", folder, "Data folder")->type_name("DIR")->required();
}

void let_be_data_folder(CLI::App& app, std::initializer_list<const char*> options_with_file) {
  app.get_option("RATINGS")->description(
      "File of ratings or interactions, or a fitted model; - is standard input; or a data folder "
      "(coseno import)");
  for (const char* const name : options_with_file) app.get_option(name)->group(kWithFile);
}

bool is_data_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(std::filesystem::path(path) / "store", error);
}

Outcome<void> check_options_of_data_folder(const CLI::App& app, const std::string& path) {
  const CLI::Option* const option = given_option(app, kWithFile);
  if (option == nullptr) return {};
  return wrong_use("{} has no effect on a data folder: {} is one", option->get_name(), path);
}

Outcome<void> check_options_of_file(const CLI::App& app, const std::string& path) {
  const CLI::Option* const option = given_option(app, kWithDataFolder);
  if (option == nullptr) return {};
  return wrong_use("{} needs a data folder, and {} is none", option->get_name(), path);
}

}  // namespace coseno::cli
