#include "cli/wrong_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace coseno::cli {
namespace {

// Levenshtein's: how many letters must be put in, taken out or changed.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances of a[..i] to each b[..j]
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

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
  constexpr std::size_t kFarthest = 2;
  std::string nearest;
  std::size_t smallest = kFarthest + 1;
  for (const std::string& known : known_words(app)) {
    const std::size_t distance = edit_distance(known, word);
    if (distance >= smallest) continue;
    smallest = distance;
    nearest = known;
  }
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
