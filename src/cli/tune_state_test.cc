#include "cli/tune_state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace coseno::cli {
namespace {

const boost::json::object kHeader{{"coseno_tune", 1}, {"model", "known"}, {"seed", 7}};
constexpr const char* kHeaderLine = "{\"coseno_tune\": 1, \"model\": \"known\", \"seed\": 7}\n";
const Trial kGood{.settings = {{"weight", "0.5"}}, .ndcg = 0.1, .fit_s = 1.5, .judge_s = 2};
const Trial kBad{.settings = {{"weight", "2"}}, .fit_s = 1, .judge_s = 0, .trouble = "no memory"};
constexpr const char* kTrialLines =
    "{\"settings\": {\"weight\": \"0.5\"}, \"ndcg\": 0.1, \"fit_s\": 1.5, \"judge_s\": 2}\n"
    "{\"settings\": {\"weight\": \"2\"}, \"ndcg\": null, \"fit_s\": 1, \"judge_s\": 0, "
    "\"trouble\": \"no memory\"}\n";

class TuneStateTest : public testing::Test {
 protected:
  ~TuneStateTest() override { std::filesystem::remove(path_); }

  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string text() const {
    std::ifstream stream(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  // Why the file cannot be opened; and it is as it was.
  std::string refusal(const std::string& content) const {
    write(content);
    const Outcome<TuneState> state = TuneState::open(path_, kHeader);
    EXPECT_EQ(text(), content);
    if (state) return "opened";
    EXPECT_EQ(state.error().exit_code, kFailed);
    return state.error().message.substr(path_.size());
  }

  const std::string path_ =
      testing::TempDir() + "tune_state_test_" + std::to_string(::getpid()) + ".jsonl";
};

TEST_F(TuneStateTest, TrialsComeBackAsTheyWereWritten) {
  {
    TuneState state = TuneState::open(path_, kHeader).value();
    EXPECT_TRUE(state.trials().empty());
    ASSERT_TRUE(state.append(kGood).has_value());
    EXPECT_EQ(text().back(), '\n');  // nothing is held back
    ASSERT_TRUE(state.append(kBad).has_value());
  }
  EXPECT_EQ(text(), std::string(kHeaderLine) + kTrialLines);
  const std::vector<Trial> trials = TuneState::open(path_, kHeader).value().trials();
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].settings, kGood.settings);
  EXPECT_EQ(trials[0].ndcg, 0.1);
  EXPECT_EQ(trials[0].judge_s, 2);
  EXPECT_EQ(trials[1].trouble, "no memory");
}

TEST_F(TuneStateTest, ALineWithoutItsEndIsDropped) {
  const std::string whole = std::string(kHeaderLine) + kTrialLines;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write(whole.substr(0, size));
    Outcome<TuneState> state = TuneState::open(path_, kHeader);
    ASSERT_TRUE(state.has_value()) << size;
    const std::size_t n_trials = state->trials().size();
    EXPECT_LE(n_trials, 1U);
    if (n_trials == 0) {
      ASSERT_TRUE(state->append(kGood).has_value());
    }
    ASSERT_TRUE(state->append(kBad).has_value());
    EXPECT_EQ(text(), whole) << size;
  }
}

TEST_F(TuneStateTest, AnotherSearchIsRefusedWithWhatDiffers) {
  EXPECT_EQ(refusal("{\"coseno_tune\": 1, \"model\": \"known\", \"seed\": 8}\n"),
            " is of another search: its seed is 8, not 7");
  EXPECT_EQ(refusal("{\"coseno_tune\": 1, \"seed\": 7}\n"),
            " is of another search: its model is nothing, not \"known\"");
}

TEST_F(TuneStateTest, OtherFilesAreRefusedAndLeftAlone) {
  for (const char* const content :
       {"user,item\nann,tea\n", "user,item", "{\"model\": \"known\"}\n", "[1]\n", "\n"}) {
    EXPECT_EQ(refusal(content), " is no state of coseno tune") << content;
  }
}

TEST_F(TuneStateTest, LinesThatAreNoTrialsAreRefused) {
  for (const char* const line :
       {"", "{}", "{\"settings\": {\"a\": 1}, \"ndcg\": 0.1, \"fit_s\": 1, \"judge_s\": 2}",
        "{\"settings\": {}, \"ndcg\": null, \"fit_s\": 1, \"judge_s\": 2}",
        "{\"settings\": {}, \"ndcg\": 1e999, \"fit_s\": 1, \"judge_s\": 2}"}) {
    EXPECT_EQ(refusal(std::string(kHeaderLine) + line + "\n"), ":2: this is no trial") << line;
  }
}

TEST_F(TuneStateTest, WhatIsNoFileIsRefused) {
  EXPECT_FALSE(TuneState::open(testing::TempDir(), kHeader).has_value());
  EXPECT_FALSE(TuneState::open("/dev/full", kHeader).has_value());
  EXPECT_FALSE(TuneState::open(path_ + "/no/state", kHeader).has_value());
}

}  // namespace
}  // namespace coseno::cli
