// What a command of the program is.
#pragma once

#include <functional>

#include "cli/command_line.h"
#include "cli/failure.h"

namespace coseno::cli {

struct Command {
  CommandLine app;                     // its arguments
  std::function<Outcome<void>()> run;  // to be called when `app` has been parsed
};

// Each adds its command to the program, and lives in the file of its name, whose own names stand in
// the namespace NAME_command: all commands have a run() and its arguments.
Command add_import(CommandLine& program);
Command add_train(CommandLine& program);
Command add_publish(CommandLine& program);
Command add_inspect(CommandLine& program);
Command add_verify(CommandLine& program);
Command add_backup(CommandLine& program);
Command add_restore(CommandLine& program);
Command add_erase(CommandLine& program);
Command add_recommend(CommandLine& program);
Command add_similar(CommandLine& program);
Command add_predict(CommandLine& program);
Command add_fit(CommandLine& program);
Command add_evaluate(CommandLine& program);
Command add_tune(CommandLine& program);
Command add_replay(CommandLine& program);
Command add_generate(CommandLine& program);
Command add_serve(CommandLine& program);
Command add_key(CommandLine& program);
Command add_models(CommandLine& program);
Command add_completion(CommandLine& program);

}  // namespace coseno::cli
