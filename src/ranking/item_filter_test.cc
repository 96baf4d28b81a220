#include "ranking/item_filter.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <numbers>

#include "base/rng.h"

namespace coseno {
namespace {

namespace json = boost::json;

constexpr std::int64_t kNowMs = 1'772'280'000'000;  // 2026-02-28T12:00:00Z

ItemProperties items_named(const std::vector<std::string>& items) {
  ItemProperties table;
  std::uint32_t number = 0;
  for (const std::string& text : items) {
    const auto properties = Properties::parse(text);
    EXPECT_TRUE(properties.has_value()) << text << ": " << properties.error().message;
    table.put(ItemIndex{number++}, *properties);
  }
  return table;
}

using Items = std::vector<std::uint32_t>;

Items passing(const ItemFilter& filter, const ItemProperties& table, std::size_t n_items,
              std::int64_t now_ms = kNowMs) {
  ItemFilter::Scratch scratch;
  std::vector<std::uint64_t> bits(3, 1);  // what was there before does not count
  filter.evaluate(table, n_items, now_ms, scratch, bits);
  EXPECT_EQ(bits.size(), (n_items + 63) / 64);
  Items items;
  for (std::uint32_t i = 0; i < 64 * bits.size(); ++i) {
    if ((bits[i / 64] >> (i % 64) & 1) != 0) items.push_back(i);
  }
  return items;
}

Items passing(std::string_view text, const ItemProperties& table, std::size_t n_items) {
  const auto filter = ItemFilter::parse(text);
  EXPECT_TRUE(filter.has_value()) << text << ": " << filter.error().message;
  return filter ? passing(*filter, table, n_items) : Items{999};
}

std::string filter_trouble(std::string_view text) {
  const auto filter = ItemFilter::parse(text);
  return filter ? "none" : filter.error().message;
}

class ItemFilterTest : public testing::Test {
 protected:
  // Item 5 has no properties, item 6 is past the table.
  Items passes(std::string_view text) { return passing(text, films_, 7); }

  ItemProperties films_ = items_named({
      R"({"genre": ["Drama", "War"], "year": 1985, "color": true, "director": "Kurosawa"})",
      R"({"genre": "Drama", "year": 1994, "released": "2026-02-20T12:00:00Z"})",
      R"({"genre": ["Comedy"], "year": "unknown", "color": false, "released": "2026-02-27"})",
      R"({"genre": [], "year": [1994, 2001], "cinema": {"lat": 52.52, "lon": 13.405}})",
      R"({"rating": 7, "shown": ["2026-03-01", "soon"], "cinema": {"lat": 48.137, "lon": 11.575}})",
  });
};

TEST_F(ItemFilterTest, NothingAskedLetsEveryItemPass) {
  EXPECT_EQ(passes("{}"), (Items{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(passing(ItemFilter(), films_, 3), (Items{0, 1, 2}));
  EXPECT_EQ(passes(R"({"all": []})"), (Items{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(passes(R"({"any": []})"), Items{});
}

TEST_F(ItemFilterTest, EqualsMatchesTheValueOrAnElement) {
  EXPECT_EQ(passes(R"({"equals": {"genre": "Drama"}})"), (Items{0, 1}));
  EXPECT_EQ(passes(R"({"equals": {"genre": "drama"}})"), Items{});
  EXPECT_EQ(passes(R"({"equals": {"year": 1994}})"), (Items{1, 3}));
  EXPECT_EQ(passes(R"({"equals": {"year": "1994"}})"), Items{});
  EXPECT_EQ(passes(R"({"equals": {"color": false}})"), Items{2});
  EXPECT_EQ(passes(R"({"equals": {"genre": "Drama", "year": 1985}})"), Items{0});
  EXPECT_EQ(passes(R"({"equals": {"unknown": 1}})"), Items{});
}

TEST_F(ItemFilterTest, InMatchesOneOfTheValues) {
  EXPECT_EQ(passes(R"({"in": {"genre": ["War", "Comedy"]}})"), (Items{0, 2}));
  EXPECT_EQ(passes(R"({"in": {"year": [2001, 1985, "unknown"]}})"), (Items{0, 2, 3}));
  EXPECT_EQ(passes(R"({"in": {"year": []}})"), Items{});
}

TEST_F(ItemFilterTest, RangeHasBothItsEnds) {
  EXPECT_EQ(passes(R"({"range": {"year": {"from": 1985, "to": 1994}}})"), (Items{0, 1, 3}));
  EXPECT_EQ(passes(R"({"range": {"year": {"from": 1985.5}}})"), (Items{1, 3}));
  EXPECT_EQ(passes(R"({"range": {"year": {"to": 1985}}})"), Items{0});
  EXPECT_EQ(passes(R"({"range": {"year": {"from": 1995, "to": 2000}}})"), Items{});
}

TEST_F(ItemFilterTest, TimesCompareAsTimes) {
  EXPECT_EQ(passes(R"({"range": {"released": {"from": "2026-02-20T13:00:00+01:00"}}})"),
            (Items{1, 2}));
  EXPECT_EQ(passes(R"({"range": {"released": {"to": "2026-02-20T12:00:00Z"}}})"), Items{1});
  EXPECT_EQ(passes(R"({"range": {"released": {"from": "now-7d"}}})"), Items{2});
  EXPECT_EQ(passes(R"({"range": {"released": {"from": "now-8d", "to": "now"}}})"), (Items{1, 2}));
  EXPECT_EQ(passes(R"({"range": {"shown": {"from": "now", "to": "now+12h"}}})"), Items{4});
  EXPECT_EQ(passes(R"({"range": {"shown": {"from": "now", "to": "now+719m"}}})"), Items{});
  EXPECT_EQ(passes(R"({"range": {"year": {"from": "1970-01-01"}}})"), Items{});
  EXPECT_EQ(passes(R"({"range": {"released": {"from": 0}}})"), Items{});
}

TEST_F(ItemFilterTest, NowIsThatOfTheEvaluation) {
  const auto filter = ItemFilter::parse(R"({"not": {"range": {"released": {"from": "now-7d"}}}})");
  ASSERT_TRUE(filter.has_value());
  EXPECT_TRUE(filter->depends_on_now());
  EXPECT_EQ(passing(*filter, films_, 3), (Items{0, 1}));
  EXPECT_EQ(passing(*filter, films_, 3, kNowMs - 86'400'000), Items{0});
  EXPECT_FALSE(ItemFilter::parse(R"({"range": {"a": {"to": "2026-02-28"}}})")->depends_on_now());
  EXPECT_FALSE(ItemFilter().depends_on_now());
}

TEST_F(ItemFilterTest, ExistsMatchesWhateverTheValue) {
  EXPECT_EQ(passes(R"({"exists": "genre"})"), (Items{0, 1, 2, 3}));
  EXPECT_EQ(passes(R"({"exists": "cinema"})"), (Items{3, 4}));
  EXPECT_EQ(passes(R"({"exists": "unknown"})"), Items{});
}

// Berlin to Munich: 504 km.
TEST_F(ItemFilterTest, NearIsWithinTheRadius) {
  EXPECT_EQ(passes(R"({"near": {"cinema": {"lat": 52.5, "lon": 13.4, "km": 3}}})"), Items{3});
  EXPECT_EQ(passes(R"({"near": {"cinema": {"lat": 52.5, "lon": 13.4, "km": 500}}})"), Items{3});
  EXPECT_EQ(passes(R"({"near": {"cinema": {"lat": 52.5, "lon": 13.4, "km": 508}}})"),
            (Items{3, 4}));
  EXPECT_EQ(passes(R"({"near": {"cinema": {"lat": 52.52, "lon": 13.405, "km": 0}}})"), Items{3});
  EXPECT_EQ(passes(R"({"near": {"cinema": {"lat": -52, "lon": -166, "km": 20016}}})"),
            (Items{3, 4}));
  EXPECT_EQ(passes(R"({"near": {"genre": {"lat": 0, "lon": 0, "km": 20016}}})"), Items{});
}

TEST_F(ItemFilterTest, OperatorsNest) {
  EXPECT_EQ(passes(R"({"not": {"exists": "year"}})"), (Items{4, 5, 6}));
  EXPECT_EQ(passes(R"({"any": [{"equals": {"genre": "War"}}, {"exists": "rating"}]})"),
            (Items{0, 4}));
  EXPECT_EQ(passes(R"({"all": [{"equals": {"genre": "Drama"}}, {"not": {"exists": "color"}}]})"),
            Items{1});
  EXPECT_EQ(passes(R"({"equals": {"genre": "Drama"}, "not": {"equals": {"genre": "War"}}})"),
            Items{1});
  EXPECT_EQ(passes(R"({"not": {"any": [{"exists": "genre"}, {"not": {"exists": "rating"}}]}})"),
            Items{4});
}

// On both sides of 180 degrees, next to a pole, and small circles far from the equator.
TEST(ItemFilterNearTest, CirclesAcrossTheEdgesOfTheMap) {
  const ItemProperties table = items_named({
      R"({"p": {"lat": 0, "lon": 179.9}})",
      R"({"p": {"lat": 0, "lon": -179.9}})",
      R"({"p": {"lat": 89.9, "lon": 10}})",
      R"({"p": {"lat": 89.9, "lon": -170}})",
      R"({"p": {"lat": 70, "lon": 20}})",
      R"({"p": {"lat": 70, "lon": 21}})",
  });
  // 0.2 degrees of the equator are 22.2 km, of a meridian over the pole as well; one degree at 70
  // degrees north is 38 km.
  EXPECT_EQ(passing(R"({"near": {"p": {"lat": 0, "lon": 179.9, "km": 22}}})", table, 6), Items{0});
  EXPECT_EQ(passing(R"({"near": {"p": {"lat": 0, "lon": 179.9, "km": 23}}})", table, 6),
            (Items{0, 1}));
  EXPECT_EQ(passing(R"({"near": {"p": {"lat": 89.9, "lon": 10, "km": 22}}})", table, 6), Items{2});
  EXPECT_EQ(passing(R"({"near": {"p": {"lat": 89.9, "lon": 10, "km": 23}}})", table, 6),
            (Items{2, 3}));
  EXPECT_EQ(passing(R"({"near": {"p": {"lat": 70, "lon": 20, "km": 37}}})", table, 6), Items{4});
  EXPECT_EQ(passing(R"({"near": {"p": {"lat": 70, "lon": 20, "km": 39}}})", table, 6),
            (Items{4, 5}));
}

// The tables of docs/filters.md.
TEST(ItemFilterDocumentationTest, ExamplesPassWhatIsWrittenThere) {
  const ItemProperties table = items_named({
      R"({"title": "Ran", "genre": ["Drama", "War"], "year": 1985, "colour": true})",
      R"({"title": "Chungking Express", "genre": ["Drama", "Comedy"], "year": 1994,
          "released": "2026-02-20T18:00:00Z"})",
      R"({"title": "Playtime", "genre": "Comedy", "year": 1967,
          "cinema": {"lat": 52.52, "lon": 13.405}})",
      R"({"title": "Untitled"})",
  });
  const auto passes = [&](std::string_view text) { return passing(text, table, 4); };
  EXPECT_EQ(passes(R"({"equals": {"genre": "Drama"}})"), (Items{0, 1}));
  EXPECT_EQ(passes(R"({"in": {"year": [1967, 1985]}})"), (Items{0, 2}));
  EXPECT_EQ(passes(R"({"range": {"year": {"from": 1970, "to": 1994}}})"), (Items{0, 1}));
  EXPECT_EQ(passes(R"({"range": {"released": {"from": "2026-02-01"}}})"), Items{1});
  const auto fresh = ItemFilter::parse(R"({"range": {"released": {"from": "now-7d"}}})");
  constexpr std::int64_t kLastMs = 1'772'215'200'000;  // 2026-02-27T18:00:00Z
  EXPECT_EQ(passing(*fresh, table, 4, kLastMs), Items{1});
  EXPECT_EQ(passing(*fresh, table, 4, kLastMs + 1000), Items{});
  EXPECT_EQ(passes(R"({"exists": "cinema"})"), Items{2});
  EXPECT_EQ(passes(R"({"near": {"cinema": {"lat": 52.5, "lon": 13.4, "km": 5}}})"), Items{2});
  EXPECT_EQ(passes(R"({"any": [{"equals": {"genre": "War"}}, {"exists": "cinema"}]})"),
            (Items{0, 2}));
  EXPECT_EQ(passes(R"({"not": {"equals": {"genre": "Drama"}}})"), (Items{2, 3}));
  EXPECT_EQ(passes(R"({"equals": {"genre": "Drama", "colour": true},
                       "not": {"range": {"year": {"to": 1980}}}})"),
            Items{0});
}

TEST(ItemFilterParseTest, ErrorsNameThePlace) {
  EXPECT_EQ(filter_trouble("[]"), "/: a filter must be an object, not a list");
  EXPECT_EQ(filter_trouble(R"({"any": [{}, 3]})"),
            "/any/1: a filter must be an object, not a number");
  EXPECT_EQ(filter_trouble(R"({"all": {}})"), "/all must be a list of filters, not an object");
  EXPECT_EQ(filter_trouble(R"({"not": [{"equal": {"a": 1}}]})"),
            "/not: a filter must be an object, not a list");
  EXPECT_EQ(filter_trouble(R"({"all": [{"equal": {"a": 1}}]})"),
            "/all/0/equal: unknown operator, did you mean 'equals'?; there are all, any, not, "
            "equals, in, range, exists, near");
  EXPECT_EQ(filter_trouble(R"({"equals": {"a": {"b": 1}}})"),
            "/equals/a must be a string, a number, true or false, not an object");
  EXPECT_EQ(filter_trouble(R"({"equals": {}})"),
            R"(/equals must be an object, {"PROPERTY": ...}, not an empty one)");
  EXPECT_EQ(filter_trouble(R"({"in": {"a": "x"}})"),
            "/in/a must be a list of values, not a string");
  EXPECT_EQ(filter_trouble(R"({"in": {"a": [1, null]}})"),
            "/in/a/1 must be a string, a number, true or false, not null");
  EXPECT_EQ(filter_trouble(R"({"exists": ["a"]})"),
            "/exists must be the name of a property, a string, not a list");
  EXPECT_EQ(filter_trouble(R"({"exists": ""})"),
            "/exists: a property's name is 1 to 128 bytes long, not 0");
  EXPECT_EQ(filter_trouble(R"({"range": {"a": {}}})"),
            "/range/a must be an object with from, to or both, not an empty one");
  EXPECT_EQ(filter_trouble(R"({"range": {"a": {"form": 1}}})"),
            "/range/a/form: unknown member, did you mean 'from'?");
  EXPECT_EQ(filter_trouble(R"({"any": [{}, {"range": {"a": {"from": true}}}]})"),
            "/any/1/range/a/from must be a number or a time, not true or false");
  EXPECT_EQ(filter_trouble(R"({"range": {"a": {"from": 1, "to": "now"}}})"),
            "/range/a: from and to must both be numbers, or both times");
  EXPECT_EQ(filter_trouble(R"({"range": {"a": {"from": 2, "to": 1}}})"),
            "/range/a: from is above to");
  EXPECT_EQ(filter_trouble(R"({"range": {"a": {"from": "now", "to": "now-1s"}}})"),
            "/range/a: from is above to");
  EXPECT_EQ(filter_trouble(R"({"near": {"a": {"lat": 1, "lon": 2}}})"), "/near/a: 'km' is missing");
  EXPECT_EQ(filter_trouble(R"({"near": {"a": {"lat": 100, "lon": 2, "km": 1}}})"),
            "/near/a/lat must be a number from -90 to 90");
  EXPECT_EQ(filter_trouble(R"({"near": {"a": {"lat": 1, "lon": 2, "km": -1}}})"),
            "/near/a/km must be a number from 0 to 20016");
  EXPECT_EQ(filter_trouble(R"({"range": {"a": {"to": 1}}, "range": {"b": {"to": 1}}})"),
            "'range' stands twice in one object");
}

TEST(ItemFilterParseTest, TimesThatAreNoneAreRefused) {
  for (const std::string_view time :
       {"", "1994", "yesterday", "now-", "now-7", "now-d", "now7d", "now--7d", "now-7y", "now-7.5d",
        "now- 7d", "now+99999999999d", "2026-13-01", "NOW"}) {
    const std::string trouble =
        filter_trouble(fmt::format(R"({{"range": {{"a": {{"from": "{}"}}}}}})", time));
    EXPECT_TRUE(trouble.starts_with("/range/a/from: '") && trouble.contains("is neither a time"))
        << time << ": " << trouble;
  }
}

TEST(ItemFilterParseTest, BoundsAreHeld) {
  const auto nested = [](std::size_t depth) {
    std::string text = R"({"exists": "a"})";
    for (std::size_t i = 0; i < depth; ++i) {
      text = i % 2 == 0 ? R"({"not": )" + text + "}" : R"({"any": [)" + text + "]}";
    }
    return text;
  };
  EXPECT_EQ(filter_trouble(nested(16)), "none");
  EXPECT_TRUE(
      filter_trouble(nested(17)).ends_with(": all, any and not are nested deeper than 16 levels"))
      << filter_trouble(nested(17));
  EXPECT_NE(filter_trouble(nested(5000)), "none");

  const auto conditions = [](std::size_t n) {
    std::string text = R"({"any": [{})";
    for (std::size_t i = 0; i < n; ++i) text += R"(, {"exists": "a"})";
    return text + "]}";
  };
  EXPECT_EQ(filter_trouble(conditions(200)), "none");
  EXPECT_EQ(filter_trouble(conditions(201)), "/any/201/exists: more than 200 conditions");

  const auto values = [](std::size_t n) {
    std::string text = R"({"in": {"a": [0)";
    for (std::size_t i = 1; i < n; ++i) text += ",1";
    return text + "]}}";
  };
  EXPECT_EQ(filter_trouble(values(1000)), "none");
  EXPECT_EQ(filter_trouble(values(1001)), "/in/a has 1001 values: at most 1000");
  EXPECT_EQ(filter_trouble(std::string(65'537, ' ')),
            "the JSON is 65537 bytes long: at most 65536");
}

TEST_F(ItemFilterTest, CheckNamesWhatNoItemHas) {
  const auto check = [&](std::string_view text) {
    const auto result = ItemFilter::parse(text)->check(films_);
    return result ? "none" : result.error().message;
  };
  EXPECT_EQ(check("{}"), "none");
  EXPECT_EQ(check(R"({"any": [{"exists": "genre"}, {"not": {"equals": {"year": 1}}}]})"), "none");
  EXPECT_EQ(check(R"({"any": [{"exists": "genre"}, {"not": {"in": {"gnre": [1]}}}]})"),
            "/any/1/not/in/gnre: no item has a property 'gnre', did you mean 'genre'?");
  EXPECT_EQ(check(R"({"exists": "something else"})"),
            "/exists: no item has a property 'something else'");
}

// More numbers than are looked for one by one.
TEST(ItemFilterManyNumbersTest, InFindsEachOfThem) {
  ItemProperties table;
  Items even;
  std::string text = R"({"in": {"n": [-1)";
  for (std::uint32_t i = 0; i < 300; ++i) {
    table.put(ItemIndex{i}, *Properties::parse(fmt::format("{{\"n\": {}}}", i)));
    if (i % 2 == 1) continue;
    even.push_back(i);
    text += fmt::format(",{}", i);
  }
  EXPECT_EQ(passing(text + "]}}", table, 300), even);
}

// Points all around the edges of circles of every size, where bounds and formula meet.
TEST(ItemFilterNearTest, TheEdgeIsWhereTheDistanceIsTheRadius) {
  Rng rng(4);
  for (int round = 0; round < 200; ++round) {
    const double latitude = 180 * rng.uniform() - 90;
    const double longitude = 360 * rng.uniform() - 180;
    const double angle = std::numbers::pi * std::pow(10, -6 * rng.uniform());
    ItemProperties table;
    for (std::uint32_t i = 0; i < 64; ++i) {
      // At a bearing from the center, a little within the edge or without.
      const double bearing = 2 * std::numbers::pi * rng.uniform();
      const double far = std::min(angle * (i % 2 == 0 ? 0.99999 : 1.00001), std::numbers::pi);
      const double y = latitude * std::numbers::pi / 180;
      const double sine =
          std::sin(y) * std::cos(far) + std::cos(y) * std::sin(far) * std::cos(bearing);
      const double x = std::atan2(std::sin(bearing) * std::sin(far) * std::cos(y),
                                  std::cos(far) - std::sin(y) * sine);
      const double east = longitude + x * 180 / std::numbers::pi;
      const double wrapped = east > 180 ? east - 360 : east < -180 ? east + 360 : east;
      const std::string json =
          fmt::format(R"({{"p": {{"lat": {}, "lon": {}}}}})",
                      std::asin(std::clamp(sine, -1.0, 1.0)) * 180 / std::numbers::pi, wrapped);
      table.put(ItemIndex{i}, *Properties::parse(json));
    }
    Items expected;
    for (std::uint32_t i = 0; i < 64; ++i) {
      if (i % 2 == 0 || angle * 1.00001 > std::numbers::pi) expected.push_back(i);
    }
    const std::string text =
        fmt::format(R"({{"near": {{"p": {{"lat": {}, "lon": {}, "km": {}}}}}}})", latitude,
                    longitude, angle * 6371.0088);
    ASSERT_EQ(passing(text, table, 64), expected) << text;
  }
}

// The filter read from its JSON anew for every item, without indexes or bits.
class PlainFilter {
 public:
  explicit PlainFilter(std::int64_t now) : now_(now) {}

  bool passes(const json::object& filter, const Properties& item) const {
    return std::ranges::all_of(filter, [&](const auto& member) {
      const json::value& operand = member.value();
      const auto is_passed = [&](const json::value& f) { return passes(f.as_object(), item); };
      if (member.key() == "all") return std::ranges::all_of(operand.as_array(), is_passed);
      if (member.key() == "any") return std::ranges::any_of(operand.as_array(), is_passed);
      if (member.key() == "not") return !is_passed(operand);
      if (member.key() == "exists") return item.find(operand.as_string()) != nullptr;
      return std::ranges::all_of(operand.as_object(), [&](const auto& condition) {
        const NamedValue* const named = item.find(condition.key());
        return named != nullptr && matches(member.key(), condition.value(), named->value);
      });
    });
  }

 private:
  bool matches(std::string_view name, const json::value& wanted,
               const decltype(NamedValue::value)& value) const {
    if (const auto* const list = std::get_if<std::vector<Scalar>>(&value)) {
      return std::ranges::any_of(
          *list, [&](const Scalar& element) { return matches(name, wanted, element); });
    }
    if (const auto* const point = std::get_if<GeoPoint>(&value)) {
      return name == "near" &&
             distance(wanted.as_object(), *point) <= wanted.at("km").to_number<double>();
    }
    const Scalar& scalar = std::get<Scalar>(value);
    if (name == "equals") return scalar_of(wanted) == scalar;
    if (name == "in") {
      return std::ranges::any_of(wanted.as_array(),
                                 [&](const json::value& one) { return scalar_of(one) == scalar; });
    }
    return name == "range" && is_in_range(wanted.as_object(), scalar);
  }

  static Scalar scalar_of(const json::value& value) {
    if (value.is_bool()) return value.get_bool();
    if (value.is_string()) return std::string(value.get_string());
    return value.to_number<double>();
  }

  // In the terms of the range: a number, or a time of an RFC 3339 text or "now-3d".
  double bound(const json::value& value) const {
    if (value.is_number()) return value.to_number<double>();
    const std::string text(value.get_string());
    if (!text.starts_with("now")) return static_cast<double>(*property_time(text));
    const double days = text == "now" ? 0 : std::stoi(text.substr(3));
    return static_cast<double>(now_) + 86'400 * days;
  }

  bool is_in_range(const json::object& range, const Scalar& scalar) const {
    const bool is_of_times = range.begin()->value().is_string();
    double number = NAN;
    if (const double* const plain = std::get_if<double>(&scalar);
        plain != nullptr && !is_of_times) {
      number = *plain;
    }
    if (const auto* const text = std::get_if<std::string>(&scalar);
        text != nullptr && is_of_times) {
      if (const auto time = property_time(*text)) number = static_cast<double>(*time);
    }
    const auto* const from = range.if_contains("from");
    const auto* const to = range.if_contains("to");
    return !std::isnan(number) && (from == nullptr || number >= bound(*from)) &&
           (to == nullptr || number <= bound(*to));
  }

  // By the angle between two directions.
  static double distance(const json::object& circle, const GeoPoint& point) {
    const auto direction = [](double latitude, double longitude) {
      const double a = latitude * std::numbers::pi / 180;
      const double b = longitude * std::numbers::pi / 180;
      return std::array{std::cos(a) * std::cos(b), std::cos(a) * std::sin(b), std::sin(a)};
    };
    const auto x =
        direction(circle.at("lat").to_number<double>(), circle.at("lon").to_number<double>());
    const auto y = direction(point.latitude, point.longitude);
    const double cross =
        std::hypot(x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]);
    return 6371.0088 * std::atan2(cross, x[0] * y[0] + x[1] * y[1] + x[2] * y[2]);
  }

  std::int64_t now_;  // Unix seconds
};

// What random items and random filters are made of: properties that every item has and that few
// have, each of every kind, and values few enough to meet.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed) {}

  std::string item() {
    std::string text = "{";
    for (const char name : std::string_view("abcdef")) {
      // "a" nearly always, "f" hardly ever.
      if (rng_.below(7) < static_cast<std::uint64_t>(name - 'a')) continue;
      if (text.size() > 1) text += ',';
      text += fmt::format("\"{}\":{}", name, value());
    }
    return text + "}";
  }

  std::string filter(int depth) {
    const std::uint64_t kind = rng_.below(depth > 0 ? 9 : 6);
    if (kind == 0) return fmt::format(R"({{"exists":"{}"}})", name());
    if (kind == 1) return fmt::format(R"({{"equals":{{"{}":{}}}}})", name(), scalar());
    if (kind == 2) {
      return fmt::format(R"({{"in":{{"{}":[{},{},{}]}}}})", name(), scalar(), scalar(), scalar());
    }
    if (kind == 3) return fmt::format(R"({{"range":{{"{}":{}}}}})", name(), range());
    if (kind == 4) {
      return fmt::format(R"({{"near":{{"{}":{{"lat":{},"lon":{},"km":{}}}}}}})", name(),
                         degrees(90), degrees(180), rng_.below(20'000));
    }
    if (kind == 5) return fmt::format(R"({{"equals":{{"a":{}}},"exists":"{}"}})", scalar(), name());
    if (kind == 6) return fmt::format(R"({{"not":{}}})", filter(depth - 1));
    return fmt::format(R"({{"{}":[{},{},{}]}})", kind == 7 ? "all" : "any", filter(depth - 1),
                       filter(depth - 1), filter(depth - 1));
  }

  Rng& rng() { return rng_; }

 private:
  char name() { return "abcdefg"[rng_.below(7)]; }
  std::string number() { return fmt::format("{}", static_cast<double>(rng_.below(12)) / 2); }
  std::string time() { return fmt::format("\"2026-02-{:02}\"", 20 + rng_.below(9)); }
  double degrees(std::uint64_t most) {
    return static_cast<double>(rng_.below(2 * most + 1)) - static_cast<double>(most);
  }
  std::string scalar() {
    const std::uint64_t kind = rng_.below(8);
    if (kind < 3) return number();
    if (kind < 5) return fmt::format("\"{}\"", "xyz"[rng_.below(3)]);
    if (kind == 5) return rng_.below(2) == 0 ? "true" : "false";
    return time();
  }
  std::string value() {
    const std::uint64_t kind = rng_.below(8);
    if (kind < 5) return scalar();
    if (kind == 5) return fmt::format(R"({{"lat":{},"lon":{}}})", degrees(90), degrees(180));
    std::string list = "[";
    for (std::uint64_t n = rng_.below(4); n > 0; --n) list += scalar() + (n > 1 ? "," : "");
    return list + "]";
  }
  std::string range() {
    const std::uint64_t kind = rng_.below(5);
    if (kind == 0) return fmt::format(R"({{"from":{}}})", number());
    if (kind == 1) return fmt::format(R"({{"from":{},"to":{}}})", rng_.below(3), 3 + rng_.below(3));
    if (kind == 2) return fmt::format(R"({{"to":{}}})", time());
    if (kind == 3) return fmt::format(R"({{"from":"now-{}d","to":{}}})", rng_.below(9), time());
    return fmt::format(R"({{"from":"now-{}d","to":"now"}})", rng_.below(9));
  }

  Rng rng_;
};

TEST(ItemFilterPropertyTest, PassesWhatThePlainFilterPassesAsItemsChange) {
  const PlainFilter plain(kNowMs / 1000);
  std::size_t n_passed = 0;
  std::size_t n_asked = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Maker maker(seed);
    ItemProperties table;
    const std::size_t n_items = 70 + maker.rng().below(400);
    std::vector<Properties> items(n_items);
    ItemFilter::Scratch scratch;
    std::vector<std::uint64_t> bits;
    for (int round = 0; round < 60; ++round) {
      for (std::size_t change = 0; change < n_items / 4; ++change) {
        const std::size_t item = maker.rng().below(n_items);
        items[item] = maker.rng().below(8) == 0 ? Properties() : *Properties::parse(maker.item());
        table.put(ItemIndex{static_cast<std::uint32_t>(item)}, items[item]);
      }
      const std::string text = maker.filter(3);
      const auto filter = ItemFilter::parse(text);
      ASSERT_TRUE(filter.has_value()) << text << ": " << filter.error().message;
      filter->evaluate(table, n_items, kNowMs, scratch, bits);
      const json::value read = json::parse(text);
      for (std::size_t i = 0; i < n_items; ++i) {
        const bool expected = plain.passes(read.as_object(), items[i]);
        ASSERT_EQ((bits[i / 64] >> (i % 64) & 1) != 0, expected)
            << text << " on " << items[i].json();
        n_passed += expected ? 1 : 0;
        ++n_asked;
      }
      if (n_items % 64 != 0) {
        ASSERT_EQ(bits.back() >> (n_items % 64), 0U);
      }
    }
  }
  // The filters are neither all empty nor all open.
  EXPECT_GT(n_passed, n_asked / 10);
  EXPECT_LT(n_passed, n_asked * 9 / 10);
}

}  // namespace
}  // namespace coseno
