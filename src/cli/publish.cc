// coseno publish: vectors that were trained elsewhere, put in service.

#include <boost/json.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/data_folder.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/progress_bar.h"
#include "cli/source.h"
#include "cli/train_report.h"
#include "cli/whole_number.h"
#include "models/vectors_file.h"

namespace coseno::cli {
namespace publish_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno publish data vectors.safetensors
  coseno publish data vectors.safetensors --name two_tower --position 120000
  coseno publish data vectors.safetensors --set form=explicit --force --json

The file has the tensors item_vectors, and if there are any item_biases and user_vectors, in float32;
item_ids and user_ids are JSON lists in its metadata. NumPy, PyTorch and TensorFlow.js write it:
examples/publish_numpy.py. Users are folded in from their histories as they are at each request; the
user vectors tell how. Items that the folder does not know are made, unless another process has it
open. What ranks held-out events worse than what is in service is not put there without --force.)";

struct Arguments {
  SourceArguments source;  // ratings: the data folder
  std::string vectors;
  std::string name = "vectors";
  std::optional<std::uint64_t> position;
  bool force = false;
  bool as_json = false;
};

std::string json_answer(const TrainReport& report) {
  boost::json::object json = report_json(report);
  json["agreement"] = nullptr;
  if (report.agreement) json["agreement"] = *report.agreement;
  return json_text(json) + "\n";
}

std::string text_answer(const VectorsFile& file, const TrainReport& report) {
  std::string text =
      fmt::format("{}: {} items and {} users x {}, {:.1f} s\n", report.model, file.items().size(),
                  file.users().size(), file.dim(), report.seconds);
  text += "users are folded in with";
  for (const auto& [name, value] : report.settings) text += fmt::format(" {}={}", name, value);
  text +=
      report.agreement
          ? fmt::format("\nthose of the file have a cosine of {:.4f} with their vectors in it\n",
                        *report.agreement)
          : "\nno user of the file has a history here\n";
  return text + outcome_text(report);
}

// The folder, to write where nobody else does.
Result<Engine> open(const Arguments& arguments) {
  EngineOptions options = kOpenToWrite;
  options.n_threads = arguments.source.n_threads;
  Result<Engine> engine = Engine::open(arguments.source.ratings, options);
  if (engine || engine.error().code != ErrorCode::conflict) return engine;
  return Engine::open_beside(arguments.source.ratings, options);
}

Outcome<void> run(const Arguments& arguments) {
  COSENO_ASSIGN(settings, settings_for(vectors_model(), arguments.source));
  COSENO_ASSIGN(file, VectorsFile::read(arguments.vectors));
  const std::vector<std::string_view> items(file.items().begin(), file.items().end());
  const std::vector<std::string_view> users(file.users().begin(), file.users().end());
  VectorsRequest request{.dim = file.dim(),
                         .items = items,
                         .item_vectors = file.item_vectors(),
                         .item_biases = file.item_biases(),
                         .users = users,
                         .user_vectors = file.user_vectors(),
                         .name = arguments.name,
                         .settings = {settings.begin(), settings.end()},
                         .position = arguments.position,
                         .force = arguments.force};
  ProgressBar progress;
  report_to(progress, request);
  COSENO_ASSIGN(engine, open(arguments));
  COSENO_ASSIGN(report, asked(engine.publish_vectors(request)));
  progress.clear();
  return write_text("-", arguments.as_json ? json_answer(report) : text_answer(file, report));
}

}  // namespace
}  // namespace publish_command

Command add_publish(CommandLine& program) {
  using namespace publish_command;
  CommandLine app =
      program.add_subcommand("publish", "Puts vectors that were trained elsewhere in service");
  const auto arguments = std::make_shared<Arguments>();
  add_data_folder_argument(app, arguments->source.ratings);
  app.add_option("VECTORS", arguments->vectors, "File of vectors (safetensors)")
      .type_name("FILE")
      .required();
  app.add_option("--name", arguments->name, "What answers call them; default vectors")
      .type_name("NAME");
  app.add_option("--position", arguments->position,
                 "The last event that they have learnt from: later ones judge; default unknown")
      .type_name("N")
      .check(whole_number(0));
  app.add_flag("--force", arguments->force, "Also where they are worse than what is in service");
  add_set_option(app, arguments->source);
  add_threads_option(app, arguments->source.n_threads);
  app.add_flag("--json", arguments->as_json, "Answer in JSON");
  app.footer(kExamples);
  return {app, [arguments] { return run(*arguments); }};
}

}  // namespace coseno::cli
