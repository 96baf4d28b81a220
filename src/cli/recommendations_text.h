// Lists of an engine as they are printed, by recommend, similar and inspect.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>

#include "coseno/engine.h"

namespace coseno::cli {

// The item's property of that name, where it is a text; else empty.
std::string title_of(const Engine& engine, std::string_view item);

// "model ease (snapshot 2)", or that there is none.
std::string model_text(const EngineStats& stats);

// Rank, item, title where one has one, score; and where there are explanations, what they say.
std::string recommendations_table(const Recommendations& list, const Engine& engine);

// [{"item": ..., "score": ..., "title"?: ..., "sources"?: [...], "reasons"?: [...]}, ...]
boost::json::array recommendations_json(const Recommendations& list, const Engine& engine);

// {"items": [...], "position": ..., "snapshot": ...}
boost::json::object list_json(const Recommendations& list, const Engine& engine);

}  // namespace coseno::cli
