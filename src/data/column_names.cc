#include "data/column_names.h"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>

namespace coseno {
namespace {

// Earlier names are preferred. In the order of the table: what the thing is called as such, then
// what it is in one trade or another.
constexpr std::array<std::string_view, 10> kUserNames = {
    "user",       "userid",  "uid",       "customer", "customerid",
    "reviewerid", "visitor", "visitorid", "session",  "sessionid"};
constexpr std::array<std::string_view, 22> kItemNames = {
    "item",      "itemid",     "iid",    "movie",    "movieid",  "book",      "bookid", "product",
    "productid", "parentasin", "asin",   "isbn",     "article",  "articleid", "track",  "trackid",
    "song",      "songid",     "artist", "artistid", "business", "businessid"};
constexpr std::array<std::string_view, 7> kValueNames = {"rating", "value", "score",  "stars",
                                                         "weight", "count", "overall"};
constexpr std::array<std::string_view, 9> kTimeNames = {"timestamp", "time",      "ts",
                                                        "unix",      "unixtime",  "unixreviewtime",
                                                        "datetime",  "eventtime", "date"};

std::span<const std::string_view> names_of(ColumnRole role) {
  switch (role) {
    case ColumnRole::user:
      return kUserNames;
    case ColumnRole::item:
      return kItemNames;
    case ColumnRole::value:
      return kValueNames;
    case ColumnRole::time:
      return kTimeNames;
  }
  return {};
}

}  // namespace

std::string normal_name(std::string_view name) {
  std::string result;
  for (const char c : name.substr(0, name.find(':'))) {
    if (c == '_' || c == '-' || c == ' ') continue;
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

std::vector<std::string> normal_names(std::span<const std::string_view> names) {
  std::vector<std::string> result;
  result.reserve(names.size());
  for (const std::string_view name : names) result.push_back(normal_name(name));
  return result;
}

std::optional<std::size_t> find_column(std::span<const std::string> names, ColumnRole role) {
  for (const std::string_view known : names_of(role)) {
    if (const auto found = find_name(names, known)) return found;
  }
  return std::nullopt;
}

std::optional<std::size_t> find_id_column(std::span<const std::string> names) {
  if (const auto item = find_column(names, ColumnRole::item)) return item;
  if (const auto user = find_column(names, ColumnRole::user)) return user;
  return find_name(names, "id");
}

std::optional<std::size_t> find_name(std::span<const std::string> names, std::string_view wanted) {
  const auto found = std::ranges::find(names, wanted);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<std::size_t> find_repeated(std::span<const std::string> names) {
  boost::unordered_flat_set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && !seen.insert(names[i]).second) return i;
  }
  return std::nullopt;
}

std::string_view known_names(ColumnRole role) {
  switch (role) {
    case ColumnRole::user:
      return "user, userId, user_id, customer, session, ...";
    case ColumnRole::item:
      return "item, itemId, movieId, product_id, asin, isbn, ...";
    case ColumnRole::value:
      return "rating, value, score, stars, count, ...";
    case ColumnRole::time:
      return "timestamp, time, ts, unix, date, ...";
  }
  return {};
}

}  // namespace coseno
