// Small data for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/offline.h"

namespace coseno {

// Tea people and coffee people. Each of the first six has left out one of their own kind, and had
// one of the other.
inline Ratings two_tastes() {
  Result<Ratings> ratings = Ratings::parse(R"({
    "ann": {"green": 5, "black": 5, "latte": 1}, "bob": {"green": 5, "white": 5, "mocha": 1},
    "cat": {"black": 5, "white": 5, "espresso": 1}, "dan": {"latte": 5, "mocha": 5, "green": 1},
    "eve": {"latte": 5, "espresso": 5, "black": 1}, "fay": {"mocha": 5, "espresso": 5, "white": 1},
    "gus": {"green": 5, "black": 5, "white": 5}, "hal": {"latte": 5, "espresso": 5, "mocha": 5}})");
  EXPECT_TRUE(ratings) << ratings.error().message;
  return *ratings;
}

// What went wrong.
std::string message(const auto& result) { return result ? "no error" : result.error().message; }

// Options that suit so few users; the defaults are for real data.
inline FitOptions fast(std::string_view model) {
  FitOptions options;
  options.n_threads = 1;
  if (model == "biased_mf") options.settings = {{"dim", "2"}, {"rounds", "30"}, {"draws", "5"}};
  if (model == "ials") {
    options.settings = {{"dim", "3"}, {"unobserved", "1"}, {"regularization", "0.2"}};
  }
  if (model == "blend") {
    options.settings = {
        {"ials.dim", "3"}, {"ials.unobserved", "1"}, {"ials.regularization", "0.2"}};
  }
  if (model == "markov" || model == "session_knn") {
    options.settings = {{"recency", "5"}, {"rating_weight", "0.5"}};
  }
  if (model == "auto") options.settings = {{"seconds", "0.5"}};
  return options;
}

inline OfflineModel fitted(std::string_view model) {
  Result<OfflineModel> result = OfflineModel::fit(model, two_tastes(), fast(model));
  EXPECT_TRUE(result) << result.error().message;
  return *result;
}

inline std::vector<std::string> names(const OfflineModel& model,
                                      const Result<std::vector<ListedItem>>& list) {
  EXPECT_TRUE(list) << list.error().message;
  std::vector<std::string> items;
  for (const ListedItem& one : *list) items.emplace_back(model.ratings().item(one.number));
  return items;
}

inline std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

}  // namespace coseno
