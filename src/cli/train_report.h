// What a training, or a publication of vectors, has come to, for people and programs.
#pragma once

#include <boost/json/object.hpp>

#include <string>

#include "coseno/engine.h"

namespace coseno::cli {

boost::json::object report_json(const TrainReport& report);

// Two lines: how good it is, and whether it is in service.
std::string outcome_text(const TrainReport& report);

}  // namespace coseno::cli
