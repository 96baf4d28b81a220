// The answer of `coseno evaluate` as a page, for people who would rather look than read.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "evaluation/comparison.h"

namespace coseno::cli {

struct ReportText {
  std::string data;  // what was judged on: a path
  std::string how;   // how it was judged, a sentence without a full stop
  std::size_t k;
};

// One HTML page that needs nothing beside it. `judged` has details and at least one model.
std::string report_page(const ReportText& text, std::span<const Judged> judged);

}  // namespace coseno::cli
