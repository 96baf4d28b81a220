#include "storage/log_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "storage/log_format_testing.h"

namespace coseno {
namespace {

constexpr std::size_t kBlockBytes = LogFormatChecker::kBlockBytes;

enum class Verdict { whole, torn, corrupt };

Verdict verdict(std::string_view journal) {
  LogFormatChecker checker("journal");
  for (std::size_t at = 0; at < journal.size(); at += kBlockBytes) {
    const Result<void> added = checker.add_block(journal.substr(at, kBlockBytes));
    if (!added) {
      EXPECT_EQ(added.error().code, ErrorCode::corrupt);
      return Verdict::corrupt;
    }
  }
  return checker.ends_whole() ? Verdict::whole : Verdict::torn;
}

const std::vector<std::string> kShortRecords = {"tea", std::string(40, 'x'), "", "rye and jam"};

TEST(LogFormatTest, FileCutAnywhereIsTornButNotCorrupt) {
  const Journal journal = make_journal(kShortRecords);
  for (std::size_t size = 0; size <= journal.bytes.size(); ++size) {
    const bool is_end = size == 0 || std::ranges::count(journal.ends, size) > 0;
    EXPECT_EQ(verdict(journal.bytes.substr(0, size)), is_end ? Verdict::whole : Verdict::torn)
        << size;
  }
}

// Also in lengths of the last records, where the damaged one reaches past the end of the file.
TEST(LogFormatTest, EveryFlippedBitIsCorrupt) {
  const std::string journal = make_journal(kShortRecords).bytes;
  for (std::size_t bit = 0; bit < 8 * journal.size(); ++bit) {
    std::string damaged = journal;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(verdict(damaged), Verdict::corrupt) << "bit " << bit;
  }
}

// A record of three fragments, and blocks that end 0 to 8 bytes behind one: the rest is padding, or
// an empty first fragment.
TEST(LogFormatTest, RecordsMayCrossBlocks) {
  for (std::size_t rest = 0; rest <= 8; ++rest) {
    const std::vector<std::string> records = {std::string(kBlockBytes - 7 - rest, 'a'),
                                              std::string(2 * kBlockBytes, 'b'), "end"};
    const Journal journal = make_journal(records);
    EXPECT_EQ(verdict(journal.bytes), Verdict::whole) << rest;
    // Cut between two fragments.
    EXPECT_EQ(verdict(std::string_view(journal.bytes).substr(0, 2 * kBlockBytes)), Verdict::torn);
  }
}

TEST(LogFormatTest, BlockThatIsMissingIsCorrupt) {
  std::string bytes = make_journal({std::string(3 * kBlockBytes, 'a')}).bytes;
  bytes.erase(0, kBlockBytes);
  EXPECT_EQ(verdict(bytes), Verdict::corrupt);
}

TEST(LogFormatTest, ZerosAtTheEndWereNeverWritten) {
  const std::string journal = make_journal(kShortRecords).bytes;
  EXPECT_EQ(verdict(journal + std::string(100, '\0')), Verdict::torn);
  EXPECT_EQ(verdict(journal + std::string(2 * kBlockBytes, '\0')), Verdict::torn);
  EXPECT_EQ(verdict(journal + std::string(100, '\0') + "x"), Verdict::corrupt);
}

TEST(LogFormatTest, MessageNamesFileAndPlace) {
  Journal journal = make_journal(kShortRecords);
  journal.bytes[journal.ends[0]] ^= 1;
  LogFormatChecker checker("000007.log");
  const Result<void> added = checker.add_block(journal.bytes);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().message, "000007.log: a record whose checksum is wrong at byte 10");
}

}  // namespace
}  // namespace coseno
