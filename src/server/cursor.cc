#include "server/cursor.h"

#include <array>
#include <optional>

namespace coseno::server {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kChecksumBytes = 4;
constexpr unsigned kBitsALetter = 6;
constexpr unsigned kBitsAByte = 8;

std::string base64url(std::string_view bytes) {
  std::string text;
  text.reserve(4 * (bytes.size() / 3 + 1));
  std::uint32_t bits = 0;
  unsigned n_bits = 0;
  for (const char byte : bytes) {
    bits = bits << kBitsAByte | static_cast<unsigned char>(byte);
    for (n_bits += kBitsAByte; n_bits >= kBitsALetter; n_bits -= kBitsALetter) {
      text += kAlphabet[bits >> (n_bits - kBitsALetter) & 63];
    }
  }
  if (n_bits > 0) text += kAlphabet[bits << (kBitsALetter - n_bits) & 63];
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  std::uint32_t bits = 0;
  unsigned n_bits = 0;
  for (const char letter : text) {
    const std::size_t value = kAlphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << kBitsALetter | static_cast<std::uint32_t>(value);
    n_bits += kBitsALetter;
    if (n_bits >= kBitsAByte) {
      n_bits -= kBitsAByte;
      bytes += static_cast<char>(bits >> n_bits & 255);
    }
  }
  // One text only for the same bytes.
  if (n_bits >= kBitsALetter || (bits & ((1U << n_bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : text) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  return hash ^ (hash >> 33);
}

void append_number(std::uint64_t number, std::size_t n_bytes, std::string& out) {
  for (std::size_t n = 0; n < n_bytes; ++n) {
    out += static_cast<char>(number & 255);
    number >>= kBitsAByte;
  }
}

std::uint64_t number_of(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t n = bytes.size(); n-- > 0;) {
    number = number << kBitsAByte | static_cast<unsigned char>(bytes[n]);
  }
  return number;
}

std::string make_cursor(CursorKind kind, std::string_view bytes) {
  std::string all(1, static_cast<char>(kind));
  all += bytes;
  append_number(hash_of(all), kChecksumBytes, all);
  return base64url(all);
}

std::unexpected<Problem> invalid_cursor(std::string_view why) {
  return std::unexpected(
      Problem(422, "invalid_cursor", fmt::format("the cursor {}", why), "cursor"));
}

Answer<std::string> read_cursor(CursorKind kind, std::string_view text) {
  const std::optional<std::string> all = from_base64url(text);
  if (!all || all->size() < 1 + kChecksumBytes) return invalid_cursor("is none of this server's");
  const std::string_view content = std::string_view(*all).substr(0, all->size() - kChecksumBytes);
  std::string checksum;
  append_number(hash_of(content), kChecksumBytes, checksum);
  if (!all->ends_with(checksum)) return invalid_cursor("is none of this server's");
  if (content.front() != static_cast<char>(kind)) return invalid_cursor("is of another list");
  return std::string(content.substr(1));
}

}  // namespace coseno::server
