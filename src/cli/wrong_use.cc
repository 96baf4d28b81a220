#include "cli/wrong_use.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <vector>

#include "base/nearest_word.h"

namespace coseno::cli {
namespace {

// ", did you mean --model?", or nothing where no word is near.
std::string suggestion(const CommandLine& app, std::string_view word) {
  const std::vector<std::string> known = app.known_words();
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

std::string explain(const CommandLine& program, const ParseStop& stop) {
  const std::optional<CommandLine> command = program.parsed_subcommand();
  const CommandLine& app = command ? *command : program;
  const std::string help = command ? fmt::format("coseno {} --help", app.name()) : "coseno --help";
  const std::vector<std::string> unknown = app.remaining();
  std::string sentence = one_sentence(stop.text);
  if (!unknown.empty()) {
    const std::string& word = unknown.front();
    const std::string_view kind = word.starts_with('-') ? "option"
                                  : command             ? "argument"
                                                        : "command";
    sentence = fmt::format("unknown {} {}{}", kind, word, suggestion(app, word));
  } else if (!command && stop.is_missing) {
    sentence = "a command is missing";
  }
  return fmt::format("{} (see {})", sentence, help);
}

}  // namespace coseno::cli
