#include "data/delimited_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace coseno {

namespace {

// Where a file changes half way. A brace alone may begin an id, as in GUIDs.
bool is_json(std::string_view line) {
  if (!line.starts_with('{')) return false;
  const std::size_t next = line.find_first_not_of(" \t", 1);
  return next == std::string_view::npos || line[next] == '"' || line[next] == '\'' ||
         line[next] == '}';
}

std::string_view without_blanks_in_front(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

std::string_view without_blanks_around(std::string_view text) {
  text = without_blanks_in_front(text);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

Result<bool> DelimitedRows::next() {
  do {
    COSENO_ASSIGN(has_line, text_->next_line());
    if (!has_line) return false;
  } while (text_->line().empty());

  const std::string_view line = text_->line();
  if (is_json(line)) {
    return text_->error_in_line(1, "{} is JSON, not a row of fields", quote(line));
  }
  positions_.clear();
  if (delimiter_ == "," && line.contains('"')) {
    COSENO_TRY(split_quoted());
  } else {
    split_plain(line);
  }
  return true;
}

void DelimitedRows::split_plain(std::string_view line) {
  fields_.clear();
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = line.find(delimiter_, begin);
    const std::string_view field = line.substr(begin, end - begin);
    fields_.push_back(delimiter_ == "," ? without_blanks_around(field) : field);
    if (end == std::string_view::npos) return;
    begin = end + delimiter_.size();
  }
}

Result<void> DelimitedRows::split_quoted() {
  unquoted_.clear();
  ends_.clear();
  for (std::string_view rest = text_->line();; rest.remove_prefix(1)) {
    rest = without_blanks_in_front(rest);
    positions_.push_back({text_->line_number(), column_of(rest)});
    if (rest.starts_with('"')) {
      COSENO_TRY(unquote(rest, positions_.back()));
    } else {
      const std::string_view field = rest.substr(0, rest.find(','));
      unquoted_ += without_blanks_around(field);
      rest.remove_prefix(field.size());
    }
    ends_.push_back(unquoted_.size());
    if (rest.empty()) break;
  }
  fields_.clear();
  std::size_t begin = 0;
  for (const std::size_t end : ends_) {
    fields_.push_back(std::string_view(unquoted_).substr(begin, end - begin));
    begin = end;
  }
  return {};
}

// Appends the quoted field at the start of `rest`, which then goes on with the comma behind it, or
// is at the end of a line; a later line, where the field holds line ends.
Result<void> DelimitedRows::unquote(std::string_view& rest, TextPosition opening) {
  rest.remove_prefix(1);
  for (;;) {
    const std::size_t quote = rest.find('"');
    unquoted_ += rest.substr(0, quote);
    if (quote == std::string_view::npos) {
      unquoted_ += '\n';
      COSENO_ASSIGN(has_line, text_->next_line());
      if (!has_line || unquoted_.size() > TextReader::kMaxLineBytes) {
        return text_->error_at(opening, "the quote that opens here is not closed");
      }
      rest = text_->line();
      continue;
    }
    rest.remove_prefix(quote + 1);
    if (rest.starts_with('"')) {  // a doubled quote stands for one
      unquoted_ += '"';
      rest.remove_prefix(1);
      continue;
    }
    if (rest.empty() || rest.starts_with(',')) return {};
    return text_->error_in_line(column_of(rest), "text behind a closing quote");
  }
}

std::size_t DelimitedRows::column_of(std::string_view part) const {
  return static_cast<std::size_t>(part.data() - text_->line().data()) + 1;
}

std::unexpected<Error> DelimitedRows::error_in_field(std::size_t i,
                                                     std::string_view message) const {
  if (!positions_.empty()) return text_->error_at(positions_[i], message);
  return text_->error_at({text_->line_number(), column_of(fields_[i])}, message);
}

Result<void> DelimitedRows::expect_fields(std::size_t n, std::string_view where) {
  if (fields_.size() == n + 1 && fields_.back().empty()) fields_.pop_back();
  if (fields_.size() == n) return {};
  const auto count = [](std::size_t n_columns) {
    return fmt::format("{} column{}", n_columns, n_columns == 1 ? "" : "s");
  };
  return error_in_field(0,
                        fmt::format("{} where {} has {}{}", count(fields_.size()), where, n,
                                    text_->line_is_open() ? " (the file may be cut short)" : ""));
}

}  // namespace coseno
