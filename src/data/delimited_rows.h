// CSV, TSV and their kin, row by row.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/text_reader.h"

namespace coseno {

// Splits the lines of a text into fields. With a comma, fields may be quoted as RFC 4180 has it:
// "a, ""b""" and line ends inside the quotes (which arrive as LF); blanks around a field without
// quotes, and before a quote, are dropped. With any other delimiter a quote
// is a character like others: MovieLens and RecBole write titles so.
class DelimitedRows {
 public:
  // `text` must outlive this. `delimiter` is one or two characters: ",", "\t", "|" or "::".
  DelimitedRows(TextReader& text, std::string_view delimiter)
      : text_(&text), delimiter_(delimiter) {}

  // Moves to the next row that is not an empty line; false at the end.
  // Errors: those of the text; a quote that is not closed, or text behind one; a line of JSON.
  Result<bool> next();

  // At least one. Valid until the next call of next.
  std::span<const std::string_view> fields() const { return fields_; }

  // Error invalid_argument at the start of field i.
  std::unexpected<Error> error_in_field(std::size_t i, std::string_view message) const;

  // An error unless the row has `n` fields; one more, an empty one behind a delimiter at the end of
  // the line, is dropped. `where` tells what has n: "the header".
  Result<void> expect_fields(std::size_t n, std::string_view where);

 private:
  void split_plain(std::string_view line);
  Result<void> split_quoted();
  Result<void> unquote(std::string_view& rest, TextPosition opening);
  std::size_t column_of(std::string_view part) const;

  TextReader* text_;
  std::string_view delimiter_;
  std::vector<std::string_view> fields_;

  // Of a row with quotes: the fields' text one behind the other, where each ends, and where it
  // started in the file. `positions_` is empty for a row without.
  std::string unquoted_;
  std::vector<std::size_t> ends_;
  std::vector<TextPosition> positions_;
};

}  // namespace coseno
