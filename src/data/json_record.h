// One JSON object as a list of named values: a line of JSON Lines.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/text_reader.h"

namespace coseno {

struct JsonField {
  enum class Kind {
    null,
    boolean,  // `text` is "true" or "false"
    number,   // `text` is the number as it was written
    string,   // `text`
    list,     // `strings`: an array of nothing but strings
    other,    // an object, or an array of something else; skipped
  };

  std::string name;
  Kind kind = Kind::null;
  std::string text;
  std::vector<std::string> strings;
  std::size_t column = 1;  // where the name's text starts in the line; 1 where it has escapes
};

// Error invalid_argument: the field of the current line of `text` must be `expected`.
std::unexpected<Error> wrong_kind(const TextReader& text, const JsonField& field,
                                  std::string_view expected);

// The id that the field holds: a string, or a whole number as it is written. `what` is "user id" or
// the like. Errors: invalid_argument.
Result<std::string_view> id_of(const TextReader& text, const JsonField& field,
                               std::string_view what);

// Parses lines. Keeps its memory from line to line. Not thread-safe.
class JsonRecordParser {
 public:
  // An object with more is refused, and so it is cheap to look for duplicate names.
  static constexpr std::size_t kMaxFields = 1000;

  JsonRecordParser();
  ~JsonRecordParser();
  JsonRecordParser(const JsonRecordParser&) = delete;
  JsonRecordParser& operator=(const JsonRecordParser&) = delete;

  // The fields of the current line of `text`, in its order. Valid until the next call.
  // Errors: invalid_argument where it is not one JSON object, or has a name twice.
  Result<std::span<const JsonField>> parse(const TextReader& text);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace coseno
