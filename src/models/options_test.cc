#include "models/options.h"

#include <gtest/gtest.h>

#include <array>

namespace coseno {
namespace {

struct Options {
  int dim = 64;
  double shrink = 0.1;
  bool centred = true;
  std::string method = "als";

  bool operator==(const Options&) const = default;
};

constexpr std::string_view kModel = "toy";

std::span<const OptionField<Options>> fields() {
  static const std::array<OptionField<Options>, 4> all = {{
      {.name = "dim", .member = &Options::dim, .min = 1, .max = 512, .help = "length of a vector"},
      {.name = "shrink",
       .member = &Options::shrink,
       .min = 0,
       .max = 2.5,
       .help = "",
       .search = SearchRange{.low = 0.5, .high = 2}},
      {.name = "centred", .member = &Options::centred, .help = ""},
      {.name = "method",
       .member = &Options::method,
       .choices = {"als", "gibbs", "sgd"},
       .help = ""},
  }};
  return all;
}

// The options, or those of a struct that no test expects.
Options applied(const Settings& settings) {
  return apply_settings(kModel, fields(), settings).value_or(Options{-1, -1, false, ""});
}

std::string refused(const Settings& settings) {
  const Result<Options> options = apply_settings(kModel, fields(), settings);
  if (options) return "accepted";
  EXPECT_EQ(options.error().code, ErrorCode::invalid_argument);
  return options.error().message;
}

TEST(OptionsTest, NothingSetGivesTheDefaults) { EXPECT_EQ(applied({}), Options()); }

TEST(OptionsTest, EachKindIsSetByName) {
  const Settings settings = {
      {"dim", "1"}, {"shrink", "2.5"}, {"centred", "false"}, {"method", "gibbs"}};
  EXPECT_EQ(applied(settings), (Options{1, 2.5, false, "gibbs"}));
}

TEST(OptionsTest, NumbersOutOfRangeAreRefusedWithTheBounds) {
  EXPECT_EQ(refused({{"dim", "0"}}), "toy: dim must be in [1, 512], not 0");
  EXPECT_EQ(refused({{"dim", "513"}}), "toy: dim must be in [1, 512], not 513");
  EXPECT_EQ(refused({{"shrink", "-0.1"}}), "toy: shrink must be in [0, 2.5], not -0.1");
  EXPECT_EQ(refused({{"shrink", "nan"}}), "toy: shrink must be in [0, 2.5], not nan");
  EXPECT_EQ(refused({{"shrink", "inf"}}), "toy: shrink must be in [0, 2.5], not inf");
}

TEST(OptionsTest, WhatIsNoNumberIsRefused) {
  EXPECT_EQ(refused({{"dim", "many"}}), "toy: dim must be a whole number in [1, 512], not many");
  EXPECT_EQ(refused({{"dim", "8.5"}}), "toy: dim must be a whole number in [1, 512], not 8.5");
  EXPECT_EQ(refused({{"dim", "99999999999"}}),
            "toy: dim must be a whole number in [1, 512], not 99999999999");
  EXPECT_EQ(refused({{"shrink", "1x"}}), "toy: shrink must be a number in [0, 2.5], not 1x");
  EXPECT_EQ(refused({{"dim", ""}}), "toy: dim must be a whole number in [1, 512], not empty");
}

TEST(OptionsTest, OtherWordsAreRefusedWithTheChoices) {
  EXPECT_EQ(refused({{"centred", "yes"}}), "toy: centred must be true or false, not yes");
  EXPECT_EQ(refused({{"method", "ALS"}}), "toy: method must be als, gibbs or sgd, not ALS");
}

TEST(OptionsTest, UnknownOptionsAreRefusedWithTheKnownNames) {
  EXPECT_EQ(refused({{"dims", "8"}}),
            "toy: there is no option 'dims'; there are dim, shrink, centred, method");
  struct None {};
  const auto options = apply_settings(kModel, std::span<const OptionField<None>>(), {{"dim", "8"}});
  ASSERT_FALSE(options.has_value());
  EXPECT_EQ(options.error().message, "toy: there is no option 'dim'; the model has none");
}

TEST(OptionsTest, SettingsOfAStructGiveItBack) {
  const Options options = {7, 1.0 / 3, false, "sgd"};
  EXPECT_EQ(applied(to_settings(fields(), options)), options);
}

TEST(OptionsTest, DescribedForPeople) {
  const std::vector<OptionInfo> infos = describe(fields());
  ASSERT_EQ(infos.size(), 4U);
  EXPECT_EQ(infos[0].default_value, "64");
  EXPECT_EQ(infos[0].range, "1..512");
  EXPECT_EQ(infos[0].help, "length of a vector");
  EXPECT_EQ(infos[1].default_value, "0.1");
  EXPECT_EQ(infos[1].range, "0..2.5");
  EXPECT_EQ(infos[2].range, "true or false");
  EXPECT_EQ(infos[3].range, "als, gibbs or sgd");
  EXPECT_TRUE(infos[0].is_whole);
  EXPECT_FALSE(infos[1].is_whole);
  EXPECT_FALSE(infos[0].search.has_value());
  ASSERT_TRUE(infos[1].search.has_value());
  EXPECT_EQ(infos[1].search->high, 2);
}

}  // namespace
}  // namespace coseno
