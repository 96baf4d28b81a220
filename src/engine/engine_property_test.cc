// Whatever is done to an engine, in whatever order, it keeps what plain_engine.h says, and says the
// same after it was opened again.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "coseno/engine.h"
#include "engine/engine_fixture.h"
#include "engine/engine_testing.h"
#include "engine/plain_engine.h"

namespace coseno {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShortHistory = 8;
constexpr std::size_t kUsers = 6;
constexpr std::size_t kItemIds = 14;
constexpr std::size_t kSteps = 400;

const std::vector<std::string> kGenres = {R"("Drama")", R"("War")", R"("Comedy")"};

std::vector<std::string> names(char letter, std::size_t n) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < n; ++i) result.push_back(fmt::format("{}{}", letter, i));
  return result;
}

PlainFilter everything() {
  return {"", {}, [](const PlainProperties&) { return true; }};
}

// Draws what to do, does it to an engine and to the plain one, and compares.
class EnginePropertyTest : public testing::TestWithParam<std::uint64_t> {
 protected:
  EnginePropertyTest()
      : folder_(testing::TempDir() + fmt::format("coseno_property_{}_{}", getpid(), GetParam())),
        rng_(GetParam()) {
    fs::remove_all(folder_);
    options_ = {
        .history_length = kShortHistory, .covisitation_width = 4, .n_threads = 1, .clock = &clock_};
    open();
  }
  ~EnginePropertyTest() override {
    reader_.reset();
    engine_.reset();
    fs::remove_all(folder_);
  }

  void open() { engine_ = std::make_unique<Engine>(Engine::open(folder_, options_).value()); }

  bool one_in(std::uint64_t n) { return rng_.below(n) == 0; }
  const std::string& one_of(const std::vector<std::string>& list) {
    return list[rng_.below(list.size())];
  }

  std::string answers() const { return answers_of(*engine_, users_, items_); }

  // --- what is done

  // Out of order now and then, and sometimes at the very time of another.
  std::optional<std::int64_t> some_time() {
    if (one_in(2)) return std::nullopt;
    return clock_.now_ms() - static_cast<std::int64_t>(rng_.below(40)) * kDay / 8;
  }

  std::string some_type() {
    const EventTypes& types = plain_.event_types();
    return std::next(types.begin(), static_cast<std::ptrdiff_t>(rng_.below(types.size())))->first;
  }

  void observe() {
    const std::size_t n = one_in(3) ? rng_.below(6) : 1;
    std::vector<std::string> types;
    std::vector<std::string> ids;
    for (std::size_t e = 0; e < n; ++e) {
      types.push_back(some_type());
      ids.push_back(one_in(2) ? fmt::format("e{}", rng_.below(200)) : "");
    }
    std::vector<Event> events;
    for (std::size_t e = 0; e < n; ++e) {
      events.push_back({.user = one_of(users_),
                        .item = one_of(items_),
                        .type = types[e],
                        .value = static_cast<float>(rng_.below(1000)) / 8,
                        .time_ms = some_time(),
                        .id = ids[e]});
    }
    const Acknowledged answer = engine_->observe(events).value();
    std::size_t n_new = 0;
    for (const Event& event : events) n_new += plain_.observe(event, clock_.now_ms()) ? 1 : 0;
    EXPECT_EQ(answer.n_new, n_new);
    EXPECT_EQ(answer.n_repeated, n - n_new);
    EXPECT_EQ(answer.position, plain_.position());
  }

  void retract() {
    const std::string id = fmt::format("e{}", rng_.below(200));
    const auto answer = engine_->retract(id);
    const std::optional<bool> expected = plain_.retract(id);
    ASSERT_EQ(answer.has_value(), expected.has_value()) << id;
    if (!answer) {
      EXPECT_EQ(answer.error().code, ErrorCode::not_found);
      return;
    }
    EXPECT_EQ(answer->n_new, *expected ? 1U : 0U);
    EXPECT_EQ(answer->n_repeated, *expected ? 0U : 1U);
    EXPECT_EQ(answer->position, plain_.position());
  }

  PlainValue some_value(const std::string& name) {
    if (name == "available") return {{one_in(2) ? "false" : "true"}};
    if (name == "year") return {{fmt::format("{}", 1990 + rng_.below(10))}};
    PlainValue genre = {{}, !one_in(3)};
    do genre.scalars.push_back(one_of(kGenres));
    while (genre.is_list && one_in(2));
    return genre;
  }

  void put_item() {
    PlainProperties properties;
    for (const std::string& name : property_names_) {
      if (one_in(name == "available" ? 6 : 2)) properties[name] = some_value(name);
    }
    const std::string& item = one_of(items_);
    plain_.put_item(item, properties);
    EXPECT_EQ(engine_->put_item(item, json_of(properties)).value(), plain_.position());
  }

  void patch_item() {
    const std::string& item = one_of(items_);
    const std::string& name = one_of(property_names_);
    std::optional<PlainValue> value;
    if (!one_in(3)) value = some_value(name);
    plain_.patch_item(item, name, value);
    const std::string json = fmt::format(R"({{"{}":{}}})", name, value ? value->json() : "null");
    EXPECT_EQ(engine_->patch_item(item, json).value(), plain_.position());
  }

  void expect_done(const Result<std::uint64_t>& answer, bool is_expected) const {
    ASSERT_EQ(answer.has_value(), is_expected);
    if (answer) {
      EXPECT_EQ(*answer, plain_.position());
    } else {
      EXPECT_EQ(answer.error().code, ErrorCode::not_found);
    }
  }

  void delete_item() {
    const std::string& item = one_of(items_);
    expect_done(engine_->delete_item(item), plain_.delete_item(item));
  }

  void put_user() {
    const std::string& user = one_of(users_);
    const std::string json = fmt::format(R"({{"age":{}}})", rng_.below(90));
    plain_.put_user(user, json);
    EXPECT_EQ(engine_->put_user(user, json).value(), plain_.position());
  }

  void erase_user() {
    const std::string& user = one_of(users_);
    expect_done(engine_->erase_user(user), plain_.erase_user(user));
  }

  void set_event_types() {
    EventTypes types = plain_.event_types();
    const std::string name = fmt::format("type{}", rng_.below(4));
    if (types.contains(name) || one_in(4)) {
      types.erase(one_in(2) && types.size() > 4 ? types.begin()->first : name);
    } else {
      types[name] = {.weight = static_cast<double>(rng_.below(4)),
                     .half_life_days = static_cast<double>(rng_.below(3)),
                     .is_rating = one_in(3),
                     .hides = !one_in(3),
                     .hides_days = static_cast<double>(rng_.below(3))};
    }
    ASSERT_TRUE(engine_->set_event_types(types));
    plain_.set_event_types(types);
  }

  void compact() {
    ASSERT_TRUE(engine_->compact());
    plain_.compact();
    reader_.reset();  // it may show what was dropped
  }

  // What is wrong changes nothing.
  void do_something_wrong() {
    const std::string& user = one_of(users_);
    const std::string& item = one_of(items_);
    const std::vector<Event> batch = {{.user = "nobody", .item = "nothing", .id = "e0"},
                                      {.user = user, .item = item, .type = "no such type"}};
    EXPECT_EQ(engine_->observe(batch).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine_->put_item("nothing", "{").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine_->patch_item("nothing", "[]").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine_->put_user("nobody", "1").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(engine_->erase_user("nobody").error().code, ErrorCode::not_found);
    EXPECT_EQ(engine_->set_event_types({}).error().code, ErrorCode::invalid_argument);
  }

  // Forwards and, as clocks do, backwards.
  void move_clock() {
    const auto hours = static_cast<std::int64_t>(rng_.below(48));
    clock_.advance_ms((one_in(4) ? -hours : hours) * kDay / 24);
  }

  void reopen() {
    const std::string before = answers();
    engine_.reset();
    if (one_in(2)) fs::remove(folder_ + "/state");
    open();
    EXPECT_EQ(first_difference(answers(), before), "");
  }

  // With the checkpoint of other options there, the answers are those without it.
  void reopen_with_other_options() {
    const EngineOptions options = options_;
    options_.history_length = 3;
    engine_.reset();
    open();
    const std::string with_state = answers();
    engine_.reset();
    fs::remove(folder_ + "/state");
    open();
    EXPECT_EQ(first_difference(answers(), with_state), "");
    options_ = options;
    engine_.reset();
    open();
  }

  // Before that it must not know of what came since.
  void refresh_reader() {
    if (reader_) {
      const std::string trouble = fmt::format("reader at {}", plain_reader_->position());
      compare(*reader_, *plain_reader_, trouble);
      ASSERT_TRUE(reader_->refresh());
    } else {
      reader_ = std::make_unique<Engine>(Engine::open_beside(folder_, options_).value());
    }
    plain_reader_ = plain_;
    EXPECT_EQ(first_difference(answers_of(*reader_, users_, items_), answers()), "");
  }

  void step() {
    const std::uint64_t what = rng_.below(400);
    if (what < 200) return observe();
    if (what < 232) return retract();
    if (what < 264) return put_item();
    if (what < 288) return patch_item();
    if (what < 300) return delete_item();
    if (what < 312) return put_user();
    if (what < 328) return erase_user();
    if (what < 340) return set_event_types();
    if (what < 348) return do_something_wrong();
    if (what < 372) return move_clock();
    if (what < 396) return refresh_reader();
    if (what < 398) return reopen();
    compact();
  }

  // --- what is compared

  void compare(const Engine& engine, const PlainEngine& plain, const std::string& trouble) const {
    const EngineStats stats = engine.stats();
    EXPECT_EQ(stats.position, plain.position()) << trouble;
    EXPECT_EQ(stats.n_events, plain.n_events()) << trouble;
    EXPECT_EQ(stats.n_users, plain.users().size()) << trouble;
    EXPECT_EQ(stats.n_items, plain.items().size()) << trouble;
    EXPECT_EQ(stats.n_kept_events, plain.n_kept_events()) << trouble;
    EXPECT_EQ(engine.event_types(), plain.event_types()) << trouble;
    for (const std::string& user : users_) {
      EXPECT_EQ(text_of(engine.history(user)), text_of(plain.history(user))) << trouble << user;
      EXPECT_EQ(engine.user(user).value(), plain.user_json(user)) << trouble << user;
    }
    for (const std::string& item : items_) {
      EXPECT_EQ(engine.item(item).value(), plain.item_json(item)) << trouble << item;
    }
  }

  PlainFilter some_condition() {
    switch (rng_.below(5)) {
      case 0: {
        const std::string genre = one_of(kGenres);
        return {fmt::format(R"({{"equals":{{"genre":{}}}}})", genre),
                {"genre"},
                [=](const PlainProperties& properties) {
                  const auto value = properties.find("genre");
                  return value != properties.end() && value->second.has(genre);
                }};
      }
      case 1: {
        const int from = 1990 + static_cast<int>(rng_.below(10));
        return {fmt::format(R"({{"range":{{"year":{{"from":{},"to":{}}}}}}})", from, from + 3),
                {"year"},
                [=](const PlainProperties& properties) {
                  const auto value = properties.find("year");
                  if (value == properties.end()) return false;
                  const int year = std::stoi(value->second.scalars.at(0));
                  return year >= from && year <= from + 3;
                }};
      }
      case 2: {
        const std::string a = one_of(kGenres);
        const std::string b = one_of(kGenres);
        return {fmt::format(R"({{"in":{{"genre":[{},{}]}}}})", a, b),
                {"genre"},
                [=](const PlainProperties& properties) {
                  const auto value = properties.find("genre");
                  return value != properties.end() &&
                         (value->second.has(a) || value->second.has(b));
                }};
      }
      case 3:
        return {R"({"exists":"year"})", {"year"}, [](const PlainProperties& properties) {
                  return properties.contains("year");
                }};
      default:
        return {R"({"exists":"no_such_thing"})", {"no_such_thing"}, [](const PlainProperties&) {
                  return false;
                }};
    }
  }

  PlainFilter some_filter() {
    if (one_in(3)) return everything();
    PlainFilter a = some_condition();
    switch (rng_.below(4)) {
      case 0:
        return {fmt::format(R"({{"not":{}}})", a.json), a.names,
                [=](const PlainProperties& properties) { return !a.matches(properties); }};
      case 1: {
        const PlainFilter b = some_condition();
        a.names.insert(b.names.begin(), b.names.end());
        return {fmt::format(R"({{"any":[{},{}]}})", a.json, b.json), a.names,
                [=](const PlainProperties& properties) {
                  return a.matches(properties) || b.matches(properties);
                }};
      }
      case 2: {
        const PlainFilter b = some_condition();
        a.names.insert(b.names.begin(), b.names.end());
        return {fmt::format(R"({{"all":[{},{}]}})", a.json, b.json), a.names,
                [=](const PlainProperties& properties) {
                  return a.matches(properties) && b.matches(properties);
                }};
      }
      default:
        return a;
    }
  }

  // The list holds as many of the candidates as it can, each once, and says where it stands.
  void check_list(const Recommendations& answer, const std::set<std::string>& candidates,
                  std::size_t k, const std::string& trouble) const {
    EXPECT_EQ(answer.items.size(), std::min(k, candidates.size())) << trouble;
    EXPECT_EQ(answer.position, plain_.position()) << trouble;
    std::set<std::string> listed;
    for (const RecommendedItem& item : answer.items) {
      EXPECT_TRUE(candidates.contains(item.item)) << trouble << ": " << item.item;
      EXPECT_TRUE(listed.insert(item.item).second) << trouble << ": twice " << item.item;
      EXPECT_GT(item.propensity, 0) << trouble;
      EXPECT_LE(item.propensity, 1) << trouble;
    }
  }

  static void check_order(const Recommendations& answer, const std::string& trouble) {
    for (std::size_t n = 1; n < answer.items.size(); ++n) {
      EXPECT_GE(answer.items[n - 1].score, answer.items[n].score) << trouble;
    }
  }

  // Acts of somebody who need not be a user, as the caller gives them and as they are read.
  struct Acts {
    std::vector<std::string> types = {};
    std::vector<Act> given = {};
    std::vector<PastEvent> read = {};
  };
  Acts some_acts() {
    Acts acts;
    const std::size_t n = rng_.below(5);
    for (std::size_t a = 0; a < n; ++a) acts.types.push_back(some_type());
    for (std::size_t a = 0; a < n; ++a) {
      acts.given.push_back({.item = one_of(items_), .type = acts.types[a], .time_ms = some_time()});
      acts.read.push_back({std::string(acts.given[a].item), acts.types[a], 1,
                           acts.given[a].time_ms.value_or(clock_.now_ms())});
    }
    return acts;
  }

  void ask() {
    const std::string& user = one_of(users_);
    const PlainFilter filter = some_filter();
    const std::size_t k = 1 + rng_.below(kItemIds + 2);
    const std::string trouble = fmt::format("{}, k {}, {}", user, k, filter.json);
    RecommendRequest request = {.user = user, .k = k, .filter = filter.json};
    request.include_seen = one_in(3);
    std::vector<PastEvent> history = plain_.history(user);
    const Acts acts = some_acts();
    if (one_in(4)) {
      request.history = acts.given;
      history = acts.read;
    }
    std::set<std::string> candidates =
        plain_.candidates(history, filter, request.include_seen, clock_.now_ms());
    std::vector<std::string_view> exclude;
    if (one_in(4)) exclude = {one_of(items_), "no such item"};
    for (const std::string_view item : exclude) candidates.erase(std::string(item));
    request.exclude = exclude;
    const std::vector<Boost> boosts = {{.filter = filter.json, .amount = 0.5}};
    if (!filter.json.empty() && one_in(3)) request.boosts = boosts;
    bool is_ordered = true;
    if (one_in(3)) {
      is_ordered = false;
      if (one_in(2)) request.diversity = rng_.uniform();
      if (one_in(2)) request.exploration = rng_.uniform();
      request.seed = rng_();
    }
    request.explain = one_in(3);
    const auto answer = engine_->recommend(request);
    if (!plain_.knows_names(filter)) {
      ASSERT_FALSE(answer) << trouble;
      EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
      return;
    }
    ASSERT_TRUE(answer) << trouble << ": " << answer.error().message;
    check_list(*answer, candidates, k, trouble);
    if (is_ordered) check_order(*answer, trouble);
    const auto trending = engine_->trending(k, filter.json);
    check_list(trending.value(), plain_.candidates({}, filter, false, clock_.now_ms()), k, trouble);
    check_order(*trending, trouble);
  }

  void ask_for_similar() {
    const std::string& item = one_of(items_);
    const auto answer = engine_->similar(item, kItemIds);
    ASSERT_EQ(answer.has_value(), plain_.items().contains(item)) << item;
    if (!answer) return;
    check_order(*answer, item);
    std::set<std::string> candidates = plain_.candidates({}, everything(), false, clock_.now_ms());
    candidates.erase(item);
    check_list(*answer, candidates, answer->items.size(), "similar to " + item);
  }

  // At most one of each genre, and the pinned item first.
  void ask_for_pinned_and_capped() {
    const std::set<std::string> candidates =
        plain_.candidates({}, everything(), false, clock_.now_ms());
    if (candidates.empty()) return;
    const std::vector<std::string_view> pinned = {
        *std::next(candidates.begin(), static_cast<std::ptrdiff_t>(rng_.below(candidates.size())))};
    const std::vector<GroupCap> caps = {{.property = "genre", .at_most = 1}};
    const auto answer =
        engine_->recommend({.user = "stranger", .k = kItemIds, .pinned = pinned, .caps = caps});
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_FALSE(answer->items.empty());
    EXPECT_EQ(answer->items[0].item, pinned[0]);
    std::set<std::string> genres;
    std::set<std::string> listed;
    for (const RecommendedItem& item : answer->items) {
      EXPECT_TRUE(candidates.contains(item.item)) << item.item;
      EXPECT_TRUE(listed.insert(item.item).second) << "twice " << item.item;
      const PlainProperties& properties = plain_.items().at(item.item).properties;
      const auto value = properties.find("genre");
      if (value == properties.end()) continue;
      const std::set<std::string> own(value->second.scalars.begin(), value->second.scalars.end());
      for (const std::string& genre : own) {
        EXPECT_TRUE(genres.insert(genre).second) << genre << " again with " << item.item;
      }
    }
  }

  std::string folder_;
  Rng rng_;
  ManualClock clock_{kNow};
  EngineOptions options_;
  const std::vector<std::string> users_ = names('u', kUsers);
  const std::vector<std::string> items_ = names('i', kItemIds);
  const std::vector<std::string> property_names_ = {"available", "genre", "year"};
  std::unique_ptr<Engine> engine_;
  PlainEngine plain_{kShortHistory};
  std::unique_ptr<Engine> reader_;
  std::optional<PlainEngine> plain_reader_;
};

TEST_P(EnginePropertyTest, KeepsWhatThePlainOneKeeps) {
  for (std::size_t n = 0; n < kSteps && !HasFailure(); ++n) {
    SCOPED_TRACE(fmt::format("step {}", n));
    step();
    compare(*engine_, plain_, "");
    ask();
    if (n % 4 == 0) ask_for_similar();
    if (n % 4 == 1) ask_for_pinned_and_capped();
  }
  reopen();
  if (GetParam() % 4 == 0) reopen_with_other_options();
}

INSTANTIATE_TEST_SUITE_P(Seeds, EnginePropertyTest, testing::Range<std::uint64_t>(0, 12));

}  // namespace
}  // namespace coseno
