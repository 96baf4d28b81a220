#include "deep/checkpoint.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace coseno {
namespace {

TEST(CheckpointTest, WhatIsWrittenIsReadAndACutFileIsRefused) {
  const std::string path =
      testing::TempDir() + "checkpoint_test_" + std::to_string(::getpid()) + ".safetensors";
  const Checkpoint written{.about = "dim=2",
                           .n_steps = 7,
                           .epoch = 3,
                           .window = 128,
                           .loss = 0.1,
                           .n_positions = 900,
                           .best_ndcg = 0.05,
                           .best_epoch = 2,
                           .parameters = {1, 2},
                           .mean = {3, 4},
                           .square = {5, 6},
                           .best = {7, 8}};
  ASSERT_TRUE(write_checkpoint(written, path).has_value());
  const auto read = read_checkpoint(path);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, written);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_EQ(read_checkpoint(path).error().code, ErrorCode::corrupt);
  std::filesystem::remove(path);
  EXPECT_EQ(read_checkpoint(path).error().code, ErrorCode::io);
}

}  // namespace
}  // namespace coseno
