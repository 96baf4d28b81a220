// Where the next page begins, as text that a client hands back and need not understand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/problem.h"

namespace coseno::server {

// What a cursor is for: one of another kind is refused.
enum class CursorKind : char { list = 'l', items = 'i', users = 'u', events = 'e' };

// base64url of kind, bytes and a checksum: letters, digits, - and _. The checksum finds what was
// mistyped or cut; it is no secret, since a cursor gives nobody more than the request would.
std::string make_cursor(CursorKind kind, std::string_view bytes);

// The bytes. Problem: invalid_cursor, where the text is not one that make_cursor gave for `kind`.
Answer<std::string> read_cursor(CursorKind kind, std::string_view text);

std::unexpected<Problem> invalid_cursor(std::string_view why);

// The same on every machine: FNV-1a with 64 bits, its bits mixed.
std::uint64_t hash_of(std::string_view text);

// Numbers as bytes, little-endian; `n_bytes` of them.
void append_number(std::uint64_t number, std::size_t n_bytes, std::string& out);
std::uint64_t number_of(std::string_view bytes);

}  // namespace coseno::server
