#include "deep/training.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/rng.h"
#include "deep/network.h"
#include "models/sasrec.h"

namespace coseno {
namespace {

constexpr std::uint32_t kTrainedItems = 12;

// Whoever has item i takes i + 1 next: nothing but the order tells.
Histories rings() {
  Histories histories;
  histories.n_items = kTrainedItems;
  Rng rng(1);
  for (std::uint32_t user = 0; user < 200; ++user) {
    const auto first = static_cast<std::uint32_t>(rng.below(kTrainedItems));
    for (std::uint32_t i = 0; i < 4 + user % 5; ++i)
      histories.items.push_back((first + i) % kTrainedItems);
    histories.begin.push_back(histories.items.size());
  }
  histories.times.resize(histories.items.size());
  return histories;
}

// Two signs of chance, then a question. The first sign tells the answer where all came at once, and
// the second where the first was an hour before. What says nothing comes before, so many times that
// in some epochs a window begins after the first.
Histories hurries() {
  constexpr std::uint32_t kSigns = 4;
  constexpr std::uint32_t kQuestion = 2 * kSigns;
  constexpr std::uint32_t kNothing = kQuestion + 1;
  Histories histories;
  histories.n_items = kTrainedItems;
  Rng rng(1);
  for (int user = 0; user < 400; ++user) {
    const auto first = static_cast<std::uint32_t>(rng.below(kSigns));
    const auto second = static_cast<std::uint32_t>((first + 1 + rng.below(kSigns - 1)) % kSigns);
    const bool at_once = rng.below(2) == 0;
    const std::int64_t start = 1'700'000'000 + static_cast<std::int64_t>(rng.below(1000000));
    for (int i = 0; i < user % 4; ++i) {
      histories.items.push_back(kNothing);
      histories.times.push_back(start + i);
    }
    const std::uint32_t answer = kSigns + (at_once ? first : second);
    for (const std::uint32_t item : {first, second, kQuestion, answer})
      histories.items.push_back(item);
    const std::int64_t then = start + 1000;
    const std::int64_t now = at_once ? then : then + 3600;
    for (const std::int64_t time : {then, now, now, now}) histories.times.push_back(time);
    histories.begin.push_back(histories.items.size());
  }
  return histories;
}

DeepTrainingOptions options() {
  DeepTrainingOptions options;
  options.model.dim = 16;
  options.model.length = 5;
  options.model.hidden = 16;
  options.model.negatives = 6;
  options.model.learning_rate = 0.01;
  options.model.batch = 20;
  options.model.epochs = 8;
  options.model.validation_users = 20;
  options.progress = [](const DeepTrainingProgress&) {};
  options.interrupted = [] { return false; };
  return options;
}

TEST(TrainingTest, LearnsWhatOnlyTheOrderTells) {
  set_torch_threads(1);
  for (const char* loss : {"softmax", "gbce"}) {
    DeepTrainingOptions options = coseno::options();
    options.model.loss = loss;
    options.model.epochs = 40;
    options.model.dropout = 0.1;
    const auto trained = train_deep(rings(), options);
    ASSERT_TRUE(trained.has_value()) << trained.error().message;
    EXPECT_GT(trained->ndcg, 0.9) << loss;
    const Sasrec model({.shape = sasrec_shape(options.model, kTrainedItems),
                        .temperature = static_cast<float>(options.model.temperature),
                        .parameters = trained->parameters});
    int n_right = 0;
    for (std::uint32_t item = 1; item < kTrainedItems; ++item) {
      const std::vector<Interaction> history = {{ItemIndex{item - 1}, 1, 0},
                                                {ItemIndex{item}, 1, 0}};
      std::vector<float> scores(kTrainedItems);
      model.score({.history = history}, scores);
      if (best_items(scores, 1)[0].item == ItemIndex{(item + 1) % kTrainedItems}) ++n_right;
    }
    EXPECT_GE(n_right, 10) << loss;  // of 11
  }
}

TEST(TrainingTest, LearnsWhatOnlyTheTimeBetweenTells) {
  set_torch_threads(1);
  DeepTrainingOptions options = coseno::options();
  options.model.epochs = 150;
  options.model.patience = 150;
  options.model.dropout = 0;
  options.model.temperature = 0.3;
  options.model.negatives = 0;
  options.model.validation_users = 100;
  const auto without = train_deep(hurries(), options);
  options.model.intervals = true;
  const auto trained = train_deep(hurries(), options);
  ASSERT_TRUE(without.has_value() && trained.has_value());
  EXPECT_LT(without->ndcg, 0.92);  // one of two: (1 + 1 / log2(3)) / 2 = 0.82 in the mean
  EXPECT_GT(trained->ndcg, 0.95);
}

TEST(TrainingTest, ASeedGivesTheSameNumbers) {
  set_torch_threads(1);
  const auto one = train_deep(rings(), options());
  const auto again = train_deep(rings(), options());
  DeepTrainingOptions other = options();
  other.seed = 2;
  ASSERT_TRUE(one.has_value() && again.has_value());
  EXPECT_EQ(one->parameters, again->parameters);
  EXPECT_NE(one->parameters, train_deep(rings(), other)->parameters);
}

class ResumeTest : public testing::Test {
 protected:
  ResumeTest() { set_torch_threads(1); }
  ~ResumeTest() override { std::filesystem::remove(path_); }

  // Ends after so many questions.
  Result<DeepTraining> interrupted(int n_steps) const {
    DeepTrainingOptions options = coseno::options();
    options.model.checkpoint = path_;
    options.interrupted = [left = n_steps]() mutable { return left-- == 0; };
    return train_deep(rings(), options);
  }

  std::string path_ =
      testing::TempDir() + "resume_test_" + std::to_string(::getpid()) + ".safetensors";
};

TEST_F(ResumeTest, InterruptedAndResumedIsAsInOnePiece) {
  const auto whole = train_deep(rings(), options());
  for (const int n_steps : {0, 13, 1, 22}) {
    const auto part = interrupted(n_steps);
    ASSERT_FALSE(part.has_value());
    EXPECT_EQ(part.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  const auto rest = interrupted(-1);
  ASSERT_TRUE(rest.has_value()) << rest.error().message;
  EXPECT_EQ(rest->parameters, whole->parameters);
  EXPECT_EQ(rest->epoch, whole->epoch);
}

TEST_F(ResumeTest, ACheckpointOfAnotherTrainingIsRefused) {
  interrupted(3).error();
  DeepTrainingOptions other = options();
  other.model.checkpoint = path_;
  other.model.dropout = 0.1;
  EXPECT_EQ(train_deep(rings(), other).error().code, ErrorCode::conflict);
}

TEST(TrainingLimitsTest, WhatMemoryWillNotHoldIsToldBefore) {
  DeepTrainingOptions options = coseno::options();
  options.model.batch = 100000;
  options.model.negatives = 100000;
  Histories histories = rings();
  histories.items.assign(20000000, 1);
  histories.times.assign(20000000, 0);
  histories.begin.back() = histories.items.size();
  const auto trained = train_deep(histories, options);
  ASSERT_FALSE(trained.has_value());
  EXPECT_EQ(trained.error().code, ErrorCode::unavailable);
  EXPECT_NE(trained.error().message.find("GB"), std::string::npos);
}

}  // namespace
}  // namespace coseno
