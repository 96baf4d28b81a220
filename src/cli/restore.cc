// coseno restore: a data folder from its backup.

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/output.h"
#include "cli/progress_bar.h"

namespace coseno::cli {
namespace restore_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno restore /mnt/backup/data data)";

struct Arguments {
  std::string backup;
  std::string folder;
};

Outcome<void> run(const Arguments& arguments) {
  ProgressBar progress;
  ProgressOptions options;
  report_to(progress, options);
  COSENO_TRY(Engine::restore(arguments.backup, arguments.folder, options));
  progress.clear();
  COSENO_ASSIGN(engine, Engine::open_beside(arguments.folder));
  return write_text("-", fmt::format("{}: as it was at position {}\n", arguments.folder,
                                     engine.stats().position));
}

}  // namespace
}  // namespace restore_command

Command add_restore(CommandLine& program) {
  using namespace restore_command;
  CommandLine app = program.add_subcommand("restore", "Makes a data folder from a backup");
  const auto arguments = std::make_shared<Arguments>();
  app.add_option("BACKUP", arguments->backup, "What coseno backup made")
      .type_name("DIR")
      .required();
  app.add_option("DATA_DIR", arguments->folder, "A new or empty folder")
      .type_name("DIR")
      .required();
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
