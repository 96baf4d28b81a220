#include "engine/model_snapshot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

// 20 users of two items each.
FittedModel fitted() {
  Interactions interactions;
  for (std::uint32_t u = 0; u < 20; ++u) {
    const UserIndex user = interactions.users.add(std::to_string(u));
    for (const std::uint32_t item : {2 * u, 2 * u + 1}) {
      interactions.add(user, {interactions.items.add(std::to_string(item)), 1, 0});
    }
  }
  ThreadPool pool(1);
  Progress progress;
  FitContext context = {.pool = pool, .progress = progress};
  return fit_model("ials", make_dataset(std::move(interactions), RepeatRule::last, {}, {}),
                   {{"dim", "4"}, {"rounds", "1"}}, context)
      .value();
}

// A ring.
SearchGraph graph_of(const FittedModel& fitted) {
  const MatrixView vectors = *fitted.model->item_vectors();
  const auto n = static_cast<std::uint32_t>(vectors.n_rows);
  HnswRetriever::Layer ring;
  for (std::uint32_t node = 0; node < n; ++node) {
    ring.links.push_back((node + 1) % n);
    ring.begin.push_back(ring.links.size());
  }
  HnswRetriever::Graph graph;
  graph.layers.push_back(std::move(ring));
  std::vector<HnswRetriever::Graph> graphs = {std::move(graph)};
  return {HnswRetriever::assemble(vectors, {}, std::move(graphs)).value(), 0.99};
}

class ModelSnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(root_);
    snapshot_.id = 1;
    snapshot_.model_name = "ials";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string path(std::string_view name) const { return (root_ / name).string(); }

  fs::path root_ =
      fs::path(testing::TempDir()) / ("model_snapshot_test_" + std::to_string(::getpid()));
  FittedModel fitted_ = fitted();
  ModelSnapshot snapshot_;
};

TEST_F(ModelSnapshotTest, IsSearchedByTheGraphThatItWasSavedWith) {
  const SearchGraph graph = graph_of(fitted_);
  ASSERT_TRUE(snapshot_.save(path("a"), fitted_, &graph).has_value());
  const auto loaded = ModelSnapshot::load_current(path("a")).value();
  EXPECT_EQ(loaded->graph_recall, 0.99);
  EXPECT_EQ(loaded->search->retriever().graphs().size(), 1U);
  const auto exact = ModelSnapshot::load_current(path("a"), false).value();
  EXPECT_FALSE(exact->graph_recall.has_value());
  EXPECT_TRUE(exact->search->retriever().graphs().empty());
  EXPECT_GT(loaded->size_bytes, exact->size_bytes);
}

TEST_F(ModelSnapshotTest, WithoutAGraphTheSearchIsExact) {
  ASSERT_TRUE(snapshot_.save(path("a"), fitted_, nullptr).has_value());
  const auto loaded = ModelSnapshot::load_current(path("a")).value();
  EXPECT_FALSE(loaded->graph_recall.has_value());
  EXPECT_TRUE(loaded->search->retriever().graphs().empty());
}

// As a backup has it.
TEST_F(ModelSnapshotTest, TheGraphIsCopiedWithIt) {
  const SearchGraph graph = graph_of(fitted_);
  ASSERT_TRUE(snapshot_.save(path("a"), fitted_, &graph).has_value());
  ASSERT_TRUE(ModelSnapshot::copy(path("a"), 1, path("b")).has_value());
  EXPECT_EQ(ModelSnapshot::load_current(path("b")).value()->graph_recall, 0.99);
}

// As snapshots from before there were sessions are; the text of the weights is what we write.
TEST_F(ModelSnapshotTest, WithoutAWeightForSessionsTheySayNothing) {
  snapshot_.weights = {0.5F, 0.25F, 0.125F, 0.125F};
  ASSERT_TRUE(snapshot_.save(path("a"), fitted_, nullptr).has_value());
  EXPECT_EQ(ModelSnapshot::load_current(path("a")).value()->weights, snapshot_.weights);
  const std::string file = path("a/000001/snapshot.json");
  std::ifstream stream(file);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  const std::string last = ",1.25E-1]";
  const std::size_t at = text.find(last);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, last.size(), "]");
  std::ofstream(file) << text;
  EXPECT_EQ(ModelSnapshot::load_current(path("a")).value()->weights,
            (VoiceWeights{0.5F, 0.25F, 0.125F, 0}));
}

TEST_F(ModelSnapshotTest, ADamagedGraphIsTold) {
  const SearchGraph graph = graph_of(fitted_);
  ASSERT_TRUE(snapshot_.save(path("a"), fitted_, &graph).has_value());
  const std::string file = path("a/000001/graph.safetensors");
  fs::resize_file(file, fs::file_size(file) - 1);
  const auto loaded = ModelSnapshot::load_current(path("a"));
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(loaded.error().message.starts_with(file)) << loaded.error().message;
}

}  // namespace
}  // namespace coseno
