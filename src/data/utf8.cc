#include "data/utf8.h"

#include <algorithm>
#include <cstdint>

namespace coseno {
namespace {

constexpr std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

constexpr bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the character that `lead` begins; 0 where none begins so.
constexpr std::size_t length_by_lead(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation, or an overlong form of ASCII
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// The second byte is where overlong forms, surrogates and numbers above U+10FFFF show.
constexpr bool second_byte_fits(std::uint8_t lead, std::uint8_t second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second < 0xA0;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second < 0x90;
    default:
      return true;
  }
}

// Bytes of the valid character at the start of `text`, which is not empty; 0 where there is none.
std::size_t character_length(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  const std::size_t length = length_by_lead(lead);
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte_at(text, i))) return 0;
  }
  if (length > 1 && !second_byte_fits(lead, byte_at(text, 1))) return 0;
  return length;
}

}  // namespace

bool is_plain_ascii(std::string_view text) {
  // No early exit, so that the compiler can take 16 bytes or more at a time.
  bool is_other = false;
  for (const char c : text) is_other |= static_cast<signed char>(c) <= 0;
  return !is_other;
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

std::size_t whole_characters(std::string_view text) {
  const std::size_t lookback = std::min<std::size_t>(text.size(), 3);
  for (std::size_t n = 1; n <= lookback; ++n) {
    const std::uint8_t byte = byte_at(text, text.size() - n);
    if (is_continuation(byte)) continue;
    return length_by_lead(byte) > n ? text.size() - n : text.size();
  }
  return text.size();
}

std::string latin1_to_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size() + text.size() / 16);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t byte = byte_at(text, i);
    if (byte < 0x80) {
      result += text[i];
    } else {
      result += static_cast<char>(0xC0 | (byte >> 6));
      result += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return result;
}

}  // namespace coseno
