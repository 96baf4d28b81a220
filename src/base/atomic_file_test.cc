#include "base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace coseno {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest() { fs::create_directory(folder_); }
  ~AtomicFileTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::size_t n_files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static Result<void> write_file(const std::string& path, const std::string& text) {
    COSENO_ASSIGN(file, AtomicFile::create(path));
    COSENO_TRY(file.write(text));
    return file.commit();
  }

  fs::path folder_ = fs::path(testing::TempDir()) / fmt::format("atomic_file_{}", getpid());
};

TEST_F(AtomicFileTest, CommittedFileHoldsWhatWasWritten) {
  Result<AtomicFile> file = AtomicFile::create(path("a"));
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write("one\n"));
  ASSERT_TRUE(file->write(std::as_bytes(std::span("two\n", 4))));
  EXPECT_FALSE(fs::exists(path("a"))) << "there before it is whole";
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(read(path("a")), "one\ntwo\n");
  EXPECT_EQ(n_files(), 1U);
}

// Past the buffer on every side: small after large, and one write larger than the buffer.
TEST_F(AtomicFileTest, LongFilesKeepTheirOrder) {
  Result<AtomicFile> file = AtomicFile::create(path("a"));
  ASSERT_TRUE(file);
  std::string expected;
  for (int i = 0; i < 20000; ++i) {
    const std::string line = fmt::format("{}\n", i);
    ASSERT_TRUE(file->write(line));
    expected += line;
  }
  const std::string large(200000, 'x');
  ASSERT_TRUE(file->write(large));
  ASSERT_TRUE(file->write("end"));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(read(path("a")), expected + large + "end");
}

TEST_F(AtomicFileTest, WithoutCommitTheOldFileStaysAndNoTemporaryIsLeft) {
  ASSERT_TRUE(write_file(path("a"), "old"));
  {
    Result<AtomicFile> file = AtomicFile::create(path("a"));
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write(std::string(100000, 'x')));
    EXPECT_EQ(n_files(), 2U);
  }
  EXPECT_EQ(read(path("a")), "old");
  EXPECT_EQ(n_files(), 1U);
}

TEST_F(AtomicFileTest, ReplacedFileKeepsItsPermissions) {
  ASSERT_TRUE(write_file(path("a"), "old"));
  ASSERT_EQ(chmod(path("a").c_str(), 0600), 0);
  ASSERT_TRUE(write_file(path("a"), "new"));
  EXPECT_EQ(read(path("a")), "new");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(AtomicFileTest, LinkStaysALinkAndItsTargetIsReplaced) {
  ASSERT_TRUE(write_file(path("target"), "old"));
  fs::create_symlink(path("target"), path("link"));
  ASSERT_TRUE(write_file(path("link"), "new"));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read(path("target")), "new");
}

TEST_F(AtomicFileTest, TwoAtOnceDoNotMeet) {
  Result<AtomicFile> first = AtomicFile::create(path("a"));
  Result<AtomicFile> second = AtomicFile::create(path("a"));
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(first->write("first"));
  ASSERT_TRUE(second->write("second"));
  ASSERT_TRUE(first->commit());
  ASSERT_TRUE(second->commit());
  EXPECT_EQ(read(path("a")), "second");
  EXPECT_EQ(n_files(), 1U);
}

TEST_F(AtomicFileTest, MissingFolderIsAnErrorThatNamesThePath) {
  const Result<AtomicFile> file = AtomicFile::create(path("missing/a"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::io);
  EXPECT_EQ(file.error().message,
            path("missing/a") + ": cannot be written: No such file or directory");
}

TEST_F(AtomicFileTest, FolderIsNotReplacedByAFile) {
  const Result<AtomicFile> file = AtomicFile::create(folder_.string());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::io);
}

TEST_F(AtomicFileTest, DeviceIsWrittenNotReplaced) {
  ASSERT_TRUE(write_file("/dev/null", "text"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

// /dev/full takes nothing: every write says that the disk is full.
TEST_F(AtomicFileTest, FullDiskIsAnError) {
  const Result<void> small = write_file("/dev/full", "text");
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().message, "/dev/full: cannot be written: No space left on device");
  EXPECT_FALSE(write_file("/dev/full", std::string(1000000, 'x')));
}

}  // namespace
}  // namespace coseno
