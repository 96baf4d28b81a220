// Makes journals in RocksDB's log format, for tests and the fuzzer.
#pragma once

#include <algorithm>
#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/log_format.h"

namespace coseno {

struct Journal {
  std::string bytes;
  std::vector<std::size_t> ends;  // behind each record
};

inline void add_fragment(std::string& bytes, char type, std::string_view payload) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_byte(static_cast<unsigned char>(type));
  crc.process_bytes(payload.data(), payload.size());
  const std::uint32_t sum = crc.checksum();
  unsigned char header[7];
  boost::endian::store_little_u32(header, ((sum >> 15) | (sum << 17)) + 0xA282EAD8U);
  boost::endian::store_little_u16(header + 4, static_cast<std::uint16_t>(payload.size()));
  header[6] = static_cast<unsigned char>(type);
  bytes.append(reinterpret_cast<const char*>(header), sizeof(header));
  bytes += payload;
}

// As rocksdb::log::Writer does it.
inline Journal make_journal(const std::vector<std::string>& records) {
  constexpr std::size_t kHeaderBytes = 7;
  Journal journal;
  for (std::string_view rest : records) {
    bool begins = true;
    bool ends = false;
    while (!ends) {
      const std::size_t used = journal.bytes.size() % LogFormatChecker::kBlockBytes;
      std::size_t room = LogFormatChecker::kBlockBytes - used;
      if (room < kHeaderBytes) {
        journal.bytes.append(room, '\0');
        room = LogFormatChecker::kBlockBytes;
      }
      const std::string_view payload = rest.substr(0, room - kHeaderBytes);
      rest.remove_prefix(payload.size());
      ends = rest.empty();
      const int type = begins ? (ends ? 1 : 2) : (ends ? 4 : 3);
      add_fragment(journal.bytes, static_cast<char>(type), payload);
      begins = false;
    }
    journal.ends.push_back(journal.bytes.size());
  }
  return journal;
}

}  // namespace coseno
