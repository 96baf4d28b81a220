// What an engine answers, as text, for tests that compare engines.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/engine.h"

namespace coseno {

// Every bit of it: floats in hexadecimal.
inline std::string text_of(const Result<Recommendations>& answer) {
  if (!answer) return "error: " + answer.error().message + "\n";
  std::string text = fmt::format("{} {}:", answer->position, answer->snapshot);
  for (const RecommendedItem& item : answer->items) {
    text += fmt::format(" {} {:a} {:a}", item.item, item.score, item.propensity);
    for (const Source& source : item.sources) {
      text += fmt::format(" {}={:a}", source.name, source.score);
    }
    for (const Reason& reason : item.reasons) {
      text += fmt::format(" <{} {:a}", reason.item, reason.share);
    }
  }
  return text + "\n";
}

inline std::string text_of(const std::vector<PastEvent>& history) {
  std::string text;
  for (const PastEvent& event : history) {
    text += fmt::format(" {} {} {:a} {}", event.item, event.type, event.value, event.time_ms);
  }
  return text + "\n";
}

inline std::string text_of(const Result<std::optional<std::string>>& json) {
  if (!json) return "error: " + json.error().message + "\n";
  return json->value_or("nothing") + "\n";
}

// All that it says of these users and items, one line each.
template <class Ids>
std::string answers_of(const Engine& engine, const Ids& users, const Ids& items) {
  std::string text;
  for (const std::string_view user : users) {
    text +=
        fmt::format("{} {} {}", user, text_of(engine.user(user)), text_of(engine.history(user)));
    text += text_of(engine.recommend({.user = user, .k = 1000, .explain = true}));
    text += text_of(engine.recommend({.user = user, .diversity = 0.5, .include_seen = true}));
    text += text_of(engine.recommend({.user = user, .exploration = 0.3, .seed = 7}));
  }
  for (const std::string_view item : items) {
    text += fmt::format("{} {} {}", item, text_of(engine.item(item)),
                        text_of(engine.similar(item, 1000)));
  }
  text += text_of(engine.trending(1000));
  const EngineStats stats = engine.stats();
  return text + fmt::format("{} {} {} {} {}\n", stats.position, stats.n_events, stats.n_users,
                            stats.n_items, stats.n_kept_events);
}

// Empty where they are equal; else the first line of each that the other has not.
inline std::string first_difference(const std::string& a, const std::string& b) {
  if (a == b) return "";
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  const auto line = [](const std::string& text, std::string::const_iterator at) {
    const auto n = static_cast<std::size_t>(at - text.begin());
    const std::size_t newline = n == 0 ? std::string::npos : text.rfind('\n', n - 1);
    const std::size_t begin = newline == std::string::npos ? 0 : newline + 1;
    return text.substr(begin, text.find('\n', n) - begin);
  };
  return line(a, in_a) + "\nagainst\n" + line(b, in_b);
}

}  // namespace coseno
