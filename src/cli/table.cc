#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace coseno::cli {
namespace {

// UTF-8 continuation bytes take no column of their own.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & '\xC0') != '\x80'; }));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string line(text);
  const auto is_control = [](char c) { return (c >= '\0' && c < ' ') || c == '\x7F'; };
  std::ranges::replace_if(line, is_control, '?');
  return line;
}

std::string score_text(float score) {
  constexpr float kLargestExact = 1 << 24;
  const bool is_count = std::floor(score) == score && std::abs(score) < kLargestExact;
  return fmt::format("{:.{}f}", score, is_count ? 0 : 4);
}

void Table::add_row(std::vector<std::string> cells) {
  COSENO_CHECK(cells.size() == columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    widths.push_back(width(columns_[c].title));
    for (const auto& row : rows_) widths[c] = std::max(widths[c], width(row[c]));
  }
  std::string text;
  const auto add_line = [&](const auto& cell) {
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::string blanks(widths[c] - width(cell(c)), ' ');
      const bool is_left = columns_[c].align == Align::left;
      text += is_left ? cell(c) + blanks : blanks + cell(c);
      text += "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  add_line([&](std::size_t c) { return columns_[c].title; });
  for (const auto& row : rows_) add_line([&](std::size_t c) { return row[c]; });
  return text;
}

}  // namespace coseno::cli
