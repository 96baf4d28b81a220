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

TEST_F(EngineRecordsTest, ManyRecordsArePutAtOnceOrNotAtAll) {
  Engine engine = Engine::open(data_).value();
  const PropertiesOf good[] = {{"tea", R"({"n": 1})"}, {"jam", "{}"}, {"tea", R"({"n": 2})"}};
  const std::uint64_t before = engine.position();
  EXPECT_EQ(engine.put_items(good).value(), before + 1);
  EXPECT_EQ(engine.item("tea").value(), R"({"n":2})");
  EXPECT_EQ(engine.item("jam").value(), "{}");
  EXPECT_EQ(engine.put_users(good).value(), before + 2);
  EXPECT_EQ(engine.user("tea").value(), R"({"n":2})");

  const PropertiesOf bad[] = {{"rum", "{}"}, {"gin", "[]"}};
  for (const auto& refused : {engine.put_items(bad), engine.put_users(bad)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message.find(" 2 of 2: "), std::string::npos);
  }
  EXPECT_EQ(engine.item("rum").value(), std::nullopt);
  EXPECT_EQ(engine.user("rum").value(), std::nullopt);
  EXPECT_EQ(engine.put_items({}).value(), before + 2);
}

TEST_F(EngineRecordsTest, NotesAreKeptAndBackedUp) {
  {
    Engine engine = Engine::open(data_).value();
    const std::uint64_t before = engine.position();
    EXPECT_EQ(engine.note("mine").value(), std::nullopt);
    ASSERT_TRUE(engine.set_note("mine", "one"));
    ASSERT_TRUE(engine.set_note("mine", "two"));
    ASSERT_TRUE(engine.set_note("store_id", "none of ours"));
    EXPECT_EQ(engine.position(), before);
    EXPECT_EQ(engine.set_note("", "x").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine.set_note("mine", std::string(65537, 'x')).error().code,
              ErrorCode::invalid_argument);
    ASSERT_TRUE(engine.back_up(folder_.path() + "/backup"));
    EXPECT_EQ(Engine::open_beside(data_)->note("mine").value(), "two");
    EXPECT_EQ(Engine::open_beside(data_)->set_note("mine", "x").error().code, ErrorCode::conflict);
  }
  ASSERT_TRUE(Engine::restore(folder_.path() + "/backup", folder_.path() + "/again"));
  EXPECT_EQ(Engine::open(folder_.path() + "/again")->note("mine").value(), "two");
  EXPECT_EQ(Engine::open(data_)->note("store_id").value(), "none of ours");
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
