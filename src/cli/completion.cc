// coseno completion: the script that lets a shell complete commands, options and their values.

#include "cli/command.h"
#include "cli/completion_script.h"
#include "cli/output.h"

namespace coseno::cli {
namespace completion_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  source <(coseno completion bash)
  coseno completion bash > ~/.local/share/bash-completion/completions/coseno)";

}  // namespace
}  // namespace completion_command

Command add_completion(CommandLine& program) {
  using namespace completion_command;
  CommandLine app = program.add_subcommand("completion", "Prints the script for tab completion");
  // There is one script, so what was said is checked and not kept.
  app.add_option("SHELL", "bash").required().is_member({"bash"});
  app.footer(kExamples);
  return {app, [] { return write_text("-", kBashCompletion); }};
}

}  // namespace coseno::cli
