// What the engine keeps of users and of trained models.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "coseno/engine.h"
#include "storage/store_folder.h"

namespace coseno {
namespace {

class EngineRecordsTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::make().value();
  std::string data_ = folder_.path() + "/data";
};

TEST_F(EngineRecordsTest, APatchOfAUserLeavesWhatItDoesNotName) {
  Engine engine = Engine::open(data_).value();
  EXPECT_EQ(engine.folder(), data_);
  ASSERT_TRUE(engine.patch_user("ann", R"({"age": 30, "town": "Bonn"})"));
  const auto position = engine.patch_user("ann", R"({"age": null, "paid": true})");
  ASSERT_TRUE(position);
  EXPECT_EQ(engine.position(), *position);
  EXPECT_EQ(engine.user("ann").value(), R"({"paid":true,"town":"Bonn"})");
  EXPECT_FALSE(engine.patch_user("ann", "[]"));
  EXPECT_EQ(engine.position(), *position);
}

TEST_F(EngineRecordsTest, TrainedModelsAreToldNewestFirst) {
  Engine engine = Engine::open(data_, {.n_threads = 1}).value();
  EXPECT_TRUE(engine.snapshots().value().empty());
  for (int user = 0; user < 20; ++user) {
    for (int item = 0; item < 6; ++item) {
      const std::string name = "u" + std::to_string(user);
      const std::string what = std::to_string(user % 2) + std::to_string(item);
      ASSERT_TRUE(engine.observe({.user = name, .item = what}));
    }
  }
  const auto first = engine.train({.model = "item_knn", .settings = {{"neighbours", "5"}}});
  ASSERT_TRUE(first);
  const auto second = engine.train({.model = "item_knn", .settings = {{"neighbours", "5"}}});
  ASSERT_TRUE(second);
  const auto models = engine.snapshots().value();
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0].snapshot, second->snapshot);
  EXPECT_TRUE(models[0].is_in_service);
  EXPECT_EQ(models[0].model, "item_knn");
  EXPECT_EQ(models[0].settings.at("neighbours"), "5");
  EXPECT_EQ(models[0].position, second->position);
  EXPECT_EQ(models[0].ndcg, second->ndcg);
  EXPECT_EQ(models[0].ndcg_popularity, second->ndcg_popularity);
  EXPECT_EQ(models[1].snapshot, first->snapshot);
  EXPECT_FALSE(models[1].is_in_service);

  // One that is damaged is left out.
  std::ofstream(data_ + "/snapshots/000001/snapshot.json") << "{";
  EXPECT_EQ(engine.snapshots().value().size(), 1U);
}

}  // namespace
}  // namespace coseno
