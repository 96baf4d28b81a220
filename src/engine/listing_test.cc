#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "coseno/engine.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

using Ids = std::vector<std::string>;

Ids ids(const ListedPage& page) {
  Ids result;
  for (const ListedRecord& record : page.records) result.push_back(record.id);
  return result;
}

class ListingTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo& info = *testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / fmt::format("coseno_listing_{}", info.name());
    fs::remove_all(folder_);
    options_.clock = &clock_;
    engine_.emplace(Engine::open(folder_.string(), options_).value());
  }
  void TearDown() override {
    engine_.reset();
    fs::remove_all(folder_);
  }

  void put(std::string_view item, std::string_view json) {
    ASSERT_TRUE(engine_->put_item(item, json).has_value()) << item;
  }
  void see(std::string_view user, std::initializer_list<std::string_view> items) {
    for (const std::string_view item : items) {
      ASSERT_TRUE(engine_->observe({.user = user, .item = item})) << item;
    }
  }
  Ids found(const ItemsRequest& request) { return ids(engine_->items(request).value()); }

  ManualClock clock_{1'700'000'000'000};
  EngineOptions options_;
  fs::path folder_;
  std::optional<Engine> engine_;
};

TEST_F(ListingTest, PagesShowEachItemOnce) {
  for (int n = 0; n < 10; ++n) put(fmt::format("i{}", n), fmt::format(R"({{"n":{}}})", n));
  ASSERT_TRUE(engine_->delete_item("i3").has_value());
  Ids all;
  std::uint64_t after = 0;
  int n_pages = 0;
  do {
    const ListedPage page = engine_->items({.after = after, .limit = 4}).value();
    for (const ListedRecord& record : page.records) all.push_back(record.id);
    after = page.next;
    ++n_pages;
  } while (after != 0);
  EXPECT_EQ(all, (Ids{"i0", "i1", "i2", "i4", "i5", "i6", "i7", "i8", "i9"}));
  EXPECT_EQ(n_pages, 3);
  EXPECT_EQ(engine_->items({.limit = 1}).value().records[0].json, R"({"n":0})");
  EXPECT_EQ(engine_->items({.limit = 9}).value().next, 0U);
  EXPECT_EQ(engine_->items({.after = 1'000'000}).value().records.size(), 0U);
}

TEST_F(ListingTest, FiltersAndWordsMustBothHold) {
  put("t1", R"({"title":"Green Tea","price":4})");
  put("t2", R"({"title":"green apples","price":1,"tags":["Fruit"]})");
  put("c\u00e9", R"({"title":"Caf\u00e9 noir"})");
  EXPECT_EQ(found({.text = "GREEN"}), (Ids{"t1", "t2"}));
  EXPECT_EQ(found({.text = "tea gre"}), Ids{"t1"});
  EXPECT_EQ(found({.text = "een"}), Ids{});
  EXPECT_EQ(found({.text = "fruit"}), Ids{"t2"});
  EXPECT_EQ(found({.text = "T2"}), Ids{"t2"});
  EXPECT_EQ(found({.text = "caf\u00e9"}), Ids{"c\u00e9"});
  EXPECT_EQ(found({.text = " - "}), Ids{});
  EXPECT_EQ(found({.filter = R"({"range":{"price":{"to":2}}})", .text = "green"}), Ids{"t2"});
  EXPECT_EQ(engine_->items({.filter = R"({"equals":{"prise":2}})"}).error().message,
            "filter: /equals/prise: no item has a property 'prise', did you mean 'price'?");
  EXPECT_EQ(engine_->items({.limit = 0}).error().message, "limit must be in [1, 1000], not 0");
  EXPECT_EQ(engine_->items({.limit = 1001}).error().code, ErrorCode::invalid_argument);
}

TEST_F(ListingTest, UsersComeWithWhatIsKnownOfThem) {
  see("ann", {"tea"});
  ASSERT_TRUE(engine_->put_user("bob", R"({"age":7})").has_value());
  see("cid", {"tea"});
  ASSERT_TRUE(engine_->erase_user("ann").has_value());
  const ListedPage first = engine_->users(0, 1).value();
  ASSERT_EQ(ids(first), Ids{"bob"});
  EXPECT_EQ(first.records[0].json, R"({"age":7})");
  const ListedPage second = engine_->users(first.next, 1).value();
  ASSERT_EQ(ids(second), Ids{"cid"});
  EXPECT_EQ(second.records[0].json, "{}");
  EXPECT_EQ(second.next, 0U);
}

TEST_F(ListingTest, TheLogIsToldWithoutWhatWasTakenBack) {
  see("ann", {"tea"});
  ASSERT_TRUE(engine_->observe({.user = "bob", .item = "tea", .id = "e1"}).has_value());
  ASSERT_TRUE(engine_->observe({.user = "cid", .item = "jam", .type = "rating", .value = 4.5F}));
  ASSERT_TRUE(engine_->retract("e1").has_value());
  see("dan", {"rye"});
  ASSERT_TRUE(engine_->erase_user("dan").has_value());
  std::vector<std::string> lines;
  std::uint64_t first = 0;
  const auto note = [&](const LoggedEvent& event) {
    if (first == 0) first = event.position;
    lines.push_back(fmt::format("{} {} {} {}", event.user, event.item, event.type, event.value));
    return true;
  };
  ASSERT_TRUE(engine_->scan_events(1, note).has_value());
  EXPECT_EQ(lines, (Ids{"ann tea view 1", "cid jam rating 4.5"}));
  lines.clear();
  ASSERT_TRUE(engine_->scan_events(first + 1, note).has_value());
  EXPECT_EQ(lines, Ids{"cid jam rating 4.5"});
}

// Two users with the same history are as like as can be; what all have had tells little.
TEST_F(ListingTest, SimilarUsersHaveHadTheSame) {
  see("ann", {"all", "tea", "jam"});
  see("bob", {"all", "jam", "tea", "tea"});
  see("cid", {"all", "tea", "rye"});
  see("dan", {"all"});
  see("eve", {"nuts"});
  const std::vector<SimilarUser> similar = engine_->similar_users("ann", 10).value();
  ASSERT_EQ(similar.size(), 3U);
  EXPECT_EQ(similar[0].user, "bob");
  EXPECT_NEAR(similar[0].score, 1, 1e-6);
  // By hand: idf^2 of what four, three, two and one of five have had.
  const auto square = [](double n) { return std::pow(std::log(1 + 5 / (1 + n)), 2); };
  const double ann = square(4) + square(4) + square(2);  // tea was had four times, twice by bob
  const double cid = square(4) + square(4) + square(1);
  const auto score_of = [&](std::string_view user) {
    return std::ranges::find(similar, user, &SimilarUser::user)->score;
  };
  EXPECT_NEAR(score_of("cid"), (square(4) + square(4)) / std::sqrt(ann * cid), 1e-5);
  EXPECT_NEAR(score_of("dan"), std::sqrt(square(4) / ann), 1e-5);
  EXPECT_EQ(engine_->similar_users("ann", 1).value().size(), 1U);
  EXPECT_TRUE(engine_->similar_users("eve", 10).value().empty());
  EXPECT_EQ(engine_->similar_users("nobody", 10).error().code, ErrorCode::not_found);
  EXPECT_EQ(engine_->similar_users("ann", 0).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace coseno
