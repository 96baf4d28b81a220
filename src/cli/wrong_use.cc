#include "cli/wrong_use.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/nearest_word.h"

namespace coseno::cli {
namespace {

std::vector<std::string> known_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* const command : app.get_subcommands({}))
    words.push_back(command->get_name());
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

// ", did you mean --model?", or nothing where no word is near.
std::string suggestion(const CLI::App& app, std::string_view word) {
  const std::vector<std::string> known = known_words(app);
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view nearest = nearest_word(word, views);
  return nearest.empty() ? "" : fmt::format(", did you mean {}?", nearest);
}

// CLI11 makes sentences of several lines, some with a full stop.
std::string one_sentence(std::string_view text) {
  std::string sentence(text.substr(0, text.find('\n')));
  while (sentence.ends_with('.') || sentence.ends_with(' ')) sentence.pop_back();
  return sentence;
}

}  // namespace

std::string explain(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<const CLI::App*> chosen = program.get_subcommands(
      std::function<bool(const CLI::App*)>([](const CLI::App* app) { return app->parsed(); }));
  const CLI::App& app = chosen.empty() ? program : *chosen.front();
  const std::string help =
      chosen.empty() ? "coseno --help" : fmt::format("coseno {} --help", app.get_name());
  const std::vector<std::string> unknown = app.remaining();
  std::string sentence = one_sentence(error.what());
  if (!unknown.empty()) {
    const std::string& word = unknown.front();
    const std::string_view kind = word.starts_with('-') ? "option"
                                  : chosen.empty()      ? "command"
                                                        : "argument";
    sentence = fmt::format("unknown {} {}{}", kind, word, suggestion(app, word));
  } else if (chosen.empty() && error.get_name() == "RequiredError") {
    sentence = "a command is missing";
  }
  return fmt::format("{} (see {})", sentence, help);
}

}  // namespace coseno::cli
