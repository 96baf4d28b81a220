#include "data/format_detection.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace coseno {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// In this order: a title may hold commas, and hardly ever a tab or two colons.
constexpr std::array<std::string_view, 3> kDelimiters = {"::", "\t", ","};

// Enough to see a pattern; few enough to forget what a line with odd text does.
constexpr std::size_t kMaxLines = 20;

std::string_view skip_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Past the string that `text` starts with, quotes included.
std::string_view skip_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return text.substr(i + 1);
    }
  }
  return {};
}

InteractionFormat detect_json(std::string_view head) {
  std::string_view rest = skip_blanks(head.substr(1));
  // {} is a matrix without users.
  if (!rest.starts_with('"')) return InteractionFormat::json_matrix;
  rest = skip_blanks(skip_string(rest));
  if (!rest.starts_with(':')) return InteractionFormat::json_matrix;
  rest = skip_blanks(rest.substr(1));
  return rest.starts_with('{') ? InteractionFormat::json_matrix : InteractionFormat::json_lines;
}

std::vector<std::string_view> first_lines(std::string_view head) {
  std::vector<std::string_view> lines;
  while (!head.empty() && lines.size() < kMaxLines) {
    const std::size_t newline = head.find('\n');
    std::string_view line = head.substr(0, newline);
    head.remove_prefix(newline == std::string_view::npos ? head.size() : newline + 1);
    // What is cut at the end of the head tells nothing, unless there is nothing else.
    if (newline == std::string_view::npos && !lines.empty()) break;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::size_t count_in(std::string_view line, std::string_view delimiter) {
  std::size_t n = 0;
  for (std::size_t at = line.find(delimiter); at != std::string_view::npos;
       at = line.find(delimiter, at + delimiter.size())) {
    ++n;
  }
  return n;
}

}  // namespace

std::string_view first_line(std::string_view head) {
  const std::vector<std::string_view> lines = first_lines(head);
  return lines.empty() ? std::string_view() : lines.front();
}

std::string_view detect_delimiter(std::string_view head) {
  const std::vector<std::string_view> lines = first_lines(head);
  std::string_view in_first_line;
  for (const std::string_view delimiter : kDelimiters) {
    const auto count = [&](std::string_view line) { return count_in(line, delimiter); };
    const std::size_t n = lines.empty() ? 0 : count(lines.front());
    if (n == 0) continue;
    if (std::ranges::all_of(lines, [&](std::string_view line) { return count(line) == n; })) {
      return delimiter;
    }
    if (in_first_line.empty()) in_first_line = delimiter;
  }
  return in_first_line;
}

InteractionFormat detect_format(std::string_view head) {
  const std::string_view text = skip_blanks(head);
  if (text.starts_with('{')) return detect_json(text);
  const std::string_view delimiter = detect_delimiter(head);
  if (delimiter == "::") return InteractionFormat::double_colon;
  if (delimiter == "\t") return InteractionFormat::tsv;
  if (delimiter == ",") return InteractionFormat::csv;
  return InteractionFormat::user_lines;
}

}  // namespace coseno
