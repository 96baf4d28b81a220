#include "data/text_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "data/utf8.h"

namespace coseno {
namespace {

constexpr std::size_t kHeadBytes = std::size_t{64} << 10;

// A block that fits the second-level cache is split while it is warm.
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Packing {
  std::string_view first_bytes;
  std::string_view name;
};

// What people have in their download folders and would try; anything else that is not text is
// known by its zero bytes.
constexpr std::array kPackings = {
    Packing{"PK\x03\x04", "a zip archive"},
    Packing{"\xFD\x37zXZ", "packed with xz"},
};

// "BZh", the block size and the first block's mark; "BZh" alone may begin an id.
bool is_bzip2(std::string_view head) {
  return head.size() >= 10 && head.starts_with("BZh") && head[3] >= '1' && head[3] <= '9' &&
         head.substr(4, 6) == "1AY&SY";
}

std::string packing_trouble(std::string_view name) {
  return fmt::format("is {}: unpack it first (gzip and zstd are read as they are)", name);
}

std::optional<std::string> not_text_trouble(std::string_view head) {
  for (const Packing& packing : kPackings) {
    if (head.starts_with(packing.first_bytes)) return packing_trouble(packing.name);
  }
  if (is_bzip2(head)) return packing_trouble("packed with bzip2");
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    return "is UTF-16: convert it to UTF-8";
  }
  if (const std::size_t zero = head.find('\0'); zero != std::string_view::npos) {
    return fmt::format("is a binary file, not text (a zero byte at byte {})", zero);
  }
  return std::nullopt;
}

}  // namespace

std::string quote(std::string_view text) {
  constexpr std::size_t kMostBytes = 40;
  const bool is_cut = text.size() > kMostBytes;
  if (is_cut) text = text.substr(0, whole_characters(text.substr(0, kMostBytes)));
  std::string result = "'";
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    result += is_control ? '?' : c;
  }
  return result + (is_cut ? "...'" : "'");
}

void TextPosition::advance(std::string_view text) {
  line += static_cast<std::size_t>(std::ranges::count(text, '\n'));
  const std::size_t newline = text.rfind('\n');
  column = newline == std::string_view::npos ? column + text.size() : text.size() - newline;
}

std::unexpected<Error> TextReader::error_at(TextPosition place, std::string_view message) const {
  return invalid_argument("{}:{}:{}: {}", name(), place.line, place.column, message);
}

// Moves the window to the front of the buffer and reads behind it, a block or as much as fits.
Result<void> TextReader::fill() {
  if (progress_->cancelled()) {
    return make_error(ErrorCode::cancelled, "reading {} was cancelled", name());
  }
  progress_->report("reading", source_.bytes_done(), source_.bytes_total(), "");
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (buffer_.size() < end_ + kBlockBytes) buffer_.resize(std::max(2 * end_, kBlockBytes));
  COSENO_ASSIGN(n, source_.read(std::span(buffer_).subspan(end_)));
  const std::string_view fresh(buffer_.data() + end_, n);
  window_is_plain_ = (end_ == 0 || window_is_plain_) && is_plain_ascii(fresh);
  end_ += n;
  source_is_at_end_ = n == 0;
  return {};
}

Result<std::string_view> TextReader::head() {
  while (!source_is_at_end_ && end_ - begin_ < kHeadBytes) COSENO_TRY(fill());
  if (!is_started_) {
    is_started_ = true;
    if (window().starts_with(kByteOrderMark)) {
      begin_ += kByteOrderMark.size();
      // The mark was all that spoke against it, in the usual case.
      window_is_plain_ = is_plain_ascii(window());
    }
    if (const auto trouble = not_text_trouble(window())) {
      return invalid_argument("{}: {}", name(), *trouble);
    }
    if (window().find_first_not_of(" \t\r\n") == std::string_view::npos && source_is_at_end_) {
      return invalid_argument("{}: the file is empty", name());
    }
  }
  return window().substr(0, kHeadBytes);
}

Result<bool> TextReader::next_line() {
  if (!is_started_) COSENO_TRY(head());
  std::size_t n_searched = 0;
  for (;;) {
    const std::string_view text = window();
    const std::size_t newline = text.find('\n', n_searched);
    if (newline != std::string_view::npos || (source_is_at_end_ && !text.empty())) {
      line_is_open_ = newline == std::string_view::npos;
      line_ = text.substr(0, newline);
      begin_ += line_is_open_ ? text.size() : newline + 1;
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      ++line_number_;
      if (!window_is_plain_) COSENO_TRY(check_line());
      return true;
    }
    if (source_is_at_end_) return false;
    if (text.size() > kMaxLineBytes) {
      return error_at({line_number_ + 1, 1},
                      fmt::format("the line is longer than {} MiB", kMaxLineBytes >> 20));
    }
    n_searched = text.size();
    COSENO_TRY(fill());
  }
}

Result<void> TextReader::check_line() const {
  if (is_plain_ascii(line_)) return {};
  if (const auto place = find_invalid_utf8(line_)) {
    return error_in_line(*place + 1, "not valid UTF-8");
  }
  if (const std::size_t zero = line_.find('\0'); zero != std::string_view::npos) {
    return error_in_line(zero + 1, "a zero byte: the file is not text");
  }
  return {};
}

Result<std::string_view> TextReader::next_block() {
  if (!is_started_) COSENO_TRY(head());
  block_position_.advance(block_);
  begin_ += block_.size();
  const auto take_whole_characters = [&] {
    block_ = window();
    if (!source_is_at_end_) block_ = block_.substr(0, whole_characters(block_));
  };
  take_whole_characters();
  while (block_.empty() && !source_is_at_end_) {
    COSENO_TRY(fill());
    take_whole_characters();
  }
  if (window_is_plain_) return block_;
  if (const auto place = find_invalid_utf8(block_)) {
    return error_in_block(*place, "not valid UTF-8");
  }
  if (const std::size_t zero = block_.find('\0'); zero != std::string_view::npos) {
    return error_in_block(zero, "a zero byte: the file is not text");
  }
  return block_;
}

Result<std::string> TextReader::rest() {
  COSENO_TRY(head());
  std::string text;
  for (;;) {
    text += window();
    begin_ = end_;
    if (source_is_at_end_) return text;
    COSENO_TRY(fill());
  }
}

}  // namespace coseno
