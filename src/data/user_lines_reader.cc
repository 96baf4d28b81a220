// Interactions from "user item item ..." lines.

#include <algorithm>

#include "data/interaction_readers.h"
#include "data/text_values.h"

namespace coseno {
namespace {

// A line of another kind, where a file changes half way. Read as a user it would be lost silently.
bool is_of_another_kind(std::string_view line) {
  if (line.contains('\t') || line.starts_with('{')) return true;
  return !line.contains(' ') && (line.contains(',') || line.contains("::"));
}

std::size_t find_delimiter(std::string_view line) {
  return std::min(line.find(','), line.find("::"));
}

class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}

  // The next word, with the column where it starts; an empty one at the end.
  std::string_view next() {
    begin_ = std::min(line_.find_first_not_of(' ', end_), line_.size());
    end_ = std::min(line_.find(' ', begin_), line_.size());
    return line_.substr(begin_, end_ - begin_);
  }
  std::size_t column() const { return begin_ + 1; }

 private:
  std::string_view line_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

Result<void> read_user_lines(TextReader& text, bool is_detected, InteractionBuilder& out) {
  for (;;) {
    COSENO_ASSIGN(has_line, text.next_line());
    if (!has_line) return {};
    const std::string_view line = text.line();
    if (is_of_another_kind(line)) {
      return text.error_in_line(1, "{} is not of the kind 'user item item ...'", quote(line));
    }
    const std::size_t delimiter = is_detected ? find_delimiter(line) : std::string_view::npos;
    if (delimiter != std::string_view::npos) {
      return text.error_in_line(
          delimiter + 1,
          "{} is not of the kind 'user item item ...' (where {} belongs to an "
          "id, say --format user-lines)",
          quote(line), line[delimiter] == ',' ? "the comma" : "'::'");
    }
    Words words(line);
    const std::string_view user_id = words.next();
    if (user_id.empty()) continue;
    if (!is_valid_id(user_id)) {
      return text.error_in_line(words.column(), "{}", id_trouble("user id", user_id));
    }
    const UserIndex user = out.user(user_id);
    for (std::string_view item = words.next(); !item.empty(); item = words.next()) {
      if (!is_valid_id(item)) {
        return text.error_in_line(words.column(), "{}", id_trouble("item id", item));
      }
      out.add(user, {.item = out.item(item), .value = 1, .time = 0});
    }
  }
}

}  // namespace coseno
