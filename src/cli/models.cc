// coseno models: what there is to choose from, and what can be set.

#include <memory>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/table.h"
#include "evaluation/auto_model.h"

namespace coseno::cli {
namespace models_command {
namespace {

constexpr const char* kExamples = R"(Examples:
  coseno models
  coseno models item_knn
  coseno fit ratings.csv --model biased_mf --set dim=64 --out model.safetensors)";

std::string description(const ModelInfo& model) {
  using enum Table::Align;
  std::string text = fmt::format("{}: {}\n", model.name, model.summary);
  if (model.needs_properties) text += "needs properties of items (--items)\n";
  if (model.needs_ratings) text += "needs ratings\n";
  if (model.has_vectors) text += "has vectors (--by cosine)\n";
  if (model.is_trained_apart) text += "is trained by coseno-train-deep (./dev build --deep)\n";
  if (&model == &vectors_model()) text += "is not fitted: coseno publish puts it in service\n";
  const std::vector<OptionInfo> options = model.options();
  if (options.empty()) return text;
  Table table({{"  --set", left}, {"default", left}, {"range", left}, {"", left}});
  for (const OptionInfo& option : options) {
    table.add_row({"  " + option.name, option.default_value, option.range, option.help});
  }
  return text + table.text();
}

Outcome<void> run(const std::string& name) {
  if (!name.empty()) {
    if (name == vectors_model().name) return write_text("-", description(vectors_model()));
    COSENO_ASSIGN(model, named_model(name));
    return write_text("-", description(*model));
  }
  std::string text;
  for (const ModelInfo& model : all_models()) {
    if (!text.empty()) text += '\n';
    text += description(model);
  }
  text += '\n' + description(auto_model()) + '\n' + description(vectors_model());
  return write_text("-", text);
}

}  // namespace
}  // namespace models_command

Command add_models(CommandLine& program) {
  using namespace models_command;
  CommandLine app = program.add_subcommand("models", "Lists the models and their options");
  const auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "Only this one");
  app.footer(kExamples);
  return {app, [name] { return run(*name); }};
}

}  // namespace coseno::cli
