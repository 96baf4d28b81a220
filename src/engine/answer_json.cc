#include "engine/answer_json.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace coseno {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

template <class Number>
void append_number(Number number, std::string& out) {
  std::array<char, 32> text;  // the longest double has 24 characters
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  COSENO_CHECK(error == std::errc());
  out.append(text.data(), end);
}

bool needs_escape(char letter) {
  return letter == '"' || letter == '\\' || static_cast<unsigned char>(letter) < 0x20;
}

void append_escaped(char letter, std::string& out) {
  out += '\\';
  switch (letter) {
    case '\n':
      out += 'n';
      return;
    case '\t':
      out += 't';
      return;
    case '\r':
      out += 'r';
      return;
    case '"':
    case '\\':
      out += letter;
      return;
    default:
      out += "u00";
      out += kHexDigits[static_cast<unsigned char>(letter) >> 4];
      out += kHexDigits[static_cast<unsigned char>(letter) & 15];
  }
}

void append_sources(std::span<const Source> sources, std::string& out) {
  out += ", \"sources\": [";
  for (std::string_view comma; const Source& source : sources) {
    out += comma;
    out += "{\"name\": ";
    append_json(source.name, out);
    out += ", \"score\": ";
    append_json(source.score, out);
    out += '}';
    comma = ", ";
  }
  out += ']';
}

void append_reasons(std::span<const Reason> reasons, std::string& out) {
  out += ", \"reasons\": [";
  for (std::string_view comma; const Reason& reason : reasons) {
    out += comma;
    out += "{\"item\": ";
    append_json(reason.item, out);
    out += ", \"share\": ";
    append_json(reason.share, out);
    out += '}';
    comma = ", ";
  }
  out += ']';
}

void append_item(const RecommendedItem& item, std::string_view title, bool by_chance,
                 std::string& out) {
  out += "{\"item\": ";
  append_json(item.item, out);
  out += ", \"score\": ";
  append_json(item.score, out);
  if (!title.empty()) {
    out += ", \"title\": ";
    append_json(title, out);
  }
  if (by_chance) {
    out += ", \"propensity\": ";
    append_json(item.propensity, out);
  }
  if (!item.sources.empty()) {
    append_sources(item.sources, out);
    append_reasons(item.reasons, out);
  }
  out += '}';
}

}  // namespace

void append_json(std::string_view text, std::string& out) {
  out += '"';
  for (;;) {
    const auto stop = std::ranges::find_if(text, needs_escape);
    out.append(text.begin(), stop);
    if (stop == text.end()) break;
    append_escaped(*stop, out);
    text.remove_prefix(static_cast<std::size_t>(stop - text.begin()) + 1);
  }
  out += '"';
}

void append_json(double number, std::string& out) {
  COSENO_CHECK(std::isfinite(number));
  append_number(number, out);
}
void append_json(float number, std::string& out) {
  COSENO_CHECK(std::isfinite(number));
  append_number(number, out);
}
void append_json(std::uint64_t number, std::string& out) { append_number(number, out); }
void append_json(std::int64_t number, std::string& out) { append_number(number, out); }

void append_items(std::span<const RecommendedItem> items, std::span<const std::string> titles,
                  std::string& out) {
  COSENO_CHECK(titles.empty() || titles.size() == items.size());
  const bool by_chance =
      std::ranges::any_of(items, [](const RecommendedItem& item) { return item.propensity != 1; });
  out += '[';
  for (std::size_t n = 0; n < items.size(); ++n) {
    if (n > 0) out += ", ";
    append_item(items[n], titles.empty() ? std::string_view() : titles[n], by_chance, out);
  }
  out += ']';
}

void append_list(const Recommendations& list, std::span<const std::string> titles,
                 std::string& out) {
  out += "\"items\": ";
  append_items(list.items, titles, out);
  out += ", \"position\": ";
  append_json(list.position, out);
  out += ", \"snapshot\": ";
  append_json(list.snapshot, out);
}

std::string title_of(const Engine& engine, std::string_view item) {
  const Result<std::optional<std::string>> properties = engine.item(item);
  if (!properties || !*properties) return "";
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(**properties, error);
  if (error || !json.is_object()) return "";
  const boost::json::value* const title = json.get_object().if_contains("title");
  return title != nullptr && title->is_string() ? std::string(title->get_string()) : "";
}

std::vector<std::string> titles_of(const Engine& engine, std::span<const RecommendedItem> items) {
  std::vector<std::string> titles;
  titles.reserve(items.size());
  for (const RecommendedItem& item : items) titles.push_back(title_of(engine, item.item));
  return titles;
}

}  // namespace coseno
