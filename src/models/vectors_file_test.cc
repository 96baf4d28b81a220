#include "models/vectors_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

namespace coseno {
namespace {

class VectorsFileTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "vectors_file_test_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // What is read of a file of two items, with what `add` adds.
  Result<VectorsFile> read(const std::function<void(TensorFileWriter&)>& add,
                           std::string item_ids = R"(["tea","jam"])") const {
    TensorFileWriter file;
    file.add("item_vectors", {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    file.set_metadata("item_ids", std::move(item_ids));
    add(file);
    EXPECT_TRUE(file.write(path_).has_value());
    return VectorsFile::read(path_);
  }

  // The refusal, without the path.
  std::string refusal(const std::function<void(TensorFileWriter&)>& add,
                      const std::string& item_ids = R"(["tea","jam"])") const {
    const Result<VectorsFile> file = read(add, item_ids);
    if (file) return "accepted";
    EXPECT_EQ(file.error().code, ErrorCode::corrupt);
    EXPECT_EQ(file.error().message.rfind(path_ + ": ", 0), 0U);
    return file.error().message.substr(path_.size() + 2);
  }

  std::string path_;
};

TEST_F(VectorsFileTest, ItemsAloneAreEnough) {
  const Result<VectorsFile> file = read([](TensorFileWriter&) {});
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->dim(), 3U);
  EXPECT_EQ(file->items()[0], "tea");
  EXPECT_EQ(file->items()[1], "jam");
  EXPECT_EQ(file->item_vectors()[5], 6);
  EXPECT_TRUE(file->item_biases().empty());
  EXPECT_TRUE(file->users().empty());
  EXPECT_TRUE(file->user_vectors().empty());
}

TEST_F(VectorsFileTest, BiasesAndUsersMayStandBesideThem) {
  const Result<VectorsFile> file = read([](TensorFileWriter& writer) {
    writer.add("item_biases", {2}, std::vector<float>{0.5F, -0.5F});
    writer.add("user_vectors", {1, 3}, std::vector<float>{7, 8, 9});
    writer.add("epochs", {1}, std::vector<std::int64_t>{20});
    writer.set_metadata("user_ids", R"(["ann"])");
  });
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->item_biases()[1], -0.5F);
  EXPECT_EQ(file->users()[0], "ann");
  EXPECT_EQ(file->user_vectors()[2], 9);
}

TEST_F(VectorsFileTest, WhatDoesNotFitIsRefusedByName) {
  const auto nothing = [](TensorFileWriter&) {};
  EXPECT_EQ(refusal(nothing, "[\"tea\"]"), "tensor 'item_vectors' has shape [2, 3], not 1 ids x 3");
  EXPECT_EQ(refusal(nothing, "[\"tea\",7]"), "metadata 'item_ids' holds at 1 what is no text");
  EXPECT_EQ(refusal(nothing, "{}"), "metadata 'item_ids' is no list");
  EXPECT_EQ(refusal(nothing, "tea").rfind("metadata 'item_ids' is no JSON: ", 0), 0U);
  EXPECT_EQ(refusal([](TensorFileWriter& writer) {
              writer.add("user_vectors", {1, 3}, std::vector<float>{7, 8, 9});
            }),
            "has no metadata 'user_ids'");
  EXPECT_EQ(refusal([](TensorFileWriter& writer) {
              writer.add("user_vectors", {1, 2}, std::vector<float>{7, 8});
              writer.set_metadata("user_ids", R"(["ann"])");
            }),
            "tensor 'user_vectors' has shape [1, 2], not 1 ids x 3");
  EXPECT_EQ(refusal([](TensorFileWriter& writer) {
              writer.add("item_biases", {3}, std::vector<float>{7, 8, 9});
            }),
            "tensor 'item_biases' has shape [3], which does not fit the rest");
  EXPECT_EQ(refusal([](TensorFileWriter& writer) {
              writer.add("item_biases", {2},
                         std::vector<float>{7, std::numeric_limits<float>::infinity()});
            }),
            "tensor 'item_biases' holds inf, which is not finite");
}

TEST_F(VectorsFileTest, WhatIsNoneIsRefused) {
  EXPECT_EQ(VectorsFile::read(path_).error().code, ErrorCode::io);
  std::ofstream(path_) << "user,item\n";
  EXPECT_EQ(VectorsFile::read(path_).error().message, path_ + ": is no safetensors file");
}

}  // namespace
}  // namespace coseno
