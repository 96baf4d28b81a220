// coseno backup: a copy of a data folder that is kept up to date at the cost of what changed.

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/output.h"
#include "cli/progress_bar.h"

namespace coseno::cli {
namespace backup_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno backup data /mnt/backup/data
  coseno restore /mnt/backup/data data2

Nobody else may write the folder meanwhile. Where there is a backup of it already, only what changed
is copied, and until that is done the earlier one stays good.)";

struct Arguments {
  std::string folder;
  std::string target;
};

Outcome<void> run(const Arguments& arguments) {
  COSENO_ASSIGN(engine, Engine::open(arguments.folder, kOpenToWrite));
  ProgressBar progress;
  ProgressOptions options;
  report_to(progress, options);
  COSENO_TRY(engine.back_up(arguments.target, options));
  progress.clear();
  return write_text("-", fmt::format("{}: {} up to position {}\n", arguments.target,
                                     arguments.folder, engine.stats().position));
}

}  // namespace
}  // namespace backup_command

Command add_backup(CommandLine& program) {
  using namespace backup_command;
  CommandLine app = program.add_subcommand("backup", "Copies a data folder");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->folder);
  app.add_option("TARGET", arguments->target, "A new or empty folder, or an earlier backup")
      .type_name("DIR")
      .required();
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
