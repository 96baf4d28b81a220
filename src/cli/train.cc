// coseno train: models for a data folder, judged before they are put in service.

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/source.h"
#include "cli/train_report.h"
#include "evaluation/auto_model.h"

namespace coseno::cli {
namespace train_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno train data
  coseno train data --seconds 300 --json
  coseno train data --model ials --set dim=64

The newest tenth of each user's events is held out. What was learnt from the rest is put in service
unless it ranks them worse than what is in service does. The folder may be in use meanwhile: whoever
writes it takes the new models up when it is told to look, or opens it again.)";

struct Arguments {
  SourceArguments source;  // ratings: the data folder
  bool as_json = false;
};

std::string text_answer(const std::string& folder, const TrainReport& report) {
  const Settings settings(report.settings.begin(), report.settings.end());
  return fmt::format("{}, events up to position {}, {:.1f} s\n", report.model, report.position,
                     report.seconds) +
         outcome_text(report) +
         fmt::format("again: coseno train {} {}\n", folder,
                     model_arguments(report.model, settings));
}

Outcome<void> run(const Arguments& arguments) {
  const SourceArguments& source = arguments.source;
  COSENO_ASSIGN(info, named_model(source.model.empty() ? auto_model().name : source.model));
  COSENO_ASSIGN(settings, settings_for(*info, source));
  TrainOptions options;
  options.model = info->name;
  if (info != &auto_model()) options.settings.insert(settings.begin(), settings.end());
  options.seconds = source.seconds.value_or(options.seconds);
  ProgressBar progress;
  report_to(progress, options);
  COSENO_ASSIGN(engine, Engine::open_beside(source.ratings,
                                            {.n_threads = source.n_threads, .seed = seed(source)}));
  COSENO_ASSIGN(report, engine.train(options));
  progress.clear();
  return write_text("-", arguments.as_json ? json_text(report_json(report)) + "\n"
                                           : text_answer(source.ratings, report));
}

}  // namespace
}  // namespace train_command

Command add_train(CommandLine& program) {
  using namespace train_command;
  CommandLine app =
      program.add_subcommand("train", "Fits models to a data folder and puts them in service");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->source.ratings);
  add_model_option(app, arguments->source, auto_model().name);
  add_seed_option(app, arguments->source.seed);
  add_threads_option(app, arguments->source.n_threads);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
