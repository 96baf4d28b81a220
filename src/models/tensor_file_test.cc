#include "models/tensor_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace coseno {
namespace {

constexpr std::size_t kAny = TensorFile::kAny;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class TensorFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "tensor_file_test_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  // A file of each kind of array: values {1, 2, 3, 4, 5, 6.5}, counts {7, 8, 9}, times {-1}.
  std::string written() const {
    const std::vector<float> values = {1, 2, 3, 4, 5, 6.5};
    TensorFileWriter writer;
    writer.add("values", {3, 2}, values);
    writer.add("counts", {3}, std::vector<std::uint32_t>{7, 8, 9});
    writer.add("times", {1}, std::vector<std::int64_t>{-1});
    writer.set_metadata("who", "ann \"the\" \u00e9l\u00e8ve");
    EXPECT_TRUE(writer.write(path("file")).has_value());
    return read_text(path("file"));
  }

 private:
  std::string folder_;
};

// The refusal_of_text of `text`, or "accepted".
std::string refusal_of_text(std::string_view text) {
  const Result<TensorFile> file = TensorFile::parse(bytes_of(text), "f");
  if (file) return "accepted";
  EXPECT_EQ(file.error().code, ErrorCode::corrupt);
  return file.error().message;
}

// A file of that header and data, with the length and the checksum that belong to them.
std::string sealed(std::string header, std::string_view data) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string text(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(text.data(), &length, 8);
  text += header;
  text += data;
  TensorFile::seal(std::as_writable_bytes(std::span(text.data(), text.size())));
  return text;
}

// A file with a checksum, these tensors and no other metadata.
std::string with_tensors(std::string_view tensors, std::size_t data_bytes) {
  return sealed(fmt::format(R"({{"__metadata__":{{"coseno.crc32":"00000000"}},{}}})", tensors),
                std::string(data_bytes, '\0'));
}

TEST_F(TensorFileTest, WhatWasWrittenIsRead) {
  written();
  const Result<TensorFile> file = TensorFile::read(path("file"));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const auto values = file->floats("values", {3, kAny}).value();
  EXPECT_EQ(std::vector(values.begin(), values.end()), (std::vector<float>{1, 2, 3, 4, 5, 6.5}));
  const auto counts = file->uint32s("counts", {3}).value();
  EXPECT_EQ(std::vector(counts.begin(), counts.end()), (std::vector<std::uint32_t>{7, 8, 9}));
  EXPECT_EQ(file->int64s("times", {1}).value()[0], -1);
  EXPECT_EQ(file->metadata("who").value(), "ann \"the\" \u00e9l\u00e8ve");
  EXPECT_EQ(file->shape("values").value(), (std::vector<std::size_t>{3, 2}));
  EXPECT_TRUE(file->has("counts"));
  EXPECT_FALSE(file->has("count"));
}

// Eight-byte arrays stand first, so that whatever follows is aligned too.
TEST_F(TensorFileTest, ArraysAreAligned) {
  written();
  const TensorFile file = TensorFile::read(path("file")).value();
  const auto address = [](const void* data) { return reinterpret_cast<std::uintptr_t>(data); };
  EXPECT_EQ(address(file.int64s("times", {kAny}).value().data()) % 8, 0U);
  EXPECT_EQ(address(file.floats("values", {kAny, kAny}).value().data()) % 4, 0U);
}

TEST_F(TensorFileTest, EmptyArraysAndNoArrays) {
  TensorFileWriter writer;
  writer.add("none", {0, 4}, std::vector<float>{});
  ASSERT_TRUE(writer.write(path("file")).has_value());
  EXPECT_TRUE(TensorFile::read(path("file"))->floats("none", {0, 4}).value().empty());
  ASSERT_TRUE(TensorFileWriter().write(path("bare")).has_value());
  EXPECT_TRUE(TensorFile::read(path("bare")).has_value());
}

TEST_F(TensorFileTest, EveryCutIsRefused) {
  const std::string whole = written();
  ASSERT_EQ(refusal_of_text(whole), "accepted");
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_NE(refusal_of_text(whole.substr(0, n)), "accepted") << n;
  }
}

TEST_F(TensorFileTest, EveryFlippedBitIsRefused) {
  std::string text = written();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      text[i] = static_cast<char>(text[i] ^ (1 << bit));
      EXPECT_NE(refusal_of_text(text), "accepted") << i << " " << bit;
      text[i] = static_cast<char>(text[i] ^ (1 << bit));
    }
  }
}

TEST_F(TensorFileTest, RefusalsNameThePlace) {
  std::string text = written();
  EXPECT_EQ(refusal_of_text("user,item\n1,2\n"), "f: is no safetensors file");
  EXPECT_EQ(refusal_of_text(""), "f: is no safetensors file");
  EXPECT_EQ(refusal_of_text(text + "x"), "f: 1 bytes stand behind the last tensor");
  EXPECT_EQ(refusal_of_text(text.substr(0, text.size() - 1)),
            "f: tensor 'counts' ends at byte 44 of the data, which has 43");
  text.back() ^= 1;
  EXPECT_NE(refusal_of_text(text).find("f: the checksum is "), std::string::npos);
}

TEST_F(TensorFileTest, ForeignSafetensorsAreRefused) {
  EXPECT_EQ(refusal_of_text(sealed("{}", "")), "f: has no metadata");
  EXPECT_EQ(refusal_of_text(sealed(R"({"__metadata__":{"format":"pt"}})", "")),
            "f: has no checksum");
  EXPECT_EQ(refusal_of_text(sealed(R"({"__metadata__":{"format":3}})", "")),
            "f: metadata 'format' is not a string");
  EXPECT_NE(refusal_of_text(sealed("{\"__metadata__\":", "")).find("the header is not JSON"),
            std::string::npos);
}

// A file as another program may write it, whose header need not be filled up with blanks.
Result<TensorFile> foreign(std::string_view header, std::string_view data) {
  std::string text(8, '\0');
  const std::uint64_t length = header.size();
  std::memcpy(text.data(), &length, 8);
  text += header;
  text += data;
  return TensorFile::parse_foreign(bytes_of(text), "f");
}

TEST_F(TensorFileTest, FilesOfOtherProgramsAreReadWhereThatIsAskedFor) {
  std::string data(16, '\0');
  const float values[] = {2.5F, -1};
  std::memcpy(data.data() + 8, values, 8);
  // Keys in another order than the arrays, blanks, a dtype that we do not know, no metadata.
  const Result<TensorFile> file =
      foreign(R"({ "b": {"shape": [2], "dtype":"F32", "data_offsets":[8, 16]},)"
              R"("a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})",
              data);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const auto b = file->floats("b", {2});
  ASSERT_TRUE(b.has_value());
  EXPECT_EQ(std::vector<float>(b->begin(), b->end()), (std::vector<float>{2.5F, -1}));
  EXPECT_EQ(file->floats("a", {4}).error().message, "f: tensor 'a' has dtype F16, not F32");
  EXPECT_EQ(file->metadata("k").error().message, "f: has no metadata 'k'");

  const auto refused = [](std::string_view header, std::size_t n_bytes) {
    const Result<TensorFile> read = foreign(header, std::string(n_bytes, '\0'));
    return read ? "accepted" : read.error().message;
  };
  EXPECT_EQ(refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", 8),
            "f: tensor 'a' begins at byte 4 of the data, not at 0");
  EXPECT_EQ(refused(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
            "f: tensor 'a' has 8 bytes, which is not what shape [3] needs");
  EXPECT_EQ(refused(R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},)"
                    R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
                    6),
            "f: tensor 'b' is not aligned");
  EXPECT_EQ(refused(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 5),
            "f: 1 bytes stand behind the last tensor");
}

TEST_F(TensorFileTest, TensorsThatDoNotFitAreRefused) {
  EXPECT_EQ(
      refusal_of_text(with_tensors(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 8)),
      "accepted");
  EXPECT_EQ(
      refusal_of_text(with_tensors(R"("a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]})", 4)),
      "f: tensor 'a' has the unknown dtype F16");
  EXPECT_EQ(
      refusal_of_text(with_tensors(R"("a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]})", 8)),
      "f: tensor 'a' has 8 bytes, which is not what shape [3] needs");
  EXPECT_EQ(
      refusal_of_text(with_tensors(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]})", 8)),
      "f: tensor 'a' begins at byte 8 of the data, not at 0");
  EXPECT_EQ(
      refusal_of_text(with_tensors(R"("a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]})", 8)),
      "f: tensor 'a' has a size that is no whole number");
  EXPECT_EQ(
      refusal_of_text(with_tensors(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0]})", 8)),
      "f: tensor 'a' needs two offsets");
  EXPECT_EQ(refusal_of_text(with_tensors(R"("a":{"dtype":"F32","data_offsets":[0,8]})", 8)),
            "f: tensor 'a' has no list 'shape'");
  EXPECT_EQ(refusal_of_text(with_tensors(R"("a":3)", 8)), "f: tensor 'a' is not described");
}

// 2^62 * 4 floats are 2^66 bytes, which is 0 in 64 bits.
TEST_F(TensorFileTest, ShapesThatOverflowAreRefused) {
  EXPECT_EQ(refusal_of_text(with_tensors(
                R"("a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]})", 0)),
            "f: tensor 'a' has 0 bytes, which is not what shape [4611686018427387904, 4] needs");
}

TEST_F(TensorFileTest, GapsAndOverlapsAreRefused) {
  const auto second_at = [](int begin) {
    return fmt::format(R"("a":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}},)"
                       R"("b":{{"dtype":"F32","shape":[1],"data_offsets":[{},{}]}})",
                       begin, begin + 4);
  };
  EXPECT_EQ(refusal_of_text(with_tensors(second_at(4), 8)), "accepted");
  EXPECT_EQ(refusal_of_text(with_tensors(second_at(0), 4)),
            "f: tensor 'b' begins at byte 0 of the data, not at 4");
  EXPECT_EQ(refusal_of_text(with_tensors(second_at(8), 12)),
            "f: tensor 'b' begins at byte 8 of the data, not at 4");
}

TEST_F(TensorFileTest, UnalignedArraysAreRefused) {
  EXPECT_EQ(refusal_of_text(with_tensors(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                                         R"("b":{"dtype":"I64","shape":[1],"data_offsets":[4,12]})",
                                         12)),
            "f: tensor 'b' is not aligned");
}

// JSON libraries keep one of two equal keys, and not all keep the same.
TEST_F(TensorFileTest, RepeatedKeysAreRefused) {
  const char* const a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_NE(
      refusal_of_text(with_tensors(fmt::format("{},{}", a, a), 4)).find("not in coseno's form"),
      std::string::npos);
  EXPECT_NE(
      refusal_of_text(sealed(R"({"__metadata__":{"coseno.crc32":"00000000","k":"1","k":"2"}})", ""))
          .find("not in coseno's form"),
      std::string::npos);
}

TEST_F(TensorFileTest, AskingForTheWrongThingIsRefused) {
  written();
  const TensorFile file = TensorFile::read(path("file")).value();
  const auto message = [&](const auto& result) {
    return result ? "accepted" : result.error().message.substr(path("file").size());
  };
  EXPECT_EQ(message(file.floats("value", {kAny})), ": has no tensor 'value'");
  EXPECT_EQ(message(file.floats("counts", {3})), ": tensor 'counts' has dtype U32, not F32");
  EXPECT_EQ(message(file.floats("values", {2, 3})),
            ": tensor 'values' has shape [3, 2], which does not fit the rest");
  EXPECT_EQ(message(file.floats("values", {kAny})),
            ": tensor 'values' has shape [3, 2], which does not fit the rest");
  EXPECT_EQ(message(file.metadata("whom")), ": has no metadata 'whom'");
}

TEST_F(TensorFileTest, NumbersThatAreNotFiniteAreRefused) {
  TensorFileWriter writer;
  writer.add("a", {2}, std::vector<float>{1, std::numeric_limits<float>::infinity()});
  ASSERT_TRUE(writer.write(path("file")).has_value());
  const auto values = TensorFile::read(path("file"))->floats("a", {2});
  ASSERT_FALSE(values.has_value());
  EXPECT_EQ(values.error().code, ErrorCode::corrupt);
}

TEST_F(TensorFileTest, SameContentSameBytes) {
  const std::string first = written();
  EXPECT_EQ(first, written());
}

TEST_F(TensorFileTest, FilesThatAreNotThereAndFoldersAreAnIoError) {
  EXPECT_EQ(TensorFile::read(path("missing")).error().code, ErrorCode::io);
  EXPECT_EQ(TensorFile::read(path("")).error().code, ErrorCode::io);
  EXPECT_EQ(TensorFileWriter().write(path("missing/file")).error().code, ErrorCode::io);
}

// /dev/full takes nothing, like a full disk.
TEST_F(TensorFileTest, FullDiskIsAnIoError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  TensorFileWriter writer;
  writer.add("a", {1}, std::vector<float>{1});
  const Result<void> result = writer.write("/dev/full");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace coseno
