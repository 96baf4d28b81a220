// Lists of an engine as they are printed, by recommend, similar and inspect.
#pragma once

#include <boost/json/object.hpp>

#include <string>

#include "coseno/engine.h"

namespace coseno::cli {

// "model ease (snapshot 2)", or that there is none.
std::string model_text(const EngineStats& stats);

// Rank, item, title where one has one, score; and where there are explanations, what they say.
std::string recommendations_table(const Recommendations& list, const Engine& engine);

// {..., "items": [...], "position": ..., "snapshot": ...} and a line's end: the members of `head`,
// and the list as the server prints it (engine/answer_json.h), with titles.
std::string list_json(const boost::json::object& head, const Recommendations& list,
                      const Engine& engine);

}  // namespace coseno::cli
