#include "cli/data_folder.h"

#include <filesystem>
#include <optional>
#include <system_error>

namespace coseno::cli {

void add_data_folder_argument(CommandLine& app, std::string& folder) {
  app.add_option("DATA_DIR", folder, "Data folder").type_name("DIR").required();
}

void let_be_data_folder(CommandLine& app, std::initializer_list<const char*> options_with_file) {
  app.option("RATINGS").description(
      "File of ratings or interactions, or a fitted model; - is standard input; or a data folder "
      "(coseno import)");
  for (const char* const name : options_with_file) app.option(name).group(kWithFile);
}

bool is_data_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(std::filesystem::path(path) / "store", error);
}

Outcome<void> check_options_of_data_folder(const CommandLine& app, const std::string& path) {
  const std::optional<std::string> option = app.given_option(kWithFile);
  if (!option) return {};
  return wrong_use("{} has no effect on a data folder: {} is one", *option, path);
}

Outcome<void> check_options_of_file(const CommandLine& app, const std::string& path) {
  const std::optional<std::string> option = app.given_option(kWithDataFolder);
  if (!option) return {};
  return wrong_use("{} needs a data folder, and {} is none", *option, path);
}

}  // namespace coseno::cli
