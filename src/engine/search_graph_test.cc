#include "engine/search_graph.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/vector_search.h"
#include "math/kernels.h"
#include "models/model.h"

namespace coseno {
namespace {

constexpr std::size_t kGraphItems = 10'000;
constexpr std::size_t kGraphUsers = 300;
// Small enough for a test, and walked although items are few.
constexpr SearchGraphOptions kSmall = {
    .least_items = kGraphItems,
    .hnsw = {.build_width = 100, .width = 150, .walk_share = 0.9, .rows_a_graph = 6'000},
    .walked_row = 2};

// A user's vector is the sum of those of the items of their history.
class VectorModel : public Model {
 public:
  VectorModel() : vectors_(kGraphItems, 8) {
    Rng rng(1);
    for (float& value : vectors_.values()) value = static_cast<float>(rng.uniform() - 0.5);
  }

  std::string_view name() const override { return "vectors"; }
  std::size_t n_items() const override { return kGraphItems; }
  std::optional<MatrixView> item_vectors() const override { return vectors_.view(); }
  std::vector<float> user_vector(const Profile& profile) const override {
    std::vector<float> sum(8);
    for (const Interaction& one : profile.history) {
      const std::span<const float> vector = vectors_.row(offset(one.item));
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += vector[k];
    }
    return sum;
  }
  bool scores_by_inner_product() const override { return true; }
  void score(const Profile& profile, std::span<float> out) const override {
    multiply(vectors_.view(), user_vector(profile), out);
  }
  Ranking similar_items(ItemIndex item, std::size_t k) const override {
    return similar_by_cosine(vectors_.view(), item, k);
  }
  void save(TensorFileWriter&) const override {}

 private:
  Factors vectors_;
};

UserItemMatrix histories() {
  Rng rng(2);
  std::vector<std::vector<Interaction>> histories(kGraphUsers);
  for (std::vector<Interaction>& history : histories) {
    for (int n = 0; n < 3; ++n)
      history.push_back({static_cast<ItemIndex>(rng.below(kGraphItems)), 1, 0});
  }
  return UserItemMatrix::from_histories(histories, kGraphItems, false);
}

class SearchGraphTest : public testing::Test {
 protected:
  std::optional<SearchGraph> make(const SearchGraphOptions& options) {
    ThreadPool pool(2);
    Progress progress;
    return make_search_graph(model_, matrix_, options, pool, progress).value();
  }

  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    // One thread locks hnswlib's rows in any order, which would be told as a deadlock a thousand
    // times. hnsw_retriever_test.cc makes graphs on several threads, with that report off.
    GTEST_SKIP();
#endif
  }
  void TearDown() override { std::filesystem::remove(path_); }

  VectorModel model_;
  UserItemMatrix matrix_ = histories();
  MatrixView vectors_ = *model_.item_vectors();
  std::string path_ = testing::TempDir() + "search_graph_test_" + std::to_string(::getpid());
};

// Lists from a graph that was saved and loaded, next to those from a look at everything.
TEST_F(SearchGraphTest, ALoadedGraphFindsNearlyAllOfTheBest) {
  const std::optional<SearchGraph> made = make(kSmall);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->retriever.graphs().size(), 2U);
  EXPECT_GE(made->recall, 0.98);
  ASSERT_TRUE(save_search_graph(*made, 7, path_));
  Result<SearchGraph> loaded = load_search_graph(vectors_, 7, path_, kSmall);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->recall, made->recall);

  const VectorSearch by_graph(std::move(loaded->retriever));
  const VectorSearch exact(vectors_);
  Trending trending(7);
  trending.grow(kGraphItems);
  for (std::uint32_t i = 0; i < 100; ++i) trending.add(ItemIndex{i * 7}, i, 0);
  LiveScores::Scratch live_scratch;
  LiveScores live(trending, kGraphItems, live_scratch);
  live.add_trending(0.1);
  const std::vector<std::uint64_t> allowed((kGraphItems + 63) / 64, ~std::uint64_t{0});
  SearchScratch scratches[2];
  std::size_t n_found = 0;
  for (std::uint32_t u = 0; u < 100; ++u) {
    const SearchQuery query =
        exact.query(model_.user_vector({.history = matrix_.user(UserIndex{u})}));
    const auto expected = exact.top(query, 0.9F, live, {allowed, 10}, scratches[0]);
    const auto found = by_graph.top(query, 0.9F, live, {allowed, 10}, scratches[1]);
    ASSERT_EQ(found.size(), 10U);
    n_found += static_cast<std::size_t>(std::ranges::count_if(found, [&](const Scored& one) {
      return std::ranges::find(expected, one) != expected.end();
    }));
    EXPECT_LT(scratches[1].retriever.n_scored(), kGraphItems / 2) << "no walk";
  }
  EXPECT_GE(n_found, 950U);
}

TEST_F(SearchGraphTest, FewItemsNeedNone) {
  SearchGraphOptions options = kSmall;
  options.least_items = kGraphItems + 1;
  EXPECT_FALSE(make(options).has_value());
}

// As with a walk so narrow that it finds a part, and one that looks at nearly everything.
TEST_F(SearchGraphTest, OneThatMissesMuchOrIsSlowIsNotKept) {
  SearchGraphOptions options = kSmall;
  options.hnsw.links = 2;
  options.hnsw.build_width = 2;
  EXPECT_FALSE(make(options).has_value());
  options = kSmall;
  options.walked_row = 20;
  EXPECT_FALSE(make(options).has_value());
}

TEST_F(SearchGraphTest, AFileOfAnotherSnapshotIsRefused) {
  const std::optional<SearchGraph> made = make(kSmall);
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE(save_search_graph(*made, 7, path_));
  EXPECT_EQ(load_search_graph(vectors_, 8, path_, kSmall).error().message,
            path_ + ": is of snapshot 7, not 8");
  MatrixView fewer = vectors_;
  fewer.n_rows -= 10;
  const auto of_fewer = load_search_graph(fewer, 7, path_, kSmall);
  ASSERT_FALSE(of_fewer.has_value());
  EXPECT_EQ(of_fewer.error().code, ErrorCode::corrupt);
  EXPECT_EQ(of_fewer.error().message, path_ + ": hnsw: graph 0 is none of these vectors");
}

}  // namespace
}  // namespace coseno
