#include "cli/wrong_use.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace coseno::cli {
namespace {

// What is said of these arguments; "" where they are understood.
std::string said_of(const std::vector<std::string>& arguments) {
  CommandLine program("", "coseno");
  program.require_subcommand();
  CommandLine fit = program.add_subcommand("fit", "");
  std::string model;
  int k = 0;
  fit.add_option("--model", model, "");
  fit.add_option("-k", k, "");
  std::vector<const char*> words = {"coseno"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  const std::optional<ParseStop> stop = program.parse(static_cast<int>(words.size()), words.data());
  return stop ? explain(program, *stop) : "";
}

TEST(WrongUseTest, GoodArgumentsAreUnderstood) {
  EXPECT_EQ(said_of({"fit", "--model", "ease", "-k", "3"}), "");
}

TEST(WrongUseTest, UnknownOptionGetsTheNearest) {
  EXPECT_EQ(said_of({"fit", "--modle", "ease"}),
            "unknown option --modle, did you mean --model? (see coseno fit --help)");
}

TEST(WrongUseTest, FarOptionGetsNoGuess) {
  EXPECT_EQ(said_of({"fit", "--turbo"}), "unknown option --turbo (see coseno fit --help)");
}

TEST(WrongUseTest, UnknownCommandGetsTheNearest) {
  EXPECT_EQ(said_of({"fot"}), "unknown command fot, did you mean fit? (see coseno --help)");
}

TEST(WrongUseTest, NoCommandIsSaid) {
  EXPECT_EQ(said_of({}), "a command is missing (see coseno --help)");
}

TEST(WrongUseTest, ExtraArgumentIsNamed) {
  EXPECT_EQ(said_of({"fit", "a"}), "unknown argument a (see coseno fit --help)");
}

TEST(WrongUseTest, BadValueIsOneSentenceWithTheOption) {
  const std::string said = said_of({"fit", "-k", "ten"});
  EXPECT_NE(said.find("-k"), std::string::npos) << said;
  EXPECT_NE(said.find("ten"), std::string::npos) << said;
  EXPECT_EQ(said.find('\n'), std::string::npos) << said;
}

}  // namespace
}  // namespace coseno::cli
