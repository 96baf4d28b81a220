// coseno verify: is every byte of a data folder what was written?

#include <boost/json.hpp>

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/progress_bar.h"

namespace coseno::cli {
namespace verify_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno verify data
  coseno verify data --json

Reads everything, beside whoever writes it. Exit code 1, with the first fault, where one is found.)";

struct Arguments {
  std::string folder;
  bool as_json = false;
};

std::string json_answer(const FolderContents& contents) {
  return json_text(boost::json::object{{"position", contents.position},
                                       {"events", contents.n_events},
                                       {"event_ids", contents.n_event_ids},
                                       {"users", contents.n_users},
                                       {"erased_users", contents.n_erased_users},
                                       {"items", contents.n_items},
                                       {"shown_lists", contents.n_shown_lists},
                                       {"snapshot", contents.snapshot}}) +
         "\n";
}

std::string text_answer(const std::string& folder, const FolderContents& contents) {
  return fmt::format(
      "{}: no fault found up to position {}\n"
      "{} events, {} of them with an id; {} users, {} erased; {} items; {}{}\n",
      folder, contents.position, contents.n_events, contents.n_event_ids, contents.n_users,
      contents.n_erased_users, contents.n_items,
      contents.snapshot == 0 ? "no snapshot" : fmt::format("snapshot {}", contents.snapshot),
      contents.n_shown_lists == 0 ? "" : fmt::format("; {} lists shown", contents.n_shown_lists));
}

Outcome<void> run(const Arguments& arguments) {
  ProgressBar progress;
  ProgressOptions options;
  report_to(progress, options);
  COSENO_ASSIGN(contents, Engine::verify(arguments.folder, options));
  progress.clear();
  return write_text(
      "-", arguments.as_json ? json_answer(contents) : text_answer(arguments.folder, contents));
}

}  // namespace
}  // namespace verify_command

Command add_verify(CommandLine& program) {
  using namespace verify_command;
  CommandLine app = program.add_subcommand("verify", "Checks every byte of a data folder");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->folder);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
