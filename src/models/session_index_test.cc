#include "models/session_index.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "models/tensor_file.h"

namespace coseno {
namespace {

// Items 0 to 3; item 3 is in no session.
SessionIndex tiny() {
  const std::vector<SessionIndex::Session> sessions = {
      {{{0, 1}, {1, 1}}, 10}, {{{1, 1}}, 20}, {{{2, 1}, {0, 0.5F}}, 30}};
  return {sessions, 4};
}

struct Visit {
  std::uint32_t session;
  std::vector<std::pair<std::size_t, std::uint32_t>> matches;

  bool operator==(const Visit&) const = default;
};

std::vector<Visit> newest(const std::vector<ItemIndex>& items, std::size_t n) {
  std::vector<Visit> visits;
  tiny().for_each_newest(items, n, [&](std::uint32_t session, auto matches) {
    visits.push_back({session, {}});
    for (const auto& match : matches) visits.back().matches.emplace_back(match.n, match.act);
  });
  return visits;
}

TEST(SessionIndexTest, SessionsWithAnyOfTheItemsComeNewestFirst) {
  const std::vector<Visit> all = {{2, {{0, 1}}}, {1, {{1, 0}}}, {0, {{0, 0}, {1, 1}}}};
  EXPECT_EQ(newest({ItemIndex{0}, ItemIndex{1}}, 10), all);
  EXPECT_EQ(newest({ItemIndex{0}, ItemIndex{1}}, 2),
            std::vector<Visit>(all.begin(), all.end() - 1));
  EXPECT_TRUE(newest({ItemIndex{3}}, 10).empty());
  EXPECT_TRUE(newest({}, 10).empty());
  EXPECT_TRUE(newest({ItemIndex{0}}, 0).empty());
}

// The tensors of a file, each of which one test damages.
struct Tensors {
  std::vector<std::int64_t> begin = {0, 2, 3};
  std::vector<std::int64_t> times = {10, 20};
  std::vector<std::uint32_t> items = {0, 1, 1};
  std::vector<float> weights = {1, 1, 0.5F};

  Result<SessionIndex> load() const {
    TensorFileWriter writer;
    writer.add("m.sessions.begin", {begin.size()}, begin);
    writer.add("m.sessions.times", {times.size()}, times);
    writer.add("m.sessions.indices", {items.size()}, items);
    writer.add("m.sessions.weights", {weights.size()}, weights);
    const std::string text = writer.bytes().value();
    const auto bytes = std::as_bytes(std::span(text));
    const TensorFile file = TensorFile::parse({bytes.begin(), bytes.end()}, "m").value();
    return SessionIndex::load("m", file, 2);
  }
};

TEST(SessionIndexTest, LoadsWhatIsSound) {
  const Result<SessionIndex> index = Tensors().load();
  ASSERT_TRUE(index.has_value()) << index.error().message;
  EXPECT_EQ(index->n_sessions(), 2U);
  EXPECT_EQ(index->time(1), 20);
  EXPECT_EQ(index->places(ItemIndex{1}).size(), 2U);
  EXPECT_EQ(index->places(ItemIndex{1})[0].session, 1U);
}

TEST(SessionIndexTest, RefusesWhatNoFitWrites) {
  const std::vector<std::pair<Tensors, std::string>> damaged = {
      {{.begin = {0, 2, 2}, .items = {0, 1}, .weights = {1, 1}}, "session 1 is empty"},
      {{.begin = {0, 1, 3}}, "row 1 has an index twice"},
      {{.begin = {0, 2, 4}}, "does not rise from 0"},
      {{.times = {20, 10}}, "does not rise"},
      {{.items = {0, 2, 1}}, "not below 2"},
      {{.weights = {1, -1, 1}}, "out of"},
      {{.weights = {1, 1}}, "weights"},
  };
  for (const auto& [tensors, what] : damaged) {
    const Result<SessionIndex> index = tensors.load();
    ASSERT_FALSE(index.has_value()) << what;
    EXPECT_EQ(index.error().code, ErrorCode::corrupt);
    EXPECT_NE(index.error().message.find(what), std::string::npos) << index.error().message;
  }
}

}  // namespace
}  // namespace coseno
