// coseno erase: a person is forgotten.

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/source.h"
#include "cli/table.h"

namespace coseno::cli {
namespace erase_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno erase data --user 42

The user's id, properties, events and what they were shown leave the answers at once, and then the
disk, which takes as long as to read and write everything. Ctrl-C ends that, and the same command
goes on with it. Backups that were made before still have them.)";

struct Arguments {
  std::string folder;
  std::string user;
};

Outcome<void> run(const Arguments& arguments) {
  COSENO_ASSIGN(engine, Engine::open(arguments.folder, kOpenToWrite));
  const Result<std::uint64_t> erased = engine.erase_user(arguments.user);
  const bool is_unknown = !erased && erased.error().code == ErrorCode::not_found;
  if (!erased && !is_unknown) return std::unexpected(erased.error());
  // Also for an unknown one: an erasure that was ended may have left this to do.
  ProgressBar progress;
  ProgressOptions options;
  report_to(progress, options);
  const Result<void> compacted = engine.compact(options);
  progress.clear();
  if (!compacted && compacted.error().code == ErrorCode::cancelled) {
    print_note(fmt::format("user {} is in no answer any more, but on disk until this is run again",
                           printable(arguments.user)));
  }
  COSENO_TRY(compacted);
  if (is_unknown) {
    return failed("user {} is unknown: it is not in {}; what was erased before is off the disk",
                  printable(arguments.user), arguments.folder);
  }
  return write_text("-", fmt::format("user {} is erased\n", printable(arguments.user)));
}

}  // namespace
}  // namespace erase_command

Command add_erase(CommandLine& program) {
  using namespace erase_command;
  CommandLine app = program.add_subcommand("erase", "Forgets a user, on disk too");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->folder);
  add_id_option(app, "--user", arguments->user, "The user to forget").required();
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
