#include "models/histories_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "models/tensor_file.h"

namespace coseno {
namespace {

class HistoriesFileTest : public testing::Test {
 protected:
  ~HistoriesFileTest() override { std::filesystem::remove(path_); }

  std::string refusal() const {
    const auto histories = read_histories(path_);
    EXPECT_FALSE(histories.has_value());
    EXPECT_EQ(histories.error().code, ErrorCode::corrupt);
    return histories.error().message;
  }

  std::string path_ =
      testing::TempDir() + "histories_file_test_" + std::to_string(::getpid()) + ".safetensors";
};

TEST_F(HistoriesFileTest, WhatIsWrittenIsRead) {
  const std::vector<std::vector<Interaction>> acts = {
      {{ItemIndex{3}, 1, 1'700'000'000}, {ItemIndex{1}, 5, 1'700'000'060}},
      {},
      {{ItemIndex{0}, 2, 0}, {ItemIndex{2}, 1, 1'600'000'000}}};
  const Histories made = histories_of(UserItemMatrix::from_histories(acts, 4, false));
  ASSERT_TRUE(write_histories(made, path_).has_value());
  const auto read = read_histories(path_);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->n_items, 4);
  ASSERT_EQ(read->n_users(), acts.size());
  for (std::size_t u = 0; u < acts.size(); ++u) {
    ASSERT_EQ(read->user(u).size(), acts[u].size());
    ASSERT_EQ(read->times_of(u).size(), acts[u].size());
    for (std::size_t i = 0; i < acts[u].size(); ++i) {
      EXPECT_EQ(ItemIndex{read->user(u)[i]}, acts[u][i].item);
      EXPECT_EQ(read->times_of(u)[i], acts[u][i].time);
    }
  }
}

TEST_F(HistoriesFileTest, WhatDoesNotFitIsRefused) {
  Histories histories;
  histories.n_items = 2;
  histories.begin = {0, 2};
  histories.items = {0, 1};
  histories.times = {5};
  ASSERT_TRUE(write_histories(histories, path_).has_value());
  EXPECT_NE(refusal().find("histories.times"), std::string::npos);
  histories.times = {5, 6};
  histories.items = {0, 2};
  ASSERT_TRUE(write_histories(histories, path_).has_value());
  EXPECT_NE(refusal().find("histories.items"), std::string::npos);
  histories.items = {0, 1};
  histories.begin = {0, 3};
  ASSERT_TRUE(write_histories(histories, path_).has_value());
  EXPECT_NE(refusal().find("histories.begin"), std::string::npos);
}

}  // namespace
}  // namespace coseno
