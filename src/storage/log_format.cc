#include "storage/log_format.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <vector>

#include "storage/store_folder.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kTypeOffset = 6;  // of the header; the checksum begins here

constexpr unsigned kFull = 1;
constexpr unsigned kFirst = 2;
constexpr unsigned kMiddle = 3;
constexpr unsigned kLast = 4;

using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

// So that a checksum of bytes that hold a checksum is a good one.
std::uint32_t masked(std::uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U; }

std::uint32_t masked_crc(std::string_view bytes) {
  Crc32c crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return masked(crc.checksum());
}

// Whether the checksum is that of the type and fewer bytes than there are.
bool fits_a_shorter_record(std::uint32_t checksum, std::string_view type_and_payload) {
  Crc32c crc;
  return std::ranges::any_of(type_and_payload, [&](char byte) {
    crc.process_byte(static_cast<unsigned char>(byte));
    return masked(crc.checksum()) == checksum;
  });
}

bool is_all_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

struct Header {
  std::uint32_t checksum;
  std::size_t length;
  unsigned type;
};

Header header_at(std::string_view block, std::size_t at) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(block.data()) + at;
  return {.checksum = boost::endian::load_little_u32(bytes),
          .length = boost::endian::load_little_u16(bytes + 4),
          .type = bytes[kTypeOffset]};
}

// Whether the file ends whole; nothing where there is no such file.
Result<std::optional<bool>> check_journal(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::error_code error;
    if (!fs::exists(path, error) && !error) return std::nullopt;
    return make_error(ErrorCode::io, "{}: cannot be read", path.string());
  }
  LogFormatChecker checker(path.string());
  std::vector<char> block(LogFormatChecker::kBlockBytes);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    COSENO_TRY(checker.add_block({block.data(), static_cast<std::size_t>(file.gcount())}));
  }
  if (file.bad()) return make_error(ErrorCode::io, "{}: cannot be read to its end", path.string());
  return checker.ends_whole();
}

Result<std::string> name_in_current(const std::string& folder) {
  std::ifstream file(fs::path(folder) / "CURRENT", std::ios::binary);
  const std::string name{std::istreambuf_iterator<char>(file), {}};
  if (!file || !name.starts_with("MANIFEST-") || !name.ends_with('\n')) {
    return make_error(ErrorCode::corrupt, "{}: CURRENT does not name a MANIFEST", folder);
  }
  return name.substr(0, name.size() - 1);
}

// Every change of files begins a MANIFEST anew (database.cc) and CURRENT names it when it is on
// disk: so it ends whole.
Result<void> check_manifest(const std::string& folder) {
  COSENO_ASSIGN(name, name_in_current(folder));
  while (true) {
    COSENO_ASSIGN(is_whole, check_journal(fs::path(folder) / name));
    if (is_whole && *is_whole) return {};
    if (is_whole) {
      return make_error(ErrorCode::corrupt, "{}/{}: ends inside a record", folder, name);
    }
    COSENO_ASSIGN(newer, name_in_current(folder));
    if (newer == name) {
      return make_error(ErrorCode::corrupt, "{}: CURRENT names {}, which is missing", folder, name);
    }
    name = newer;
  }
}

}  // namespace

Result<void> LogFormatChecker::add_block(std::string_view block) {
  std::size_t at = 0;
  while (!is_torn_ && at + kHeaderBytes <= block.size()) {
    COSENO_ASSIGN(n_read, add_fragment(block, at));
    at += n_read;
  }
  // What is behind the last record of a full block is padding; of a short one, a torn header.
  if (is_torn_ && !is_all_zero(block.substr(at))) {
    return corrupt(at, "a record behind one that is unfinished");
  }
  if (block.size() < kBlockBytes && at < block.size()) is_torn_ = true;
  block_begin_ += block.size();
  return {};
}

// Bytes of the fragment; the rest of the block where the file is torn there.
Result<std::size_t> LogFormatChecker::add_fragment(std::string_view block, std::size_t at) {
  const Header header = header_at(block, at);
  const std::size_t rest = block.size() - at;
  if (is_all_zero(block.substr(at, kHeaderBytes))) {
    is_torn_ = true;
    return 0;
  }
  const std::size_t n_bytes = kHeaderBytes + header.length;
  if (at + n_bytes > kBlockBytes) return corrupt(at, "a record that is longer than its block");
  if (n_bytes > rest) {
    if (fits_a_shorter_record(header.checksum, block.substr(at + kTypeOffset))) {
      return corrupt(at, "a record whose length is wrong");
    }
    is_torn_ = true;
    return rest;
  }
  if (masked_crc(block.substr(at + kTypeOffset, n_bytes - kTypeOffset)) != header.checksum) {
    return corrupt(at, "a record whose checksum is wrong");
  }
  COSENO_TRY(follow(header.type, at));
  return n_bytes;
}

Result<void> LogFormatChecker::follow(unsigned type, std::size_t at) {
  if (type < kFull || type > kLast) return corrupt(at, "a record of unknown type");
  const bool begins = type == kFull || type == kFirst;
  if (begins == is_in_record_) return corrupt(at, "a record that is not all there");
  is_in_record_ = type == kFirst || type == kMiddle;
  return {};
}

std::unexpected<Error> LogFormatChecker::corrupt(std::size_t at, std::string_view trouble) const {
  return make_error(ErrorCode::corrupt, "{}: {} at byte {}", name_, trouble, block_begin_ + at);
}

Result<void> check_journals(const std::string& folder) {
  COSENO_TRY(check_manifest(folder));
  COSENO_ASSIGN(names, names_in(folder));
  for (const std::string& name : names) {
    if (name.ends_with(".log")) COSENO_TRY(check_journal(fs::path(folder) / name));
  }
  return {};
}

}  // namespace coseno
