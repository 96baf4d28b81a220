// How the trainer is run. Here it is a script that ends in this way or that; the real one is tested
// in src/deep, where LibTorch is.
#include "models/sasrec_training.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "models/deep_trainer.h"
#include "models/model_testing.h"
#include "models/sasrec.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

class SasrecTrainingTest : public testing::Test {
 protected:
  SasrecTrainingTest() {
    fs::create_directories(folder_ / "temporary");
    ::setenv("TMPDIR", (folder_ / "temporary").c_str(), 1);
  }
  ~SasrecTrainingTest() override {
    ::unsetenv("COSENO_TRAIN_DEEP");
    ::unsetenv("TMPDIR");
    fs::remove_all(folder_);
  }

  void set_trainer(const std::string& script) const {
    const fs::path path = folder_ / "trainer";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
    ::setenv("COSENO_TRAIN_DEEP", path.c_str(), 1);
  }

  Error error_of(const SasrecOptions& options = {}) {
    const Dataset dataset = dataset_of({{1, 1, 0}, {0, 1, 1}});
    ThreadPool pool(1);
    FitContext context = {.pool = pool, .progress = progress_};
    const auto trained = train_sasrec(dataset.matrix, options, context);
    EXPECT_FALSE(trained.has_value());
    EXPECT_TRUE(fs::is_empty(folder_ / "temporary")) << "files are left behind";
    return trained ? Error{} : trained.error();
  }

  class Heard : public Progress {
   public:
    void report(std::string_view stage, std::uint64_t done, std::uint64_t total,
                std::string_view note) override {
      lines.push_back(fmt::format("{} {}/{} {}", stage, done, total, note));
      if (ends_at_a_line) is_over = true;
    }
    bool cancelled() const override { return is_over; }

    std::vector<std::string> lines;
    bool ends_at_a_line = false;
    std::atomic<bool> is_over = false;
  };

  fs::path folder_ =
      fs::path(testing::TempDir()) / ("sasrec_training_test_" + std::to_string(::getpid()));
  Heard progress_;
};

TEST_F(SasrecTrainingTest, WithoutATrainerItSaysHowToGetOne) {
  ::setenv("COSENO_TRAIN_DEEP", (folder_ / "none").c_str(), 1);
  const Error error = error_of();
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_NE(error.message.find("COSENO_TRAIN_DEEP"), std::string::npos) << error.message;
}

TEST_F(SasrecTrainingTest, ItIsToldWhatIsSetAndWhatIsNotEmpty) {
  set_trainer("echo \"$*\" >&2; exit 1");
  const Error error = error_of({.dim = 8, .negatives = 7});
  EXPECT_EQ(error.code, ErrorCode::io);
  for (const char* word : {"--seed 1", "--set dim=8", "--set negatives=7", "--out "}) {
    EXPECT_NE(error.message.find(word), std::string::npos) << word << ": " << error.message;
  }
  EXPECT_EQ(error.message.find("checkpoint"), std::string::npos);
}

TEST_F(SasrecTrainingTest, ProgressIsPassedOn) {
  set_trainer("echo '10 60 epoch 1'; echo noise; echo '20 60 epoch 2, ndcg 0.1'; exit 1");
  error_of();
  EXPECT_EQ(progress_.lines, (std::vector<std::string>{"training sasrec 10/60 epoch 1",
                                                       "training sasrec 20/60 epoch 2, ndcg 0.1"}));
}

TEST_F(SasrecTrainingTest, TheLastThingThatItSaysIsTheError) {
  set_trainer("echo 'a warning' >&2; echo 'training takes 90.0 GB' >&2; exit 3");
  const Error error = error_of();
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_NE(error.message.find("90.0 GB"), std::string::npos) << error.message;
}

TEST_F(SasrecTrainingTest, AKilledOneIsAnError) {
  set_trainer("kill -9 $$");
  const Error error = error_of();
  EXPECT_EQ(error.code, ErrorCode::internal);
  EXPECT_NE(error.message.find("137"), std::string::npos) << error.message;
}

TEST_F(SasrecTrainingTest, OneThatWritesNothingIsAnError) {
  set_trainer("exit 0");
  EXPECT_EQ(error_of().code, ErrorCode::io);
}

// It ends as soon as it is asked to, and would not have otherwise.
TEST_F(SasrecTrainingTest, CancellingEndsIt) {
  set_trainer("trap 'exit 130' INT; echo '1 60 epoch 1'; while :; do sleep 0.01; done");
  progress_.ends_at_a_line = true;
  EXPECT_EQ(error_of().code, ErrorCode::cancelled);
}

TEST_F(SasrecTrainingTest, OutputWithoutEndIsNoTrouble) {
  set_trainer("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2; exit 1");
  EXPECT_EQ(error_of().code, ErrorCode::io);
}

TEST(DeepProgressTest, LinesOfOtherKindsAreNone) {
  EXPECT_FALSE(DeepProgress::parse(""));
  EXPECT_FALSE(DeepProgress::parse("1"));
  EXPECT_FALSE(DeepProgress::parse("1 2"));
  EXPECT_FALSE(DeepProgress::parse("-1 2 x"));
  const auto line = DeepProgress::parse("1 2 epoch 3");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->note, "epoch 3");
}

}  // namespace
}  // namespace coseno
