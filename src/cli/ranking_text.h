// A ranking as it is printed, by recommend and by similar.
#pragma once

#include <boost/json/array.hpp>

#include <string>

#include "cli/source.h"
#include "models/model.h"

namespace coseno::cli {

// A numbered table: rank, item, title where there is a catalogue, score.
std::string ranking_table(const Ranking& ranking, const Source& source);

// [{"item": ..., "score": ..., "title"?: ...}, ...]
boost::json::array ranking_json(const Ranking& ranking, const Source& source);

}  // namespace coseno::cli
