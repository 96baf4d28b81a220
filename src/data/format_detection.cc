#include "data/format_detection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "data/column_names.h"
#include "data/text_reader.h"
#include "data/text_values.h"

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

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (line = skip_blanks(line); !line.empty(); line = skip_blanks(line)) {
    words.push_back(line.substr(0, line.find_first_of(kBlanks)));
    line.remove_prefix(words.back().size());
  }
  return words;
}

bool is_header(std::string_view line) {
  const std::vector<std::string> names = normal_names(words_of(line));
  return find_column(names, ColumnRole::user) && find_column(names, ColumnRole::item);
}

// The rating in "user item rating" or "user item rating time", where the line can be that.
std::optional<double> rating_between_blanks(std::span<const std::string_view> words) {
  constexpr double kMaxRating = 100;
  constexpr double kMinTime = 1e8;  // 1973: no list of small numbers has that in this place
  if (words.size() != 3 && words.size() != 4) return std::nullopt;
  const auto rating = parse_number(words[2]);
  if (!rating || !(std::abs(*rating) <= kMaxRating)) return std::nullopt;
  if (words.size() == 4 && !(parse_number(words[3]).value_or(0) > kMinTime)) return std::nullopt;
  return rating;
}

// Nine lines of ten, of equally many words. Without times more than one line is asked for, and few
// different ratings: a list of two items looks like that, too.
bool are_ratings_between_blanks(const std::vector<std::string_view>& lines) {
  constexpr std::size_t kMaxRatings = 10;  // half stars
  for (const std::size_t n_words : {std::size_t{3}, std::size_t{4}}) {
    std::size_t n_fitting = 0;
    std::set<double> ratings;
    for (const std::string_view line : lines) {
      const std::vector<std::string_view> words = words_of(line);
      const auto rating = rating_between_blanks(words);
      if (words.size() != n_words || !rating) continue;
      ++n_fitting;
      ratings.insert(*rating);
    }
    if (n_fitting == 0 || 10 * n_fitting < 9 * lines.size()) continue;
    if (n_words == 4 || (n_fitting > 1 && ratings.size() <= kMaxRatings)) return true;
  }
  return false;
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

std::optional<std::string> user_lines_trouble(std::string_view head) {
  const std::vector<std::string_view> lines = first_lines(head);
  if (lines.empty()) return std::nullopt;
  if (is_header(lines.front())) {
    return fmt::format(
        "{} is a header, with blanks between the names: separate the columns by tabs or commas "
        "(--format user-lines reads lines of a user and items)",
        quote(lines.front()));
  }
  for (const std::string_view delimiter : {";", "|"}) {
    const std::size_t n = count_in(lines.front(), delimiter);
    if (n > 0 && std::ranges::all_of(lines, [&](std::string_view line) {
          return count_in(line, delimiter) == n;
        })) {
      return fmt::format(
          "one column; is the separator '{}'? Columns are separated by tabs, commas or '::'",
          delimiter);
    }
  }
  if (are_ratings_between_blanks(lines)) {
    return fmt::format(
        "the lines look like a user, an item and a rating between blanks ({}): separate them by "
        "tabs or commas, or say --format user-lines where all behind the user are items",
        quote(lines.front()));
  }
  return std::nullopt;
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
