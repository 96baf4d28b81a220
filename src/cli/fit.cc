// coseno fit: a model file, so that later commands need not fit again.

#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "evaluation/auto_model.h"

namespace coseno::cli {
namespace fit_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno fit ratings.csv --out model.safetensors
  coseno fit ratings.csv --seconds 120 --out model.safetensors
  coseno fit ratings.csv --model biased_mf --set dim=64 --seed 7 --out model.safetensors
  coseno recommend model.safetensors --user 42)";

struct Arguments {
  SourceArguments source;
  std::string out;
};

Outcome<void> run(const Arguments& arguments) {
  const std::string& ratings = arguments.source.ratings;
  if (is_model_file(ratings)) return wrong_use("{} is a fitted model already", ratings);
  COSENO_TRY(check_out(arguments.out,
                       {ratings, arguments.source.items, arguments.source.user_properties}));
  Session session(arguments.source.n_threads);
  COSENO_ASSIGN(source, fit_source(arguments.source, auto_model().name, "score", session));
  COSENO_TRY(save_model(source.fitted, arguments.out));
  session.progress.clear();
  const UserItemMatrix& matrix = source.fitted.dataset.matrix;
  const bool to_stdout = arguments.out == "-";
  const std::string summary = fmt::format(
      "{}: {} fitted on {} users, {} items, {} {}", to_stdout ? "standard output" : arguments.out,
      source.fitted.model->name(), matrix.n_users(), matrix.n_items(), matrix.n_entries(),
      matrix.has_values() ? "ratings" : "interactions");
  if (!to_stdout) return write_text("-", summary + "\n");
  print_note(summary);  // the model has standard output for itself
  return {};
}

}  // namespace
}  // namespace fit_command

Command add_fit(CommandLine& program) {
  using namespace fit_command;
  CommandLine app = program.add_subcommand("fit", "Fits a model and saves it");
  const auto arguments = std::make_shared<Arguments>();
  add_model_option(app, arguments->source, auto_model().name);
  app.add_option("--out", arguments->out, "The model file to write, in safetensors format")
      .type_name("MODEL_FILE")
      .required();
  add_ratings_options(app, arguments->source);
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
