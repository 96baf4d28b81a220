// Answers of the engine as JSON text: the same from the program and over HTTP.
//
//   {"items": [{"item": "50", "score": 4.1}, ...], "position": 12, "snapshot": 1}
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coseno/engine.h"

namespace coseno {

// Append to `out`. A text is UTF-8, and gets its quotes. A number is finite, and as short as reads
// back to the same: 4.1f is 4.1.
void append_json(std::string_view text, std::string& out);
void append_json(double number, std::string& out);
void append_json(float number, std::string& out);
void append_json(std::uint64_t number, std::string& out);
void append_json(std::int64_t number, std::string& out);

// [{"item": ..., "score": ..., "title"?: ..., "propensity"?: ..., "sources"?: [...], "reasons"?:
// [...]}, ...]: a title where `titles` has one, one an item or none at all; propensities where
// chance had a part in the list; sources and reasons where they were asked for.
void append_items(std::span<const RecommendedItem> items, std::span<const std::string> titles,
                  std::string& out);

// The members of a list, without braces, so that others may stand before or behind them:
// "items": [...], "position": 12, "snapshot": 1
void append_list(const Recommendations& list, std::span<const std::string> titles,
                 std::string& out);

// The property `title` of an item, or of each of a list; empty where there is none.
std::string title_of(const Engine& engine, std::string_view item);
std::vector<std::string> titles_of(const Engine& engine, std::span<const RecommendedItem> items);

}  // namespace coseno
