// A text file by lines or by blocks, with positions for messages.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "data/text_source.h"

namespace coseno {

// `text` in quotes for a message: cut to some 40 bytes, control characters shown as '?'.
std::string quote(std::string_view text);

// A place in a text. Lines and columns count from 1; columns count bytes.
struct TextPosition {
  std::size_t line = 1;
  std::size_t column = 1;

  // Moves over `text`.
  void advance(std::string_view text);
};

// Reads a TextSource through one window of memory, without a byte order mark. What it gives out is
// valid UTF-8 without zero bytes. Reports progress and looks for cancellation at every 256 KiB.
// Take lines, or blocks, or all; not a mixture. Not thread-safe.
class TextReader {
 public:
  // No line is longer; the window grows up to this.
  static constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

  // `progress` must outlive the reader.
  TextReader(TextSource source, Progress& progress)
      : source_(std::move(source)), progress_(&progress) {}

  const std::string& name() const { return source_.name(); }

  // The first 64 KiB, or all of a shorter file; reading starts there all the same. The view is
  // valid until the next call. Not checked to be UTF-8.
  // Errors: invalid_argument where the file is empty or not text; those of the source; cancelled.
  Result<std::string_view> head();
  // Whether head() was the whole file.
  bool head_is_all() const { return source_is_at_end_; }

  // Moves to the next line; false at the end. Errors: those of head; a line that is not UTF-8.
  Result<bool> next_line();
  // Without its line end (LF or CRLF). Valid until the next call of next_line.
  std::string_view line() const { return line_; }
  std::size_t line_number() const { return line_number_; }
  // True where the file ended before a line end: the line may be cut short.
  bool line_is_open() const { return line_is_open_; }

  // The next bytes, whole characters; empty at the end. Valid until the next call.
  Result<std::string_view> next_block();

  // All that is left, not checked to be UTF-8.
  Result<std::string> rest();

  // Error invalid_argument at a column (from 1) of the current line.
  template <class... Args>
  std::unexpected<Error> error_in_line(std::size_t column, fmt::format_string<Args...> format,
                                       Args&&... args) const {
    return error_at({line_number_, column}, fmt::format(format, std::forward<Args>(args)...));
  }

  // The same at an offset in the current block.
  template <class... Args>
  std::unexpected<Error> error_in_block(std::size_t offset, fmt::format_string<Args...> format,
                                        Args&&... args) const {
    TextPosition place = block_position_;
    place.advance(block_.substr(0, offset));
    return error_at(place, fmt::format(format, std::forward<Args>(args)...));
  }

  // The same anywhere.
  std::unexpected<Error> error_at(TextPosition place, std::string_view message) const;

 private:
  std::string_view window() const { return {buffer_.data() + begin_, end_ - begin_}; }
  Result<void> fill();
  Result<void> check_line() const;

  TextSource source_;
  Progress* progress_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // the window in buffer_
  std::size_t end_ = 0;
  bool window_is_plain_ = true;  // nothing in it needs a look for UTF-8 or zero bytes
  bool source_is_at_end_ = false;
  bool is_started_ = false;

  std::string_view line_;
  std::size_t line_number_ = 0;
  bool line_is_open_ = false;

  std::string_view block_;
  TextPosition block_position_;  // of its start
};

}  // namespace coseno
