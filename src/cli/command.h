// What a command of the program is.
#pragma once

#include <functional>

#include "cli/failure.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}

namespace coseno::cli {

struct Command {
  CLI::App* app;                       // its arguments; owned by the program's
  std::function<Outcome<void>()> run;  // to be called when `app` has been parsed
};

// Each adds its command to the program, and lives in the file of its name.
Command add_import(CLI::App& program);
Command add_train(CLI::App& program);
Command add_inspect(CLI::App& program);
Command add_verify(CLI::App& program);
Command add_backup(CLI::App& program);
Command add_restore(CLI::App& program);
Command add_erase(CLI::App& program);
Command add_recommend(CLI::App& program);
Command add_similar(CLI::App& program);
Command add_predict(CLI::App& program);
Command add_fit(CLI::App& program);
Command add_evaluate(CLI::App& program);
Command add_tune(CLI::App& program);
Command add_replay(CLI::App& program);
Command add_generate(CLI::App& program);
Command add_models(CLI::App& program);
Command add_completion(CLI::App& program);

}  // namespace coseno::cli
