#include "engine/data_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "models/fitted_model.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

class DataFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) / fmt::format("coseno_{}", info.name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string path(std::string_view name) const { return (root_ / name).string(); }

  // Four users who all have tea and jam, and a model of them.
  Engine trained() const {
    Engine engine = Engine::open(path("data"), {.n_threads = 1}).value();
    for (const std::string_view user : {"ann", "bob", "cat", "dan"}) {
      for (const std::string_view item :
           std::initializer_list<std::string_view>{"tea", "jam", user}) {
        EXPECT_TRUE(engine.observe({.user = user, .item = item}));
      }
    }
    EXPECT_TRUE(engine.train({.model = "item_knn"}));
    return engine;
  }

  fs::path root_;
};

TEST_F(DataFolderTest, WhatIsRestoredAnswersAsBefore) {
  std::vector<RecommendedItem> before;
  {
    const Engine engine = trained();
    before = engine.recommend({.user = "ann"}).value().items;
    ASSERT_TRUE(engine.back_up(path("backup")));
  }
  ASSERT_TRUE(Engine::restore(path("backup"), path("again")));
  const Engine again = Engine::open(path("again"), {.create = false}).value();
  const Recommendations after = again.recommend({.user = "ann"}).value();
  EXPECT_EQ(after.snapshot, 1U);
  ASSERT_EQ(after.items.size(), before.size());
  for (std::size_t n = 0; n < before.size(); ++n) {
    EXPECT_EQ(after.items[n].item, before[n].item);
    EXPECT_EQ(after.items[n].score, before[n].score);
  }
}

TEST_F(DataFolderTest, ABackupIsBroughtUpToDate) {
  Engine engine = trained();
  ASSERT_TRUE(engine.back_up(path("backup")));
  ASSERT_TRUE(engine.observe({.user = "eve", .item = "rum"}));
  ASSERT_TRUE(engine.back_up(path("backup")));
  ASSERT_TRUE(Engine::restore(path("backup"), path("again")));
  const FolderContents contents = Engine::verify(path("again")).value();
  EXPECT_EQ(contents.n_events, 13U);
  EXPECT_EQ(contents.n_users, 5U);
  EXPECT_EQ(contents.position, engine.stats().position);
}

// A slip of the hand must not write a backup into somebody's photos, or into a data folder.
TEST_F(DataFolderTest, OnlyABackupIsWrittenOver) {
  const Engine engine = trained();
  fs::create_directories(root_ / "photos");
  std::ofstream(root_ / "photos" / "cat.jpg") << "cat";
  EXPECT_EQ(engine.back_up(path("photos")).error().code, ErrorCode::conflict);
  EXPECT_EQ(engine.back_up(path("data")).error().code, ErrorCode::conflict);
  ASSERT_TRUE(engine.back_up(path("backup")));
  EXPECT_EQ(Engine::restore(path("backup"), path("photos")).error().code, ErrorCode::conflict);
  EXPECT_EQ(Engine::restore(path("backup"), path("data")).error().code, ErrorCode::conflict);
  EXPECT_EQ(Engine::restore(path("photos"), path("again")).error().code, ErrorCode::not_found);
}

TEST_F(DataFolderTest, VerifyCountsWhatThereIsBesideAWriter) {
  const Engine engine = trained();
  const FolderContents contents = Engine::verify(path("data")).value();
  EXPECT_EQ(contents.n_events, 12U);
  EXPECT_EQ(contents.n_users, 4U);
  EXPECT_EQ(contents.n_items, 6U);
  EXPECT_EQ(contents.n_erased_users, 0U);
  EXPECT_EQ(contents.snapshot, 1U);
}

TEST_F(DataFolderTest, VerifyFindsADamagedSnapshot) {
  static_cast<void>(trained());
  std::fstream model(root_ / "data/snapshots/000001/model.safetensors",
                     std::ios::in | std::ios::out | std::ios::binary);
  model.seekp(-1, std::ios::end);
  model.put('\x7f');
  model.close();
  EXPECT_EQ(Engine::verify(path("data")).error().code, ErrorCode::corrupt);
}

TEST_F(DataFolderTest, VerifyCanBeStopped) {
  static_cast<void>(trained());
  EXPECT_EQ(Engine::verify(path("data"), {.cancelled = [] { return true; }}).error().code,
            ErrorCode::cancelled);
}

TEST_F(DataFolderTest, WhereNothingIsThereIsNothingToVerify) {
  EXPECT_EQ(Engine::verify(path("none")).error().code, ErrorCode::not_found);
}

// One beside the writer trains for it; the writer takes the models up when it is told to look.
TEST_F(DataFolderTest, AReaderTrainsForTheWriter) {
  Engine writer = trained();
  ASSERT_TRUE(writer.observe({.user = "eve", .item = "rum"}));
  Engine reader = Engine::open_beside(path("data"), {.n_threads = 1}).value();
  // Beats the one in service, since too few fresh events say otherwise.
  const TrainReport report = reader.train({.model = "ease"}).value();
  ASSERT_EQ(report.snapshot, 2U);
  EXPECT_EQ(reader.stats().snapshot, 2U);
  EXPECT_EQ(writer.stats().snapshot, 1U);
  ASSERT_TRUE(writer.refresh());
  EXPECT_EQ(writer.stats().snapshot, 2U);
  EXPECT_EQ(writer.stats().model, "ease");
}

// What is erased would be there until the next training.
TEST_F(DataFolderTest, ASnapshotKeepsNobodysHistory) {
  static_cast<void>(trained());
  const FittedModel fitted = load_model(path("data/snapshots/000001/model.safetensors")).value();
  EXPECT_EQ(fitted.model->n_items(), 6U);
  EXPECT_EQ(fitted.dataset.users.size(), 0U);
  EXPECT_EQ(fitted.dataset.matrix.n_entries(), 0U);
}

TEST_F(DataFolderTest, OneTrainsAtATime) {
  Engine writer = trained();
  Engine reader = Engine::open_beside(path("data"), {.n_threads = 1}).value();
  const auto second = [&](std::string_view, double) {
    EXPECT_EQ(writer.train({.model = "item_knn"}).error().code, ErrorCode::conflict);
  };
  EXPECT_TRUE(reader.train({.model = "item_knn", .progress = second}));
}

}  // namespace
}  // namespace coseno
