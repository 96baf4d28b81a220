// Columns of text for people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coseno::cli {

// `text` as one line that is safe on a terminal: each control character becomes a question mark.
// Ids and titles come from files of strangers.
std::string printable(std::string_view text);

// A score with as many digits as help: counts whole, the rest to four places.
std::string score_text(float score);

// Rows of cells, printed in columns as wide as their widest cell; widths count UTF-8 characters.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column.
  void add_row(std::vector<std::string> cells);

  // The titles and the rows, a line each, without blanks at their ends.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace coseno::cli
