// The program.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <vector>

#include "base/interrupt.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/wrong_use.h"

namespace coseno::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno recommend ratings.csv --user 42 --items movies.csv
  coseno similar ratings.csv --item 50 --items movies.csv
  coseno predict ratings.csv --pairs wanted.csv
  coseno fit ratings.csv --model biased_mf --out model.safetensors
  coseno recommend model.safetensors --users all -k 20 --out lists.txt
  coseno evaluate ratings.csv --protocol leave-last-out
  coseno import data ratings.csv --items movies.csv
  coseno train data
  coseno recommend data --user 42
  coseno serve data
  coseno COMMAND --help

Files may be CSV, TSV, JSON or JSON Lines, compressed or not: the format is found by looking.
Exit code: 0, 1 where the work failed, 2 for wrong use, 130 where Ctrl-C or SIGTERM ended it.)";

int report(const Failure& failure) {
  // A read that Ctrl-C ended may say so in other words.
  const bool is_interrupted = interrupted() || failure.exit_code == kInterrupted;
  print_note(is_interrupted ? "interrupted" : printable(failure.message));
  return is_interrupted ? kInterrupted : failure.exit_code;
}

int exit_code(const Outcome<void>& outcome) { return outcome ? 0 : report(outcome.error()); }

int answer(const CommandLine& program, const ParseStop& stop) {
  if (stop.is_wrong_use) return report(Failure(kWrongUse, explain(program, stop)));
  return exit_code(write_text("-", stop.text));
}

// A closed standard stream must not become the number of a file that the program opens. What holds
// its place fails as a closed one does: input can only be written, output only read.
void hold_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) != -1) continue;
    open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int run(int argc, char** argv) {
  CommandLine program("Recommendations from a file of ratings, or from events as they come",
                      "coseno");
  program.set_version_flag("--version", "coseno " COSENO_VERSION);
  program.require_subcommand();
  program.footer(kExamples);
  const std::vector<Command> commands = {
      add_recommend(program), add_similar(program), add_predict(program), add_fit(program),
      add_evaluate(program),  add_tune(program),    add_replay(program),  add_generate(program),
      add_import(program),    add_train(program),   add_publish(program), add_inspect(program),
      add_verify(program),    add_backup(program),  add_restore(program), add_erase(program),
      add_serve(program),     add_key(program),     add_models(program),  add_completion(program)};
  const std::optional<ParseStop> stop = program.parse(argc, argv);
  if (stop) return answer(program, *stop);
  for (const Command& command : commands) {
    if (command.app.parsed()) return exit_code(command.run());
  }
  return kWrongUse;
}

}  // namespace
}  // namespace coseno::cli

int main(int argc, char** argv) {
  coseno::cli::hold_closed_streams();
  coseno::handle_signals();
  try {
    return coseno::cli::run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("coseno: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coseno: %s\n", error.what());
  }
  return coseno::cli::kFailed;
}
