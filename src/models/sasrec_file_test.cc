#include "models/sasrec_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "models/sasrec_testing.h"
#include "models/tensor_file.h"

namespace coseno {
namespace {

constexpr SasrecShape kShape = {.n_items = 3,
                                .dim = 4,
                                .length = 5,
                                .blocks = 2,
                                .heads = 2,
                                .hidden = 6,
                                .gated = true,
                                .intervals = true};

class SasrecFileTest : public testing::Test {
 protected:
  ~SasrecFileTest() override { std::filesystem::remove(path_); }

  // A file of another program, in which some things are other than they should be.
  struct Changes {
    std::string without = {};  // a tensor
    std::map<std::string, std::vector<std::size_t>> shapes = {};
    float largest = 0.5F;
    std::string temperature = "0.5";
    std::string ids = R"(["jam","tea","rye"])";
  };

  void write(const Changes& changes) const {
    SasrecTrained trained = random_sasrec(kShape, 0.5F, 1);
    trained.parameters.back() = changes.largest;
    TensorFileWriter file;
    for (const SasrecTensor& tensor : sasrec_tensors(kShape)) {
      if (tensor.name == changes.without) continue;
      const auto changed = changes.shapes.find(tensor.name);
      const auto shape = changed == changes.shapes.end() ? tensor.shape : changed->second;
      std::size_t size = 1;
      for (const std::size_t n : shape) size *= n;
      std::vector<float> values(size, 0.1F);
      std::copy_n(trained.parameters.begin() + static_cast<std::ptrdiff_t>(tensor.begin),
                  std::min(size, tensor.size), values.begin());
      file.add(tensor.name, shape, std::move(values));
    }
    if (!changes.temperature.empty()) file.set_metadata("sasrec.temperature", changes.temperature);
    if (!changes.ids.empty()) file.set_metadata("item_ids", changes.ids);
    ASSERT_TRUE(file.write(path_).has_value());
  }

  static ItemIds ids(const std::vector<std::string>& names) {
    ItemIds items;
    for (const std::string& name : names) items.add(name);
    return items;
  }

  Error refusal(const Changes& changes) const {
    write(changes);
    const auto trained = read_sasrec(path_, ids({"tea"}));
    EXPECT_FALSE(trained.has_value());
    return trained ? Error{} : trained.error();
  }

  std::string path_ =
      testing::TempDir() + "sasrec_file_test_" + std::to_string(::getpid()) + ".safetensors";
};

TEST_F(SasrecFileTest, TheTensorsTellTheShape) {
  write({});
  const auto trained = read_sasrec(path_, ids({"jam", "tea", "rye"}));
  ASSERT_TRUE(trained.has_value()) << trained.error().message;
  EXPECT_EQ(trained->shape, kShape);
  EXPECT_EQ(trained->temperature, 0.5F);
  std::vector<float> expected = random_sasrec(kShape, 0.5F, 1).parameters;
  expected.back() = 0.5F;
  EXPECT_EQ(trained->parameters, expected);
}

TEST_F(SasrecFileTest, RowsAreNumberedAsTheData) {
  write({});
  const auto trained = read_sasrec(path_, ids({"rye", "new", "jam"}));
  ASSERT_TRUE(trained.has_value()) << trained.error().message;
  const std::vector<float> file = random_sasrec(kShape, 0.5F, 1).parameters;
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(trained->parameters[k], file[2 * 4 + k]);
    EXPECT_EQ(trained->parameters[4 + k], 0);
    EXPECT_EQ(trained->parameters[8 + k], file[k]);
  }
  EXPECT_EQ(trained->parameters.size(), file.size());
}

TEST_F(SasrecFileTest, WhatDoesNotFitIsRefusedByName) {
  using Shapes = std::map<std::string, std::vector<std::size_t>>;
  const std::vector<std::pair<Changes, std::string>> cases = {
      {{.without = "sasrec.norm.bias"}, "sasrec.norm.bias"},
      {{.without = "sasrec.item_embedding.weight"}, "sasrec.item_embedding.weight"},
      {{.without = "sasrec.blocks.1.attention_gate.weight"}, "sasrec.blocks.1.attention_gate"},
      {{.without = "sasrec.blocks.0.attention_gate.weight"}, "sasrec.blocks.1.attention_gate"},
      {{.without = "sasrec.blocks.0.interval_bias"}, "sasrec.blocks.1.interval_bias' is there"},
      {{.shapes = Shapes{{"sasrec.blocks.0.distance_bias", {3, 5}}}}, "3 heads"},
      {{.shapes = Shapes{{"sasrec.blocks.0.distance_bias", {2, 5000}}}}, "2, 5000"},
      {{.shapes = Shapes{{"sasrec.blocks.1.distance_bias", {2, 4}}}},
       "sasrec.blocks.1.distance_bias"},
      {{.shapes = Shapes{{"sasrec.blocks.0.interval_bias", {2, 31}}}},
       "sasrec.blocks.0.interval_bias"},
      {{.without = "sasrec.blocks.1.interval_bias"}, "sasrec.blocks.1.interval_bias' is missing"},
      {{.shapes = Shapes{{"sasrec.item_embedding.weight", {12}}}}, "[12]"},
      {{.shapes = Shapes{{"sasrec.blocks.0.feed_forward.0.weight", {6, 5}}}},
       "sasrec.blocks.0.feed_forward.0.weight"},
      {{.largest = 501}, "sasrec.norm.bias"},
      {{.temperature = ""}, "sasrec.temperature"},
      {{.temperature = "warm"}, "warm"},
      {{.temperature = "-1"}, "-1"},
      {{.temperature = "nan"}, "nan"},
      {{.ids = ""}, "item_ids"},
      {{.ids = "[1, 2, 3]"}, "item_ids"},
      {{.ids = R"(["tea"])"}, "3 ids"},
      {{.ids = "["}, "item_ids"}};
  for (const auto& [changes, named] : cases) {
    const Error error = refusal(changes);
    EXPECT_EQ(error.code, ErrorCode::corrupt) << named;
    EXPECT_NE(error.message.find(named), std::string::npos) << error.message;
  }
}

TEST_F(SasrecFileTest, AFileOfOtherItemsIsRefused) {
  const Error error = refusal({.ids = R"(["a","b","c"])"});
  EXPECT_EQ(error.code, ErrorCode::invalid_argument);
}

TEST_F(SasrecFileTest, WhatIsWrittenIsRead) {
  const SasrecTrained trained = random_sasrec(kShape, 0.25F, 3);
  const std::size_t n = kShape.n_items * kShape.dim;
  TensorFileWriter writer;
  add_sasrec(kShape, 0.25F, {trained.parameters.begin(), trained.parameters.begin() + 12},
             std::span(trained.parameters).subspan(n), writer);
  ASSERT_TRUE(writer.write(path_).has_value());
  const auto file = TensorFile::read(path_);
  ASSERT_TRUE(file.has_value());
  const auto read = sasrec_of(*file);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->shape, kShape);
  EXPECT_EQ(read->temperature, 0.25F);
  EXPECT_EQ(read->parameters, trained.parameters);
}

}  // namespace
}  // namespace coseno
